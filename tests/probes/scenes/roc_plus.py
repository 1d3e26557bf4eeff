"""ROC Plus: an operator is refused and let in, the station named, its clock set, a parameter written."""

import struct

from tests.probes.scene import Scene, Turn, client, server

HOST, UNIT = b"\x03\x01", b"\x01\x02"


def frame(to: bytes, by: bytes, opcode: int, data: bytes = b"") -> bytes:
    out = to + by + bytes((opcode, len(data))) + data
    value = 0
    for octet in out:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return out + struct.pack("<H", value)


def pair(opcode: int, ask: bytes, answer: bytes = b"", code: int | None = None) -> list[Turn]:
    request = client(frame(UNIT, HOST, opcode, ask))
    return [request, server(frame(HOST, UNIT, opcode if code is None else code, answer))]


SYSTEM = bytes((91, 0, 3, 0)) + b"\x01\x02" + b"WELL PAD 14".ljust(20)

SCENES = [
    Scene(
        protocol="roc-plus",
        transport="tcp",
        port=4000,
        talk=[
            *pair(17, b"LOI" + struct.pack("<H", 9999), bytes((20, 17)), 255),
            *pair(17, b"LOI" + struct.pack("<H", 1000)),
            *pair(167, bytes((91, 0, 3, 0)), SYSTEM),
            *pair(8, bytes.fromhex("000c0c0c01ea0705")),
            *pair(181, bytes((1, 10, 0, 3)) + struct.pack("<f", 2.5)),
        ],
        facts={
            ("server", "id:roc", "1.2"),
            ("server", "vendor", "Emerson"),
            ("server", "role", "rtu"),
            ("server", "name", "WELL PAD 14"),
        },
        operations=[
            ("login", "authenticate", "refused"),
            ("login", "authenticate", "accepted"),
            ("read_parameters", "read", "accepted"),
            ("set_clock", "set-time", "accepted"),
            ("set_parameters", "write", "accepted"),
        ],
        credentials=[("pin", "LOI", "1000", "success"), ("pin", "LOI", "9999", "failure")],
    )
]
