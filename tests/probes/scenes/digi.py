"""Digi ADDP: a serial server is found, given an address with a wrong password, restarted with the right one."""

import struct

from tests.probes.scene import Scene, client, server

MAC = bytes.fromhex("020000000902")


def message(kind: int, body: bytes) -> bytes:
    return b"DIGI" + struct.pack(">HH", kind, len(body)) + body


def field(kind: int, value: bytes) -> bytes:
    return bytes([kind, len(value)]) + value


def secret(text: bytes) -> bytes:
    return bytes([len(text)]) + text


_ADDRESS = bytes([10, 9, 0, 2, 255, 255, 255, 0, 10, 9, 0, 1])

SCENES = [
    Scene(
        protocol="digi",
        transport="udp",
        port=2362,
        talk=[
            client(message(1, b"\xff" * 6)),
            server(
                message(
                    2,
                    field(1, MAC)
                    + field(4, b"gate-serial")
                    + field(0x0D, b"PortServer TS 4")
                    + field(8, b"Version 82000747_U1")
                    + field(7, b"\x00\x03")
                    + field(0x12, b"\x04"),
                )
            ),
            client(message(3, _ADDRESS + MAC + secret(b"wrong"))),
            server(message(4, field(1, MAC) + field(0x0A, b"\xff"))),
            client(message(5, MAC + secret(b"dbps"))),
            server(message(6, field(1, MAC) + field(0x0A, b"\x00"))),
        ],
        facts={
            ("server", "vendor", "Digi International"),
            ("server", "role", "serial-server"),
            ("server", "hostname", "gate-serial"),
            ("server", "product", "PortServer TS 4"),
            ("server", "firmware", "Version 82000747_U1"),
            ("server", "hardware", "3"),
            ("server", "serial_ports", "4"),
        },
        operations=[
            ("configuration_request", "discover", "accepted"),
            ("set_address", "set-address", "refused"),
            ("reboot", "restart", "accepted"),
        ],
        credentials=[("password", "", "wrong", "failure"), ("password", "", "dbps", "success")],
    )
]
