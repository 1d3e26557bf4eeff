"""RTPS: participants announce themselves and what they write, in both orders of octets."""

import struct

from tests.probes.scene import Scene, client, server

ORDER = {True: "<", False: ">"}


def parameters(little: bool, *items: tuple[int, bytes]) -> bytes:
    """An encapsulated parameter list with its sentinel."""
    out = b"\0\x03\0\0" if little else b"\0\x02\0\0"
    for number, value in (*items, (1, b"")):
        value += bytes(-len(value) % 4)
        out += struct.pack(ORDER[little] + "HH", number, len(value)) + value
    return out


def text(little: bool, value: bytes) -> bytes:
    value += b"\0"
    return struct.pack(ORDER[little] + "I", len(value)) + value + bytes(-len(value) % 4)


def message(little: bool, vendor: int, prefix: bytes, writer: int, payload: bytes) -> bytes:
    """Header and one DATA submessage of a built-in writer."""
    body = struct.pack(ORDER[little] + "HH", 0, 16) + struct.pack(">II", 0, writer)
    body += struct.pack(ORDER[little] + "iI", 0, 1) + payload
    head = b"RTPS\x02\x03" + struct.pack(">H", vendor) + prefix
    return head + struct.pack(ORDER[little] + "BBH", 0x15, 4 | little, len(body)) + body


A, B = bytes.fromhex("010f00112233445566778899"), bytes.fromhex("010100112233445566778800")
HOSTNAME = text(True, b"__Hostname") + text(True, b"robot-arm-3")
PROPERTIES = struct.pack("<I", 1) + HOSTNAME
NAME = (0x62, text(True, b"arm_controller"))
TOPIC = ((5, text(False, b"rt/cmd_vel")), (7, text(False, b"geometry_msgs::msg::Twist")))

SCENES = [
    Scene(
        protocol="rtps",
        transport="udp",
        port=7400,
        talk=[
            client(message(True, 0x0110, A, 0x000100C2, parameters(True, NAME, (0x59, PROPERTIES)))),
            server(
                message(
                    False,
                    0x0101,
                    B,
                    0x000100C2,
                    parameters(False, (0xF, struct.pack(">I", 3)), (0x1001, b"\0" * 4)),
                )
            ),
            server(message(False, 0x0101, B, 0x000003C2, parameters(False, *TOPIC))),
        ],
        facts={
            ("client", "id:dds", A.hex()),
            ("client", "dds-vendor", "Eclipse Cyclone DDS"),
            ("client", "dds-version", "2.3"),
            ("client", "participant", "arm_controller"),
            ("client", "hostname", "robot-arm-3"),
            ("server", "id:dds", B.hex()),
            ("server", "dds-vendor", "RTI Connext DDS"),
            ("server", "dds-version", "2.3"),
            ("server", "domain", "3"),
            ("server", "security", "dds-security"),
            ("server", "topic", "rt/cmd_vel (geometry_msgs::msg::Twist)"),
        },
        operations=[
            ("announce_participant", "discover", "unknown"),
            ("announce_writer", "discover", "unknown"),
        ],
    )
]
