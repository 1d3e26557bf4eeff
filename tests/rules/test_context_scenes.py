"""Scenes made with scapy, through the probes and the context: what is told of terminals and crossings."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("scapy")

from sentinel.demo.cast import Actor
from sentinel.demo.wire import Wire
from sentinel.rules import context

SECOND = 1_000_000
HMI = Actor("hmi", "10.20.2.30", "00:0b:ab:71:05:30")
PLCS = [Actor(f"plc{i}", f"10.20.1.{10 + i}", f"00:80:f4:0e:62:{i:02x}") for i in range(3)]
OFFICE = Actor("office", "10.30.0.5", "00:1a:2b:00:00:05")
ABROAD = Actor("abroad", "198.51.100.7", "00:1a:2b:00:00:fe")

ZONES = """
zones:
  cell: {networks: [10.20.1.0/24], level: 1}
  control: {networks: [10.20.2.0/24], level: 2}
  office: {networks: [10.30.0.0/16], level: 4}
conduits:
  - {from: control, to: cell, protocols: [modbus]}
  - {from: office, to: outside}
"""

Document = dict[str, Any]


def read(number: int) -> bytes:
    return struct.pack(">HHHBBHH", number & 0xFFFF, 0, 6, 1, 3, 100, 4)


def answer(number: int) -> bytes:
    return struct.pack(">HHHBBB4H", number & 0xFFFF, 0, 11, 1, 3, 8, 1, 2, 3, 4)


def poll(wire: Wire, client: Actor, server: Actor, seconds: range, silent: range = range(0)) -> None:
    """Reads of four registers each second, without answers in the seconds `silent`."""
    session = None
    for s in seconds:
        at = s * SECOND + int(client.ip[-1]) * 1000 + int(server.ip[-1]) * 100
        session = session or wire.tcp(at, client, server, 502)
        session.wait(at).client(read(s))
        if s not in silent:
            session.server(answer(s))


def events(wire: Wire, tmp_path: Path, settings: Document, mode: str = "notable") -> list[Document]:
    from sentinel._native import Scan, Watch

    capture = tmp_path / "scene.pcap"
    wire.write(capture)
    run = Scan([str(capture)], events=mode)
    watch = Watch([], context=json.dumps(settings).encode(), lateness=120.0)
    lines = b""
    done = False
    while not done:
        done = run.step(0.1)
        lines += watch.feed(run.events()).ndjson()
    run.finish()
    lines += watch.feed(run.events()).ndjson() + watch.finish().ndjson()
    return [json.loads(line) for line in lines.splitlines()]


def told(found: list[Document]) -> list[str]:
    return [
        f"{e['event.action']} {e.get('destination.ip', e.get('source.ip'))}"
        for e in found
        if e["event.dataset"] in ("sentinel.availability", "sentinel.context")
    ]


@pytest.mark.parametrize("mode", ["notable", "all"])
def test_a_terminal_that_dies_and_comes_back(tmp_path: Path, mode: str) -> None:
    wire = Wire()
    for plc in PLCS:
        poll(wire, HMI, plc, range(600), range(240, 450) if plc is PLCS[1] else range(0))
    found = events(wire, tmp_path, context.settings(), mode)
    assert told(found) == ["offline 10.20.1.11", "back-online 10.20.1.11"]
    offline = next(e for e in found if e["event.action"] == "offline")
    assert offline["source.ip"] == HMI.ip
    assert offline["sentinel.evidence"]
    assert offline["ot.asset.type"] == "plc"


def test_a_quiet_plant_is_quiet(tmp_path: Path) -> None:
    wire = Wire()
    for plc in PLCS:
        poll(wire, HMI, plc, range(400))
    found = events(wire, tmp_path, context.settings())
    assert told(found) == []
    assert {e.get("sentinel.baseline.state") for e in found} == {"learning"}
    assert not any("sentinel.baseline.new" in e for e in found)


def test_two_devices_with_one_address(tmp_path: Path) -> None:
    wire = Wire()
    twin = Actor("twin", PLCS[0].ip, "00:1a:2b:00:00:99")
    wire.arp(SECOND, HMI, PLCS[0])
    poll(wire, HMI, PLCS[0], range(2, 120))
    wire.arp(30 * SECOND, OFFICE, twin)
    found = events(wire, tmp_path, context.settings())
    assert told(found) == ["duplicate-address 10.20.1.10"]


def test_crossings_of_zones(tmp_path: Path) -> None:
    zones = tmp_path / "zones.yml"
    zones.write_text(ZONES, encoding="utf-8")
    wire = Wire()
    poll(wire, HMI, PLCS[0], range(60))
    poll(wire, OFFICE, PLCS[0], range(60))
    session = wire.tcp(30 * SECOND, PLCS[0], ABROAD, 80)
    session.client(b"GET / HTTP/1.1\r\nHost: abroad.example\r\n\r\n").server(b"HTTP/1.1 200 OK\r\n\r\n")
    session.close()
    known = [{"id": "a-1", "ip": [PLCS[0].ip]}, {"id": "a-2", "ip": [HMI.ip]}]
    found = events(wire, tmp_path, context.settings(zones_file=zones, assets=known))
    crossings = {
        (e["source.ip"], e["destination.ip"]): (e["sentinel.conduit"], e["network.direction"])
        for e in found
        if "sentinel.conduit" in e
    }
    assert crossings == {
        (HMI.ip, PLCS[0].ip): ("allowed", "internal"),
        (OFFICE.ip, PLCS[0].ip): ("denied", "internal"),
        (PLCS[0].ip, ABROAD.ip): ("denied", "outbound"),
    }
    assert {e["destination.asset"] for e in found if e.get("destination.ip") == PLCS[0].ip} == {"a-1"}
    assert {e["ot.client.zone"] for e in found if e.get("source.ip") == OFFICE.ip} == {"office"}


def test_a_device_of_no_inventory_in_a_control_zone(tmp_path: Path) -> None:
    zones = tmp_path / "zones.yml"
    zones.write_text(ZONES, encoding="utf-8")
    wire = Wire()
    rogue = Actor("rogue", "10.20.1.66", "00:1a:2b:00:00:66")
    poll(wire, HMI, PLCS[0], range(60))
    poll(wire, rogue, PLCS[0], range(30, 60))
    known = [{"id": "a-1", "ip": [PLCS[0].ip]}, {"id": "a-2", "ip": [HMI.ip]}]
    found = events(wire, tmp_path, context.settings(zones_file=zones, assets=known))
    assert told(found) == ["rogue-device 10.20.1.66"]
