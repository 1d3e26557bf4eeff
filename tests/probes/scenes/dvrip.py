"""Dahua DVRIP: realm and random, a log-in, JSON inside; another log-in fails."""

import json
import struct
from typing import Any

from tests.probes.scene import Scene, client, server

HASH, OLD = "0123456789ABCDEF0123456789ABCDEF", "FEDCBA9876543210FEDCBA9876543210"


def request(sub: int, body: bytes = b"") -> bytes:
    """A0: 01 asks for realm and random, 05 logs in."""
    return (
        bytes((0xA0, sub, 0, 0))
        + struct.pack("<I", len(body))
        + bytes(16)
        + bytes((5, 2, sub, 1, 0, 0, 0xA1, 0xAA))
        + body
    )


def answer(error: bytes, body: bytes = b"") -> bytes:
    """B0, with its code of error."""
    head = (
        b"\xb0\x00\x00\x58"
        + struct.pack("<I", len(body))
        + error
        + bytes(6)
        + struct.pack("<I", 9)
        + bytes(4)
    )
    return head + b"\x06\x00\xf9\x00" + bytes(4) + body


def rpc(message: dict[str, Any]) -> bytes:
    """F6: JSON."""
    text = json.dumps(message).encode("ascii")
    size = struct.pack("<I", len(text))
    return (
        b"\xf6\0\0\0"
        + size
        + struct.pack("<I", message["id"])
        + bytes(4)
        + size
        + bytes(4)
        + struct.pack("<II", 9, 0)
        + text
    )


_REALM = b"Realm:Login to 2G0012345\r\nRandom:778899\r\n\r\n"


def _login(user: str) -> bytes:
    return request(5, f"{user}&&{HASH}{OLD}".encode())


SCENES = [
    Scene(
        protocol="dvrip",
        transport="tcp",
        port=37777,
        talk=[
            client(request(1)),
            server(answer(b"\x00\x01", _REALM)),
            client(_login("guest")),
            server(answer(b"\x01\x00")),
            client(request(1)),
            server(answer(b"\x00\x01", _REALM)),
            client(_login("admin")),
            server(answer(b"\x00\x08")),
            client(rpc({"id": 1, "method": "magicBox.getSerialNo", "params": None, "session": 9})),
            server(rpc({"id": 1, "params": {"sn": "2G0012345"}, "result": True, "session": 9})),
            server(b"\xbc\0\0\0" + struct.pack("<I", 3000) + bytes(24) + bytes(range(250)) * 12),
            client(rpc({"id": 2, "method": "magicBox.reboot", "params": None, "session": 9})),
            server(rpc({"id": 2, "result": True, "session": 9})),
        ],
        facts={("server", "serial", "2G0012345")},
        operations=[
            ("login", "authenticate", "refused"),
            ("login", "authenticate", "accepted"),
            ("get_serial_number", "identify", "accepted"),
            ("reboot", "restart", "accepted"),
        ],
        credentials=[
            ("hash", "guest", f"guest:Login to 2G0012345:778899:{HASH}", "failure"),
            ("hash", "admin", f"admin:Login to 2G0012345:778899:{HASH}", "success"),
        ],
    )
]
