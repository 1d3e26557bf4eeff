"""MELSOFT: the type of a controller is read."""

import struct

from tests.probes.scene import Scene, client, server


def message(request: bool, command: int, sequence: int, data: bytes) -> bytes:
    """Head, octets behind it, and (behind zeros) command and number."""
    head = bytes.fromhex(
        "57010000001111070000ffff030000fe030000" if request else "d70100000011117f000000a80300ffff030000"
    )
    mark, zeros = (b"\x1c\x0a\x16\x14", 20) if request else (b"\x9c\x0a\x18\x14", 22)
    body = mark + bytes(zeros) + struct.pack(">H", command) + struct.pack("<H", sequence) + data
    return head + struct.pack("<H", len(body)) + body


_TYPE = bytes(2) + b"FX5U-32MT/ES".ljust(16, b"\0") + bytes.fromhex("294a0008000000")

SCENES = [
    Scene(
        protocol="melsoft",
        transport=transport,  # type: ignore[arg-type]
        port=port,
        talk=[
            client(message(True, 0x0121, 1, bytes.fromhex("00000001"))),
            server(message(False, 0x0121, 1, _TYPE)),
        ],
        facts={
            ("server", "vendor", "Mitsubishi Electric"),
            ("server", "model", "FX5U-32MT/ES"),
            ("server", "device-id", "4a29"),
            ("server", "role", "plc"),
        },
        operations=[("read_cpu_type", "identify", "accepted")],
    )
    for transport, port in (("tcp", 5562), ("udp", 5560))
]
