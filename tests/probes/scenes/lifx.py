"""LIFX: a lamp is found, switched, named and put into a Wi-Fi."""

import struct

from tests.probes.scene import Scene, client, server

LAMP = bytes.fromhex("020000000902")


def message(kind: int, sequence: int, payload: bytes = b"") -> bytes:
    head = struct.pack("<HHI", 36 + len(payload), 0x1400, 7) + LAMP + bytes(8)
    return head + bytes([1, sequence]) + bytes(8) + struct.pack("<HH", kind, 0) + payload


_ACK = 45

SCENES = [
    Scene(
        protocol="lifx",
        transport="udp",
        port=56700,
        talk=[
            client(message(2, 1)),
            server(message(3, 1, b"\x01" + struct.pack("<I", 56700))),
            client(message(14, 2)),
            server(message(15, 2, bytes(16) + struct.pack("<HH", 70, 3))),
            client(message(32, 3)),
            server(message(33, 3, struct.pack("<III", 1, 97, 0))),
            client(message(23, 4)),
            server(message(25, 4, b"Hall".ljust(32, b"\0"))),
            client(message(21, 5, struct.pack("<H", 65535))),
            server(message(_ACK, 5)),
            client(
                message(
                    305, 6, b"\x02" + b"plant".ljust(32, b"\0") + b"s3cret-wifi".ljust(64, b"\0") + b"\x05"
                )
            ),
            client(message(102, 7, bytes(13))),
        ],
        facts={
            ("server", "vendor", "LIFX"),
            ("server", "role", "iot"),
            ("server", "firmware", "3.70"),
            ("server", "product", "product 97"),
            ("server", "name", "Hall"),
        },
        operations=[
            ("get_service", "discover", "accepted"),
            ("set_power", "write", "accepted"),
            ("set_access_point", "configure", "unknown"),
            ("set_color", "write", "unknown"),
        ],
        credentials=[("psk", "plant", "s3cret-wifi", "unknown")],
    )
]
