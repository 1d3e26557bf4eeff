"""miIO: a device that is not set up gives its token away; then an enciphered command."""

import struct

from tests.probes.scene import Scene, client, server

TOKEN = bytes.fromhex("00112233445566778899aabbccddeeff")


def message(device: int, stamp: int, total: bytes, body: bytes = b"", unused: int = 0) -> bytes:
    return struct.pack(">HHIII", 0x2131, 32 + len(body), unused, device, stamp) + total + body


SCENES = [
    Scene(
        protocol="miio",
        transport="udp",
        port=54321,
        talk=[
            client(message(0xFFFFFFFF, 0xFFFFFFFF, b"\xff" * 16, unused=0xFFFFFFFF)),
            server(message(61234567, 4711, TOKEN)),
            client(message(61234567, 4712, bytes(range(16)), bytes(32))),
            server(message(61234567, 4712, bytes(range(1, 17)), bytes(16))),
        ],
        facts={
            ("server", "vendor", "Xiaomi"),
            ("server", "role", "iot"),
            ("server", "id:miio", "61234567"),
            ("server", "uptime", "4711"),
        },
        operations=[("hello", "discover", "accepted"), ("command", "other", "accepted")],
        credentials=[("token", "", TOKEN.hex(), "unknown")],
    )
]
