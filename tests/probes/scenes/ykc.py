"""Yunkuaichong: a pile logs in, charges, is stopped, restarted and updated."""

from sentinel.probes.dialogue import crc16
from tests.probes.scene import Scene, client, server

PILE = bytes.fromhex("55031412782305")


def frame(kind: int, body: bytes, serial: int = 1) -> bytes:
    """A frame, not enciphered."""
    content = serial.to_bytes(2, "little") + b"\x00" + bytes((kind,)) + body
    return bytes((0x68, len(content))) + content + crc16(content).to_bytes(2, "little")


_LOGIN = PILE + b"\x00\x02\x0f" + b"V4.1.50\0" + b"\x01" + bytes.fromhex("89860123456789012345") + b"\x04"
_START = bytes(16) + PILE + b"\x01" + bytes(20)
_UPDATE = (
    PILE + b"\x01\x00\x00" + b"10.0.0.9".ljust(16, b"\0") + (21).to_bytes(2, "little") + b"ftpuser".ljust(16, b"\0")
    + b"ftp#pass".ljust(16, b"\0") + b"/fw.bin".ljust(32, b"\0") + b"\x01\x0a"
)  # fmt: skip

SCENES = [
    Scene(
        protocol="ykc",
        transport="tcp",
        port=8767,
        talk=[
            client(frame(0x01, _LOGIN)),
            server(frame(0x02, PILE + b"\x00")),
            server(frame(0x34, _START)),
            client(frame(0x33, bytes(16) + PILE + b"\x01\x01\x00")),
            server(frame(0x36, PILE + b"\x01")),
            client(frame(0x35, PILE + b"\x01\x00\x02")),
            server(frame(0x56, PILE + bytes(7))),
            client(frame(0x55, PILE + bytes(7))),
            server(frame(0x94, _UPDATE)),
            client(frame(0x93, PILE + b"\x00")),
            server(frame(0x92, PILE + b"\x01")),
            client(frame(0x91, PILE + b"\x01")),
        ],
        facts={
            ("client", "role", "charger"),
            ("client", "id:pile", PILE.hex()),
            ("client", "charger_type", "DC"),
            ("client", "protocol_version", "1.5"),
            ("client", "firmware", "V4.1.50"),
            ("client", "id:sim", "89860123456789012345"),
        },
        operations=[
            ("pile_login", "authenticate", "accepted"),
            ("remote_start", "start", "accepted"),
            ("remote_stop", "stop", "refused"),
            ("set_time", "set-time", "accepted"),
            ("remote_update", "firmware", "accepted"),
            ("remote_restart", "restart", "accepted"),
        ],
        credentials=[
            ("user", PILE.hex(), "", "success"),
            ("password", "ftpuser", "ftp#pass", "success"),
        ],
    )
]
