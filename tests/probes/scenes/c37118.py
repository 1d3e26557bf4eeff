"""C37.118: a station is asked for its configuration and its data."""

import struct

from tests.probes.scene import Scene, client, server


def crc(data: bytes) -> int:
    """CRC-CCITT with start value FFFF."""
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def frame(kind: int, body: bytes) -> bytes:
    head = struct.pack(">BBHHII", 0xAA, kind << 4 | 1, len(body) + 16, 7, 1_768_204_800, 0)
    return head + body + struct.pack(">H", crc(head + body))


_STATION = b"STATION A".ljust(16)
_CONFIG = struct.pack(">IH", 1_000_000, 1) + _STATION + struct.pack(">HHHHH", 7, 0, 1, 0, 0)
_CONFIG += b"VA".ljust(16) + bytes(4) + struct.pack(">HHh", 1, 5, 30)

_TALK = [
    client(frame(4, b"\0\1")),
    client(frame(4, b"\0\3")),
    server(frame(1, b"PMU of station A")),
    client(frame(4, b"\0\5")),
    server(frame(3, _CONFIG)),
    client(frame(4, b"\0\2")),
    server(frame(0, bytes(12))),
    server(frame(0, bytes(12))),
]

SCENES = [
    Scene(
        protocol="c37118",
        transport=transport,  # type: ignore[arg-type]
        port=port,
        talk=_TALK,
        facts={
            ("server", "name", "STATION A"),
            ("server", "id:c37118", "7"),
            ("server", "description", "PMU of station A"),
            ("server", "role", "ied"),
            ("client", "role", "scada-server"),
        },
        operations=[
            ("data_transmission_off", "subscribe", "unknown"),
            ("send_header", "read", "accepted"),
            ("send_cfg2", "read", "accepted"),
            ("data_transmission_on", "subscribe", "accepted"),
        ],
    )
    for transport, port in (("tcp", 4712), ("udp", 4713))
]
