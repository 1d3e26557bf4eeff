"""What the kernel did to frames is undone: tags it took out, segments it joined, octets it left."""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path
from typing import Any

import pytest

from sentinel._native import Inventory, Live, Scan
from sentinel.pipeline import Options, assess, derive
from tests.live.cables import Net, counters, read

ETH = bytes.fromhex("02000000000b02000000000a")
"""To ...:0b from ...:0a."""

SOL_PACKET, PACKET_VNET_HDR = 263, 15


def checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip(payload: bytes, proto: int, source: int = 1) -> bytes:
    """IPv4 from 10.9.0.`source` to 10.9.0.2."""
    head = struct.pack(
        ">BBHHHBBH4B4B", 0x45, 0, 20 + len(payload), 1, 0, 64, proto, 0, 10, 9, 0, source, 10, 9, 0, 2
    )
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def udp(payload: bytes, sport: int = 5000, dport: int = 161) -> bytes:
    return struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload


def frame(payload: bytes, *tags: tuple[int, int], kind: int = 0x0800) -> bytes:
    """An Ethernet frame with tags: (EtherType, tag control information)."""
    return ETH + b"".join(struct.pack(">HH", *tag) for tag in tags) + struct.pack(">H", kind) + payload


SNMP = bytes.fromhex("302602010004067075626c6963a019020101020100020100300e300c06082b060102010105000500")
"""A request for sysName.0, community `public`."""


def capture(path: Path, frames: list[bytes]) -> Path:
    """A file with the frames, a second apart from now on."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
    records = (struct.pack("<IIII", 1_700_000_000, n, len(f), len(f)) + f for n, f in enumerate(frames))
    path.write_bytes(head + b"".join(records))
    return path


def records(inventory: Inventory) -> dict[str, list[Any]]:
    """All records without times and places."""
    assess(inventory, Options())
    derive(inventory, None)
    found: dict[str, list[Any]] = {}
    for kind in ("asset", "conversation", "credential", "operation"):
        found[kind] = [timeless(json.loads(line)) for line in inventory.records(kind)]
    return found


PLACES = {
    "first",
    "last",
    "time",
    "at",
    "source",
    "sources",
    "evidence",
    "seen",
    "first_seen",
    "last_seen",
    "id",
}


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in PLACES}
    return [timeless(v) for v in value] if isinstance(value, list) else value


def scanned(path: Path) -> dict[str, list[Any]]:
    scan = Scan([path])
    while not scan.step(1):
        pass
    return records(scan.finish())


def finished(live: Live) -> dict[str, list[Any]]:
    live.stop()
    live.events()
    return records(live.finish())


def sender(net: Net, offload: bool = False) -> socket.socket:
    """A socket that sends frames into `a0`."""

    def make() -> socket.socket:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        if offload:
            raw.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        raw.bind(("a0", 0))
        return raw

    return net.inside(make)


TAGGED = [
    frame(ip(udp(SNMP), 17)),
    frame(ip(udp(SNMP), 17), (0x8100, 5)),
    frame(ip(udp(SNMP), 17), (0x8100, 0x6007)),
    frame(ip(udp(SNMP), 17), (0x88A8, 9), (0x8100, 5)),
    frame(ip(udp(SNMP), 17), (0x8100, 0), (0x8100, 11)),
    frame(ip(udp(SNMP), 17), (0x8100, 3), (0x8100, 4), (0x8100, 5)),
]


def test_tags_are_put_back(wire: Net, tmp_path: Path) -> None:
    live = wire.opened("b0", events="all")
    with sender(wire) as raw:
        for made in TAGGED:
            raw.send(made)
    read(live, len(TAGGED))
    seen = counters(live)
    assert (seen["packets"], seen["kernel_drops"], seen["tagged"]) == (6, 0, 5)
    found = finished(live)
    assert found == scanned(capture(tmp_path / "tagged.pcap", TAGGED))
    assert found["credential"], "the community was read behind the tags"


@pytest.mark.parametrize(
    ("rule", "expected"), [("vlan", 5), ("vlan 5", 1), ("vlan 9", 1), ("vlan 11", 1), ("not vlan", 1)]
)
def test_the_kernel_filters_by_the_tag_it_took_out(wire: Net, rule: str, expected: int) -> None:
    live = wire.opened("b0", filter=rule)
    with sender(wire) as raw:
        for made in TAGGED:
            raw.send(made)
    live.stop()
    assert counters(live)["packets"] == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("host 10.9.0.1", 2),
        ("port 161", 2),
        ("not port 161", 1),
        ("ether src 02:00:00:00:00:0a", 3),
        ("arp", 1),
    ],
)
def test_the_kernel_filters_before_the_ring(wire: Net, rule: str, expected: int) -> None:
    live = wire.opened("b0", filter=rule)
    with sender(wire) as raw:
        for made in (frame(ip(udp(SNMP), 17)), frame(ip(udp(b"x" * 20), 17)), frame(b"\0" * 46, kind=0x0806)):
            raw.send(made)
    live.stop()
    assert counters(live)["packets"] == expected


def test_joined_segments_are_taken_whole(wire: Net, tmp_path: Path) -> None:
    body = b"HTTP/1.1 200 OK\r\nServer: joined/1.0\r\nContent-Length: 40000\r\n\r\n" + b"x" * 40_000
    tcp = struct.pack(">HHIIBBHHH", 80, 5001, 1000, 1, 0x50, 0x18, 8192, 0, 0)
    made = frame(ip(tcp + body, 6))
    # struct virtio_net_hdr: checksum to be made (from 34, at 16), TCP over IPv4, headers, segment, so that the
    # kernel takes it for what the network stack hands to a card
    head = struct.pack("<BBHHHH", 1, 1, 54, 1448, 34, 16)
    live = wire.opened("b0")
    with sender(wire, offload=True) as raw:
        raw.send(head + made)
    read(live, 1)
    seen = counters(live)
    assert (seen["packets"], seen["joined"], seen["truncated"], seen["bytes"]) == (1, 1, 0, len(made))
    assert finished(live) == scanned(capture(tmp_path / "joined.pcap", [made]))


def test_what_is_cut_off_is_counted(wire: Net) -> None:
    live = wire.opened("b0", snaplen=96)
    with sender(wire) as raw:
        raw.send(frame(ip(udp(b"x" * 600), 17)))
        raw.send(frame(ip(udp(b"x" * 600), 17), (0x8100, 5)))
        raw.send(frame(ip(udp(b"x" * 20), 17)))
    live.stop()
    seen = counters(live)
    assert (seen["packets"], seen["truncated"]) == (3, 2)
    live.finish()
    (source,) = (json.loads(line) for line in live.sources())
    assert source["truncated"] == 2
    assert source["bytes"] == 642 + 646 + 62


def test_the_order_of_two_ports_is_that_of_time(wire: Net) -> None:
    wire.cable(1)
    live = wire.opened("b0", "b1", events="all")
    there = sender(wire)

    def other() -> socket.socket:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind(("a1", 0))
        return raw

    back = wire.inside(other)

    def asked(n: int) -> bytes:
        return frame(
            bytes.fromhex("0001080006040001")
            + ETH[6:]
            + bytes((10, 9, 0, 1))
            + bytes(6)
            + bytes((10, 9, 1, n)),
            kind=0x0806,
        )

    with there, back:
        for n in range(0, 200, 2):  # each end's frames on a port of its own, as a tap gives them
            there.send(asked(n))
            back.send(asked(n + 1))
    live.stop()
    assert [counters(live, port)["packets"] for port in ("b0", "b1")] == [100, 100]
    events = [json.loads(line) for line in live.events().ndjson().splitlines()]
    targets = [event["arp.target.ip"] for event in events if event.get("event.action") == "request"]
    assert targets == [f"10.9.1.{n}" for n in range(200)]
