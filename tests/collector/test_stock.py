"""The daemon's inventory over starts: what it observed and what the store holds of scans, both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel import pipeline
from sentinel._native import Scan
from sentinel.collector.stock import Stock
from sentinel.store import open_store

WHEN = "2026-01-01T00:00:00.000000Z"


def capture(path: Path, client: str, server: str) -> Path:
    """A question and an answer between two hosts."""
    layers = pytest.importorskip("scapy.all", reason="scapy is not installed: no packets can be made")
    cards = {host: f"02:00:00:00:00:{int(host.rpartition('.')[2]):02x}" for host in (client, server)}
    frames = [
        layers.Ether(src=cards[a], dst=cards[b]) / layers.IP(src=a, dst=b) / layers.ICMP(type=kind)
        for a, b, kind in ((client, server, 8), (server, client, 0))
    ]
    layers.wrpcap(str(path), frames)
    return path


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A store with a scan of two hosts, and what a sensor observed of two others."""
    scanned = capture(tmp_path / "scanned.pcap", "10.0.0.1", "10.0.0.2")
    seen = capture(tmp_path / "seen.pcap", "10.0.0.3", "10.0.0.4")
    url = f"sqlite://{tmp_path / 'store'}"
    store = open_store(url, create=True)
    pipeline.scan_into(store, [str(scanned)], pipeline.Options())
    scan = Scan([seen])
    while not scan.step(1.0):
        pass
    with store.writer() as writer:
        stock = Stock(store, writer, "default", "a", passwords=None, known=None, before=None)
        stock.add(scan.harvest())
        stock.work_out(WHEN)
        stock.write(writer)
        stock.write_run(store, writer, [json.loads(source) for source in scan.sources()])
        assert stock.totals()["assets"] == 4
    yield url
    store.close()


def test_a_start_without_a_checkpoint_goes_on_from_the_store(url: str) -> None:
    store = open_store(url)
    with store.writer() as writer:
        stock = Stock(store, writer, "default", "a", passwords=None, known=None, before=None)
        stock.work_out(WHEN)
        known, documents = (json.loads(part) for part in stock.assets())
    assert sorted(ip for asset in known for ip in asset["ip"]) == [f"10.0.0.{n}" for n in (1, 2, 3, 4)]
    assert [asset["id"] for asset in documents] == [asset["id"] for asset in known]
    assert {asset["id"] for asset in documents} == {asset["id"] for asset in store.documents("asset")}
    store.close()


def test_another_sensor_takes_what_is_not_its_own_as_scanned(url: str) -> None:
    store = open_store(url)
    with store.writer() as writer:
        stock = Stock(store, writer, "default", "b", passwords=None, known=None, before=None)
        stock.work_out(WHEN)
        assert stock.totals()["assets"] == 4
        assert stock.observations() != b""
        stock.write_run(store, writer, [])
    assert {source["name"].rpartition("/")[2] for source in store.sources()} == {"scanned.pcap", "seen.pcap"}
    store.close()
