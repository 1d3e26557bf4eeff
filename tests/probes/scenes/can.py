"""CAN: a gateway sends frames over UDP; a tester resets a unit on the bus."""

import struct

from tests.probes.scene import Scene, client


def gateway(*frames: tuple[int, bytes]) -> bytes:
    """Magic, version, count, then identifier, length and data of each frame."""
    out = b"ISO11898" + bytes((1, len(frames)))
    for number, data in frames:
        out += struct.pack("<IB", number, len(data)) + data.ljust(8, b"\0") + b"\1\0"
    return out


SCENES = [
    Scene(
        protocol="can",
        transport="udp",
        port=11898,
        talk=[client(gateway((0x09F1126A, bytes(8)), (0x09F1136A, bytes(8))))],
        facts={("client", "can-id", "0x9f1126a")},
    ),
    Scene(
        protocol="can",
        transport="l2",
        link=227,
        name="bus",
        talk=[
            client(struct.pack(">IBBBB", 0x7E0, 8, 0, 0, 0) + bytes.fromhex("0211010000000000")),
            client(struct.pack(">IBBBB", 0x1A0, 2, 0, 0, 0) + b"\1\2"),
        ],
        # frames of 11 bits name no sender: they are the bus's own, whose address does not end in :01
        facts={("server", "can-id", "0x7e0"), ("server", "can-id", "0x1a0")},
        operations=[("ecu_reset", "restart", "unknown")],
    ),
]
