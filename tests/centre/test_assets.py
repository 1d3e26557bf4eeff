"""One list of assets for a site, from what three sensors saw of it."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("scapy", reason="scapy is not installed: scenes cannot be made")

from sentinel import pipeline
from tests.centre.centres import room, until
from tests.conftest import Ran
from tests.craft import SCENES
from tests.elastic.server import Access

pytestmark = pytest.mark.elastic


def split(capture: Path, parts: int) -> list[Path]:
    """A capture as several sensors would have it: each conversation of two cards at one of them."""
    data = capture.read_bytes()
    outs = [bytearray(data[:24]) for _ in range(parts)]
    at = 24
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at + 8)
        frame = data[at + 16 : at + 16 + length]
        cards = sorted((frame[:6], frame[6:12]))
        outs[sum(b"".join(cards)) % parts] += data[at : at + 16 + length]
        at += 16 + length
    paths = [capture.with_name(f"part{n}.pcap") for n in range(parts)]
    for path, out in zip(paths, outs, strict=True):
        path.write_bytes(out)
    return paths


def ends(asset: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(sorted(asset.get("mac", ()))), tuple(sorted(asset.get("ip", ())))


def test_three_sensors_one_list(
    elastic: Access, cli: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = tmp_path / "plant.pcap"
    SCENES["jump"].build(capture)
    whole = pipeline.scan([str(capture)], pipeline.Options(site="plant"))
    pipeline.derive(whole.inventory, [], None, whole.until)
    wanted = sorted(ends(json.loads(doc)) for doc in whole.inventory.records("asset"))
    prefix = "test-centre-assets"
    monkeypatch.setenv("SENTINEL_ELASTIC__PREFIX", prefix)
    with room(elastic, prefix, tmp_path) as here:
        seen: dict[str, dict[str, Any]] = {}
        for n, part in enumerate(split(capture, 3)):
            sensor = here.store(f"s{n}")
            options = pipeline.Options(site="plant", packs=n == 0, key=sensor.key())
            pipeline.scan_into(sensor, [str(part)], options)
            sensor.close()
        store = here.store()
        store.client.raw("POST", f"/{prefix}-*/_refresh")
        before = list(store.documents("asset"))
        for asset in before:
            seen.setdefault(asset["id"], asset)
        alerts = list(store.alerts())
        assert alerts
        assert {alert["sentinel.site"] for alert in alerts} == {"plant"}
        store.close()
        assert len(before) > len(wanted), "sensors have some of the assets both"
        here.start("one")
        until(lambda: here.leader("plant"), "somebody leads")
        until(lambda: here.store().centre == {"plant"}, "the centre's assets are there")
        store = here.store()
        assert sorted(ends(asset) for asset in store.documents("asset")) == wanted
        assert store.counts()["asset"] == len(wanted)
        for id, asset in seen.items():
            found = store.asset(id)
            assert found is not None, id
            assert set(asset.get("mac", ())) <= set(found.get("mac", ())), id
        store.close()
        shown = cli("assets", "list", "--store", elastic.url, "--format", "json")
        assert len(json.loads(shown.out)) == len(wanted)


def test_where_an_alert_comes_from() -> None:
    assert pipeline.origin("default") == b""
    assert json.loads(b"{" + pipeline.origin('pl"ant', "s1") + b'"event.id":"x"}') == {
        "observer.name": "s1",
        "sentinel.site": 'pl"ant',
        "event.id": "x",
    }
