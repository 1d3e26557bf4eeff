"""HiSLIP: an instrument says what it is, is locked, set, reset; a lock is refused."""

import struct

from tests.probes.scene import Scene, client, server


def message(kind: int, control: int = 0, parameter: int = 0, payload: bytes = b"") -> bytes:
    return b"HS" + struct.pack(">BBIQ", kind, control, parameter, len(payload)) + payload


VENDOR = int.from_bytes(b"RS", "big")

SCENES = [
    Scene(
        protocol="hislip",
        transport="tcp",
        port=4880,
        name="commands",
        talk=[
            client(message(0, 0, 0x0100 << 16 | VENDOR, b"hislip0")),
            server(message(1, 0, 0x0100 << 16 | 7)),
            client(message(7, 0, 0xFFFFFF00, b"*IDN?\n")),
            server(message(7, 0, 0xFFFFFF00, b"Rohde&Schwarz,FSW-26,1312.8000K26/101234,2.60\n")),
            client(message(7, 0, 0xFFFFFF02, b"*RST\n")),
            client(message(7, 0, 0xFFFFFF04, b":SENS:FREQ:CENT 1GHz\n")),
            client(message(12, 0, 0xFFFFFF06)),
        ],
        facts={
            ("server", "vendor", "Rohde&Schwarz"),
            ("server", "model", "FSW-26"),
            ("server", "serial", "1312.8000K26/101234"),
            ("server", "firmware", "2.60"),
        },
        operations=[
            ("query", "identify", "accepted"),
            ("reset", "restart", "unknown"),
            ("command", "write", "unknown"),
            ("trigger", "start", "unknown"),
        ],
    ),
    Scene(
        protocol="hislip",
        transport="tcp",
        port=4880,
        name="asynchronous",
        talk=[
            client(message(17, 0, 7)),
            server(message(18, 0, VENDOR)),
            client(message(4, 1, 1000, b"key")),
            server(message(5, 1)),
            client(message(4, 1, 1000, b"key")),
            server(message(5, 0)),
            client(message(19)),
            server(message(23)),
        ],
        facts={("server", "vendor-id", "RS")},
        operations=[
            ("lock", "lock", "accepted"),
            ("lock", "lock", "refused"),
            ("device_clear", "clear", "accepted"),
        ],
    ),
]
