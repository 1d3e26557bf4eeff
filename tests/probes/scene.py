"""Crafted scenes of one protocol: what is said on a flow, and what must come of it.

A scene is a module in `tests/probes/scenes` (named as the probe, `_` for `-`) with `SCENES`, a list of
`Scene`. `test_scenes.py` plays each whole, in pieces, out of order, without its handshake, on a foreign
port, with frames lost and with bytes damaged.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Turn = tuple[Literal["client", "server"], bytes]
Segment = tuple[str, int, bytes]
"""(side, offset in its stream, bytes)"""

CLIENT, SERVER = "10.9.0.1", "10.9.0.2"
_MACS = {"client": bytes.fromhex("020000000901"), "server": bytes.fromhex("020000000902")}
_STEP_US = 20_000


def client(data: bytes) -> Turn:
    """The client says something."""
    return ("client", data)


def server(data: bytes) -> Turn:
    """The server says something."""
    return ("server", data)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One flow. What is expected is all that the protocol must give, and nothing beside it.

    facts: (side, name, value); operations: (name, action, outcome); credentials: (kind, username,
    secret or hash line, outcome) with "" for none. `inner`: protocol names beside `protocol` whose
    operations and facts count. `any_port`: it is told without its port. `frames`: whole frames behind
    the Ethernet header's addresses for layer 2 (`transport="l2"`, with `ethertype`).
    """

    protocol: str
    transport: Literal["tcp", "udp", "l2"]
    port: int = 0
    talk: Sequence[Turn]
    facts: frozenset[tuple[str, str, str]] | set[tuple[str, str, str]] = frozenset()
    operations: Sequence[tuple[str, str, str]] = ()
    credentials: Sequence[tuple[str, str, str, str]] = ()
    events: Sequence[str] = ()
    """Actions of events that must be there (`event.action`)."""
    inner: tuple[str, ...] = ()
    any_port: bool = True
    ethertype: int = 0
    link: int = 1
    """Link type of the capture; other than Ethernet, a turn is a whole frame."""
    client_port: int = 40000
    name: str = ""
    group: str = ""
    """Address the client sends to, if it is a group or the broadcast address."""
    extra: dict[str, Any] = field(default_factory=dict)

    def segments(self, size: int = 1400) -> list[Segment]:
        """The turns as segments of at most `size` bytes; datagrams and frames are never cut."""
        at = {"client": 0, "server": 0}
        out: list[Segment] = []
        for side, data in self.talk:
            step = size if self.transport == "tcp" else max(1, len(data))
            for start in range(0, len(data), step):
                piece = data[start : start + step]
                out.append((side, at[side], piece))
                at[side] += len(piece)
        return out


def packets(
    scene: Scene,
    segments: Iterable[Segment],
    *,
    port: int | None = None,
    flow: int = 0,
    handshake: bool = True,
) -> Iterator[bytes]:
    """Frames of a flow. `flow` numbers it: other addresses and client port, so that many fit in a capture."""
    port = scene.port if port is None else port
    ends = {
        "client": (f"10.{9 + flow // 250}.{flow % 250}.1", (scene.client_port + flow) % 65536 or 1),
        "server": (f"10.{9 + flow // 250}.{flow % 250}.2", port),
    }
    if scene.link != 1:
        yield from (data for _, _, data in segments)
        return
    if scene.transport == "l2":
        for side, _, data in segments:
            yield _macs(side) + struct.pack(">H", scene.ethertype) + data
        return
    start = {"client": 1000, "server": 5000}
    if scene.transport == "tcp" and handshake:
        yield _tcp(ends, "client", start["client"] - 1, 0, 0x02)
        yield _tcp(ends, "server", start["server"] - 1, start["client"], 0x12)
        yield _tcp(ends, "client", start["client"], start["server"], 0x10)
    got = dict(start)
    for side, offset, data in segments:
        other = "server" if side == "client" else "client"
        if scene.transport == "tcp":
            yield _tcp(ends, side, start[side] + offset, got[other], 0x18, data)
            got[side] = max(got[side], start[side] + offset + len(data))
        else:
            yield _udp(ends, side, data, scene.group)
    if scene.transport == "tcp":
        yield _tcp(ends, "client", got["client"], got["server"], 0x11)
        yield _tcp(ends, "server", got["server"], got["client"] + 1, 0x11)


def capture(path: Path, frames: Iterable[bytes], link: int = 1) -> Path:
    """A pcap of these frames, 20 ms apart."""
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, link))
        for n, frame in enumerate(frames):
            us = 1_768_204_800_000_000 + n * _STEP_US
            out.write(struct.pack("<IIII", us // 1_000_000, us % 1_000_000, len(frame), len(frame)) + frame)
    return path


def _macs(side: str) -> bytes:
    other = "server" if side == "client" else "client"
    return _MACS[other] + _MACS[side]


def _ip(ends: dict[str, tuple[str, int]], side: str, protocol: int, body: bytes, group: str = "") -> bytes:
    other = "server" if side == "client" else "client"
    source, target = ends[side][0], ends[other][0]
    if group and side == "client":
        target = group
    addresses = bytes(map(int, f"{source}.{target}".split(".")))
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 64, protocol, 0) + addresses
    total = sum(struct.unpack(">10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    checksum = ~(total + (total >> 16)) & 0xFFFF
    return _macs(side) + b"\x08\x00" + head[:10] + struct.pack(">H", checksum) + head[12:] + body


def _tcp(
    ends: dict[str, tuple[str, int]], side: str, seq: int, ack: int, flags: int, data: bytes = b""
) -> bytes:
    other = "server" if side == "client" else "client"
    head = struct.pack(
        ">HHIIBBHHH",
        ends[side][1],
        ends[other][1],
        seq & 0xFFFFFFFF,
        ack & 0xFFFFFFFF,
        0x50,
        flags,
        64000,
        0,
        0,
    )
    return _ip(ends, side, 6, head + data)


def _udp(ends: dict[str, tuple[str, int]], side: str, data: bytes, group: str) -> bytes:
    other = "server" if side == "client" else "client"
    return _ip(
        ends, side, 17, struct.pack(">HHHH", ends[side][1], ends[other][1], len(data) + 8, 0) + data, group
    )
