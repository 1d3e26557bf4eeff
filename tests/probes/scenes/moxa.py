"""Moxa: an NPort is found and asked for its name."""

import struct

from tests.probes.scene import Scene, client, server

MAC = bytes.fromhex("0090e8000902")


def message(code: int, body: bytes) -> bytes:
    return struct.pack(">BBH", code, 0, 4 + len(body)) + body


_HEAD = bytes(4) + b"\x50\x00\x10\x51\x00\x80" + MAC

SCENES = [
    Scene(
        protocol="moxa",
        transport="udp",
        port=4800,
        any_port=False,
        talk=[
            client(message(1, bytes(4))),
            server(message(0x81, _HEAD + bytes([10, 9, 0, 2]))),
            client(message(0x10, _HEAD)),
            server(message(0x90, _HEAD + b"NP5110_42".ljust(40, b"\0"))),
        ],
        facts={
            ("server", "vendor", "Moxa"),
            ("server", "role", "serial-server"),
            ("server", "model_code", "5110"),
            ("server", "name", "NP5110_42"),
        },
        operations=[("search", "discover", "accepted"), ("get_name", "identify", "accepted")],
    )
]
