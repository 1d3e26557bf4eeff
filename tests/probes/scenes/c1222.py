"""ANSI C12.22: a log-on with its password, identity, a table write that is refused, procedures."""

import struct

from tests.probes.scene import Scene, Turn, client, server

CALLING, CALLED = bytes.fromhex("2b060104018285638e7f"), bytes.fromhex("607c86f7540116004021")


def tlv(tag: int, body: bytes) -> bytes:
    length = bytes((len(body),)) if len(body) < 0x80 else bytes((0x81, len(body)))
    return bytes((tag,)) + length + body


def message(number: int, service: bytes, *, answers: bool = False) -> bytes:
    """ACSE with AP titles and invocation id, EPSEM in clear."""
    called, calling = (CALLING, CALLED) if answers else (CALLED, CALLING)
    epsem = b"\x80" + bytes((len(service),)) + service
    body = tlv(0xA2, tlv(6, called))
    if answers:
        body += tlv(0xA4, tlv(2, struct.pack(">H", number)))
    body += tlv(0xA6, tlv(6, calling)) + tlv(0xA8, tlv(2, struct.pack(">H", number)))
    return tlv(0x60, body + tlv(0xBE, tlv(0x28, tlv(0x81, epsem))))


def pair(number: int, ask: bytes, answer: bytes = b"\0") -> list[Turn]:
    return [client(message(number, ask)), server(message(number, answer, answers=True))]


def checked(data: bytes) -> bytes:
    """Count, data, and the check octet of a table."""
    return struct.pack(">H", len(data)) + data + bytes((-sum(data) & 0xFF,))


def procedure(number: int) -> bytes:
    return b"\x40\x00\x07" + checked(struct.pack("<HB", number, 1))


TABLE_1 = b"ITRN" + b"OpenWay\0" + bytes((2, 1, 5, 7)) + b"SN00012345678\0\0\0"
SECRET = b"METERPASS".ljust(20, b"\0")

SCENES = [
    Scene(
        protocol="c1222",
        transport=transport,
        port=1153,
        talk=[
            *pair(257, b"\x20", b"\x00\x03\x01\x00\x00"),
            *pair(258, b"\x50" + struct.pack(">H", 2) + b"operator".ljust(10) + b"\x00\x3c", b"\0\0\x3c"),
            *pair(259, b"\x51" + SECRET),
            *pair(260, b"\x30\x00\x01", b"\0" + checked(TABLE_1)),
            *pair(261, b"\x40\x08\x11" + checked(b"\x01\x02"), b"\x03"),
            *pair(262, procedure(10)),
            *pair(263, procedure(21)),
            *pair(264, b"\x52"),
        ],
        facts={
            ("client", "id:c1222", "1.3.6.1.4.1.33507.1919"),
            ("server", "id:c1222", "2.16.124.113620.1.22.0.64.33"),
            ("server", "vendor", "ITRN"),
            ("server", "model", "OpenWay"),
            ("server", "hardware", "2.1"),
            ("server", "firmware", "5.7"),
            ("server", "serial", "SN00012345678"),
            ("server", "role", "meter"),
        },
        operations=[
            ("identify", "identify", "accepted"),
            ("logon", "authenticate", "accepted"),
            ("security", "authenticate", "accepted"),
            ("full_read", "read", "accepted"),
            ("full_write", "write", "refused"),
            ("set_date_time", "set-time", "accepted"),
            ("direct_load_control", "disconnect-load", "accepted"),
            ("logoff", "other", "accepted"),
        ],
        credentials=[("password", "operator", "METERPASS", "success")],
    )
    for transport in ("tcp", "udp")
]
