"""SLMP: a controller is identified, unlocked, written and stopped, in 3E and 4E frames."""

import struct
from collections.abc import Callable

from tests.probes.scene import Scene, Turn, client, server

Head = Callable[[bool, int], bytes]
"""Subheader of a request or an answer with this serial number."""


def _head3(request: bool, serial: int) -> bytes:
    return bytes([0x50 if request else 0xD0, 0])


def _head4(request: bool, serial: int) -> bytes:
    return bytes([0x54 if request else 0xD4, 0]) + struct.pack("<HH", serial, 0)


_ROUTE = bytes([0, 0xFF, 0xFF, 3, 0])


def talk(head: Head) -> list[Turn]:
    turns: list[Turn] = []

    def say(command: int, body: bytes, answer: bytes = b"", end: int = 0) -> None:
        serial = len(turns)
        asked = struct.pack("<HHH", 0x10, command, 0) + body
        turns.append(client(head(True, serial) + _ROUTE + struct.pack("<H", len(asked)) + asked))
        told = struct.pack("<H", end) + answer
        turns.append(server(head(False, serial) + _ROUTE + struct.pack("<H", len(told)) + told))

    say(0x0101, b"", b"FX5U-32MT/ES".ljust(16) + b"\x29\x4a")
    say(0x1630, struct.pack("<H", 6) + b"secret")
    say(0x1401, bytes.fromhex("640000a80100abcd"))
    say(0x1002, b"\x01\x00", end=0x4010)
    say(0x1001, b"\x01\x00\x00\x00")
    say(0x1006, b"\x01\x00")
    return turns


SCENES = [
    Scene(
        protocol="slmp",
        transport=transport,  # type: ignore[arg-type]
        port=port,
        name=name,
        talk=talk(head),
        facts={
            ("server", "vendor", "Mitsubishi Electric"),
            ("server", "model", "FX5U-32MT/ES"),
            ("server", "device-id", "4a29"),
            ("server", "role", "plc"),
        },
        operations=[
            ("read_type_name", "identify", "accepted"),
            ("remote_password_unlock", "unlock", "accepted"),
            ("device_write", "write", "accepted"),
            ("remote_stop", "stop", "refused"),
            ("remote_run", "start", "accepted"),
            ("remote_reset", "restart", "accepted"),
        ],
        credentials=[("password", "", "secret", "success")],
    )
    for transport, port, name, head in (("tcp", 5007, "3e", _head3), ("udp", 5006, "4e", _head4))
]
