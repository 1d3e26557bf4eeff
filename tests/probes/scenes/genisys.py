"""Genisys: a slave is polled, a route is set and carried out."""

import struct

from tests.probes.scene import Scene, client, server


def crc(data: bytes) -> int:
    """CRC-16 (ARC)."""
    value = 0
    for octet in data:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


def message(header: int, slave: int, pairs: bytes = b"") -> bytes:
    body = bytes((slave,)) + pairs
    body += struct.pack("<H", crc(bytes((header,)) + body))
    escaped = b"".join(bytes((0xF0, b & 15)) if b >= 0xF0 else bytes((b,)) for b in body)
    return bytes((header,)) + escaped + b"\xf6"


SCENES = [
    Scene(
        protocol="genisys",
        transport="tcp",
        port=10001,
        talk=[
            client(message(0xFB, 3)),
            server(message(0xF2, 3, b"\x01\x80\x02\xf5")),
            client(message(0xFC, 3, b"\x01\x04")),
            server(message(0xF3, 3, b"\x01\x04")),
            client(message(0xFE, 3)),
            server(b"\xf1\x03\xf6"),
        ],
        facts={("server", "id:genisys", "3"), ("server", "role", "rtu")},
        operations=[
            ("poll", "read", "accepted"),
            ("control_data", "write", "accepted"),
            ("execute_controls", "force", "accepted"),
        ],
    )
]
