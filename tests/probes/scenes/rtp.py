"""RTP: voice both ways, and a report that names who speaks."""

import struct

from tests.probes.scene import Scene, client, server


def audio(number: int, source: int) -> bytes:
    """A packet of 20 ms of PCMU (RFC 3550, 5.1)."""
    return struct.pack(">BBHII", 0x80, 0, number, number * 160, source) + b"\xd5" * 160


def report(source: int, name: bytes) -> bytes:
    """A receiver report and a description with CNAME (RFC 3550, 6.4.2, 6.5)."""
    item = struct.pack(">IBB", source, 1, len(name)) + name
    item += bytes(4 - len(item) % 4)
    return struct.pack(">BBHI", 0x80, 201, 1, source) + struct.pack(">BBH", 0x81, 202, len(item) // 4) + item


SCENES = [
    Scene(
        protocol="rtp",
        name="voice",
        transport="udp",
        port=16384,
        talk=[(client if n % 2 else server)(audio(n, 7 + n % 2)) for n in range(1, 9)],
    ),
    Scene(
        protocol="rtp",
        name="report",
        transport="udp",
        port=16385,
        talk=[client(report(7, b"panel@10.9.0.1")), server(report(8, b"door@10.9.0.2"))],
        facts={("client", "cname", "panel@10.9.0.1"), ("server", "cname", "door@10.9.0.2")},
    ),
]
