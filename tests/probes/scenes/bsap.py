"""BSAP over IP: signals are read and written by name, one write is refused."""

import struct

from tests.probes.scene import Scene, client, server


def message(kind: int, sequence: int, rest: bytes) -> bytes:
    body = struct.pack("<BI", 0x0E, sequence) + rest
    return struct.pack("<HHH8x", 0x0E, 1, kind) + struct.pack("<I", 4 + len(body)) + body


def ask(sequence: int, function: int, data: bytes) -> bytes:
    return message(6, sequence, bytes((0xA0, 0, function)) + data)


def answer(sequence: int, status: int) -> bytes:
    return message(5, sequence, bytes((status, 1)) + b"\0\0\x80\x3f")


SCENES = [
    Scene(
        protocol="bsap",
        transport="udp",
        port=1234,
        any_port=False,
        talk=[
            client(ask(1, 0x04, b"\x0f\x01PUMP1.FLOW.\0")),
            server(answer(1, 0)),
            client(ask(2, 0x84, b"\x01PUMP1.START.\0\x01")),
            server(answer(2, 0)),
            client(ask(3, 0x80, b"\x10\x00\x01")),
            server(answer(3, 0x84)),
        ],
        facts={("server", "vendor", "Bristol Babcock"), ("server", "role", "rtu")},
        operations=[
            ("read_signal_by_name", "read", "accepted"),
            ("write_signal_by_name", "write", "accepted"),
            ("write_signal_by_address", "write", "refused"),
        ],
    )
]
