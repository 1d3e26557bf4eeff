"""Bundles in a folder: strictly valid, whole or not there, bounded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import stix2

from tests.forward.conftest import alert, chain
from tests.forward.receivers import until
from tests.forward.test_lines import balance, forwarding


def test_bundles(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    one = {"kind": "stix", "url": f"file://{folder}", "name": "x", "chains": True}
    with forwarding(tmp_path, one, start=False) as (forwarders, _):
        forwarders.alerts([alert(n) for n in range(250)])
        forwarders.chains([chain("c-1", 2), chain("c-2", 1), chain("../c-3", 1)])
        forwarders.start()
        until(lambda: forwarders.counters()["x"]["waiting"] == 0)
        assert len(list(folder.glob("alerts-*.json"))) == 3
        forwarders.chains([chain("c-1", 3), chain("c-2", 1, "merged")])
        until(lambda: forwarders.counters()["x"]["waiting"] == 0)
        assert balance(forwarders.counters()["x"]) == 0
    names = {path.name for path in folder.iterdir()}
    assert {name for name in names if name.startswith("chain-")} == {
        "chain-c-1.json",
        next(name for name in names if len(name) == len("chain-.json") + 32),
    }
    sightings = 0
    for path in folder.iterdir():
        bundle = stix2.parse(path.read_text(encoding="utf-8"), allow_custom=False)
        sightings += sum(thing.type == "sighting" for thing in bundle.objects)
    assert sightings == 250 + 2
    grouping = next(
        thing
        for thing in json.loads((folder / "chain-c-1.json").read_text())["objects"]
        if thing["type"] == "grouping"
    )
    assert grouping["name"] == "Execution from 10.0.2.4"


def test_as_many_files_as_said(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "other.json").write_text("mine")
    (folder / ".alerts-1-2.json.part").write_text("cut short")
    one = {"kind": "stix", "url": f"file://{folder}", "name": "x", "chains": True, "files": 3}
    for start in (0, 5):
        with forwarding(tmp_path, one) as (forwarders, _):
            forwarders.chains([chain(f"c-{n}", 1) for n in range(start, start + 5)])
            until(lambda: forwarders.counters()["x"]["waiting"] == 0)
            assert forwarders.counters()["x"]["files_removed"] == (2 if start == 0 else 5)
    assert {path.name for path in folder.iterdir()} == {
        "other.json",
        *(f"chain-c-{n}.json" for n in (7, 8, 9)),
    }


def test_a_document_that_is_none_is_refused_alone(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    one = {"kind": "stix", "url": f"file://{folder}", "name": "x", "chains": True}
    with forwarding(tmp_path, one) as (forwarders, log):
        forwarders.chains([b'{"id": "c-1"}', b"[]", b"{", chain("c-2", 1)])
        until(lambda: forwarders.counters()["x"]["waiting"] == 0)
        counters = forwarders.counters()["x"]
    assert (counters["unreadable"], counters["dropped_refused"], counters["sent"]) == (2, 1, 1)
    assert "cannot be written: KeyError" in log.text()


def test_a_full_or_missing_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    one = {"kind": "stix", "url": f"file://{folder}", "name": "x"}
    with forwarding(tmp_path, one, start=False) as (forwarders, _):
        folder.write_text("a file stands in the way")
        forwarders.start()
        forwarders.alerts([alert(1)])
        until(lambda: forwarders.counters()["x"]["failures"])
        folder.unlink()
        until(lambda: forwarders.counters()["x"]["sent"] == 1)
