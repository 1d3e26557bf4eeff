"""A capture made byte by byte: a Modbus client reads from a server once a second."""

from __future__ import annotations

import struct
from pathlib import Path


def _packet(client: bool, seq: int, ack: int, flags: int, payload: bytes) -> bytes:
    ends = (bytes([10, 0, 0, 9]), bytes([10, 0, 0, 2]))
    ports = (40100, 502)
    if not client:
        ends, ports = ends[::-1], ports[::-1]
    tcp = struct.pack(">HHIIBBHHH", *ports, seq, ack, 5 << 4, flags, 4096, 0, 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, *ends)
    return b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\x00" + ip + tcp


def modbus_capture(path: Path, start: int, seconds: int = 5) -> None:
    """Write a capture that begins at `start` (seconds since 1970)."""
    packets = [
        _packet(True, 0, 0, 0x02, b""),
        _packet(False, 0, 1, 0x12, b""),
        _packet(True, 1, 1, 0x10, b""),
    ]
    times = [0.0, 0.001, 0.002]
    client = server = 1
    for n in range(seconds):
        ask = struct.pack(">HHHBBHH", n, 0, 6, 4, 3, 0, 1)
        answer = struct.pack(">HHHBBBH", n, 0, 5, 4, 3, 2, n)
        packets += [_packet(True, client, server, 0x18, ask)]
        client += len(ask)
        packets += [_packet(False, server, client, 0x18, answer)]
        server += len(answer)
        times += [n + 0.1, n + 0.11]
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for time, packet in zip(times, packets, strict=True):
        head = struct.pack("<IIII", start + int(time), round(time % 1 * 1e6), len(packet), len(packet))
        out += head + packet
    path.write_bytes(out)
