"""The commands on a store: what they say, as tables and as records."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

Store = Callable[..., Ran]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the demo plant in it."""
    from sentinel import pipeline
    from sentinel.demo.plant import build
    from sentinel.store import open_store

    capture = tmp_path_factory.mktemp("plant") / "plant.pcap"
    build(capture)
    folder = tmp_path_factory.mktemp("store") / "store"
    options = pipeline.Options(events="notable")
    pipeline.scan_into(open_store(f"sqlite://{folder}", create=True), [str(capture)], options)
    return folder


@pytest.fixture
def stored(cli: Callable[..., Ran], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Runs a command on that store, on a wide terminal."""
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: cli(*arguments, "--store", f"sqlite://{folder}")


def records(ran: Ran) -> list[dict[str, Any]]:
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)  # type: ignore[no-any-return]


def test_assets_by_query(stored: Store) -> None:
    everything = records(stored("assets", "list", "--format", "json"))
    (plc,) = records(
        stored("assets", "list", "--where", "vendor = siemens AND level < 2", "--format", "json")
    )
    assert plc in everything
    assert plc["model"] == "6ES7 315-2EH14-0AB0"
    lines = stored("assets", "list", "--format", "ndjson", "--limit", "2").out.splitlines()
    assert [json.loads(line) for line in lines] == [{"record": "asset", **a} for a in everything[:2]]
    assert "6ES7 315-2EH14-0AB0" in stored("assets", "list").out


def test_a_table_says_that_there_is_more(stored: Store) -> None:
    ran = stored("conversations", "list", "--limit", "3")
    assert len(ran.out.splitlines()) == 4
    assert ran.err == "sentinel: the first 3 are shown (--limit says how many)\n"


def test_an_asset_as_a_page(stored: Store) -> None:
    (plc,) = records(stored("assets", "list", "--where", "serial = 'S C-*'", "--format", "json"))
    for name in (plc["id"], plc["ip"][0], plc["mac"][0].upper()):
        page = stored("assets", "show", name).out
        for text in ("S C-D7UN41772026", "tcp/102", "plc (score", "no-authentication", "frame "):
            assert text in page
        assert "itself" not in page
    page = stored("assets", "show", plc["id"], "--evidence").out
    for fact in plc["facts"]:
        assert fact["value"] in page
        assert f"frame {fact['frame']} of plant.pcap" in page
    assert json.loads(stored("assets", "show", plc["id"], "--format", "json").out) == plc
    assert stored("assets", "show", "10.255.0.1") == Ran(
        1, "", "sentinel: 10.255.0.1: no such asset (`sentinel assets list` shows them)\n"
    )


def test_credentials_are_masked_and_the_weakest_stand_first(stored: Store) -> None:
    everything = records(stored("credentials", "list", "--format", "json"))
    weak = records(stored("credentials", "weak", "--format", "json"))
    assert weak
    assert all(c in everything and c["weaknesses"] for c in weak)
    outcomes = [c["outcome"] for c in weak]
    assert outcomes == sorted(outcomes, key=["success", "unknown", "failure"].index)
    shown = stored("credentials", "weak").out
    assert "vendor-default" in shown
    assert "12345" not in shown


def test_events_page_by_page(stored: Store) -> None:
    query = "ot.category != monitor"
    whole = json.loads(stored("events", "search", query, "--limit", "10000", "--format", "json").out)
    assert whole["next"] is None
    assert len(whole["events"]) > 10
    order = [(e["@timestamp"], e["event.id"]) for e in whole["events"]]
    assert order == sorted(order)
    pages, token = [], None
    while True:
        more = ("--after", token) if token else ()
        page = json.loads(stored("events", "search", query, "--limit", "7", *more, "--format", "json").out)
        pages += page["events"]
        token = page["next"]
        if token is None:
            break
        assert len(page["events"]) == 7
    assert pages == whole["events"]
    ran = stored("events", "search", query, "--limit", "1")
    assert ran.err.startswith("sentinel: there are more: --after 20")
    assert len(ran.out.splitlines()) == 2
    ran = stored("events", "search", "ot.action = stop", "--format", "ndjson")
    assert [json.loads(line)["record"] for line in ran.out.splitlines()] == ["event"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("events", "search", "a =="), "sentinel: query: expected a value, found = at character 4\n"),
        (
            ("assets", "list", "--where", "("),
            "sentinel: query: expected the name of a field, found the end at character 2\n",
        ),
        (("events", "search", "--after", "x"), "sentinel: --after x: not a token that a page ended with\n"),
    ],
)
def test_wrong_usage(stored: Store, arguments: tuple[str, ...], line: str) -> None:
    assert stored(*arguments) == Ran(2, "", line)


def test_info_verify_rebuild_expire(stored: Store) -> None:
    info = json.loads(stored("store", "info", "--format", "json").out)
    assert info["records"]["source"] == 1
    size = info["parts"].pop("bytes")
    assert info["parts"] == {"count": 1, "first": "2026-01-12", "last": "2026-01-12"}
    assert list(size) == ["2026-01-12"]
    assert 0 < size["2026-01-12"] < info["size"]
    assert "plant.pcap" in stored("store", "info").out
    assert "sound" in stored("store", "verify").out
    before = stored("report", "--format", "json").out
    assert stored("store", "rebuild").code == 0
    assert stored("report", "--format", "json").out == before
    assert stored("store", "expire", "--days", "700000").out == "0 days of events deleted\n"


def test_expire_deletes_events_and_nothing_else(
    cli: Callable[..., Ran], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    url = f"sqlite://{copy}"
    before = json.loads(cli("store", "info", "--format", "json", "--store", url).out)["records"]
    ran = cli("store", "expire", "--days", "0", "--store", url)
    after = json.loads(cli("store", "info", "--format", "json", "--store", url).out)["records"]
    assert ran.out == "1 day of events deleted: 2026-01-12 to 2026-01-12\n"
    assert after == {**before, "event": 0}


def test_report_is_the_document_of_the_scan(stored: Store, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    assert stored("report", "--format", "json", "--output", str(target)) == Ran(0, "", "")
    document = json.loads(target.read_text())
    assert list(document) == [
        "version", "sources", "assets", "conversations", "credentials", "operations",
        "alerts", "chains", "limits", "parse_errors",
    ]  # fmt: skip
    assert document["assets"] == records(stored("assets", "list", "--format", "json"))
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]


def test_report_is_a_page(stored: Store, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    assert stored("report", "--output", str(target)) == Ran(0, "", "")
    page = target.read_text()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "6ES7 315-2EH14-0AB0" in page


def test_exports(stored: Store, tmp_path: Path) -> None:
    assets = records(stored("assets", "list", "--format", "json"))
    rows = list(csv.DictReader(io.StringIO(stored("assets", "export").out)))
    assert [row["id"] for row in rows] == [a["id"] for a in assets]
    bill = json.loads(stored("assets", "export", "--format", "cyclonedx").out)
    assert bill["bomFormat"] == "CycloneDX"
    assert {c["bom-ref"] for c in bill["components"]} >= {a["id"] for a in assets}
    target = tmp_path / "map.graphml"
    assert stored("assets", "export", "--format", "graphml", "--output", str(target)) == Ran(0, "", "")
    assert all(a["id"] in target.read_text() for a in assets)
    talks = records(stored("conversations", "list", "--where", "protocol = modbus", "--format", "json"))
    ran = stored("conversations", "export", "--where", "protocol = modbus")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert len(rows) == len(talks) > 0
    assert "<graphml" in stored("conversations", "export", "--format", "graphml").out


def test_the_default_store(cli: Callable[..., Ran]) -> None:
    from sentinel.store import default_url

    assert default_url().removeprefix("sqlite://") in cli("assets", "list").err


def test_what_was_learned_is_shown_and_forgotten(cli: Callable[..., Ran], tmp_path: Path) -> None:
    from sentinel.demo.plant import build

    capture, store = tmp_path / "plant.pcap", f"sqlite://{tmp_path / 'store'}"
    build(capture)
    assert cli("scan", capture, "--store", store, "--learning-days", "3").code == 0

    def learned() -> dict[str, Any]:
        ran = cli("rules", "baseline", "show", "--format", "json", "--store", store)
        return json.loads(ran.out)  # type: ignore[no-any-return]

    assert learned()["state"] == "learning"
    assert learned()["total"] >= 5
    assert "modbus" in cli("rules", "baseline", "show", "--store", store).out
    assert cli("rules", "baseline", "reset", "--store", store).code == 0
    assert learned()["total"] == 0
    assert "address" in cli("rules", "baseline", "reset", "nonsense", "--store", store).err
