"""Kerberos: a password refused, then taken; a ticket for a service, which can be searched offline."""

import struct

from tests.probes.scene import Scene, client, server

REALM = "PLANT.EXAMPLE"
STAMP = bytes(range(56))
PART = b"\x22" * 60


def tlv(tag: int, body: bytes) -> bytes:
    """A value with a definite length (X.690)."""
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    return struct.pack(">BBH", tag, 0x82, len(body)) + body


def _int(value: int) -> bytes:
    return tlv(2, bytes([value]))


def _name(kind: int, *parts: str) -> bytes:
    texts = b"".join(tlv(0x1B, part.encode()) for part in parts)
    return tlv(0x30, tlv(0xA0, _int(kind)) + tlv(0xA1, tlv(0x30, texts)))


def _sealed(etype: int, cipher: bytes) -> bytes:
    return tlv(0x30, tlv(0xA0, _int(etype)) + tlv(0xA2, tlv(4, cipher)))


def _realm(tag: int) -> bytes:
    return tlv(tag, tlv(0x1B, REALM.encode()))


def as_req(user: str) -> bytes:
    """AS-REQ with an encrypted timestamp (RFC 4120, 5.4.1)."""
    proof = tlv(0x30, tlv(0xA1, _int(2)) + tlv(0xA2, tlv(4, _sealed(18, STAMP))))
    body = tlv(0xA0, tlv(3, b"\0\x40\0\0\x10")) + tlv(0xA1, _name(1, user)) + _realm(0xA2)
    body += tlv(0xA3, _name(2, "krbtgt", REALM))
    fields = (
        tlv(0xA1, _int(5)) + tlv(0xA2, _int(10)) + tlv(0xA3, tlv(0x30, proof)) + tlv(0xA4, tlv(0x30, body))
    )
    return tlv(0x6A, tlv(0x30, fields))


def tgs_req(*service: str) -> bytes:
    """TGS-REQ without what it is proved with."""
    body = tlv(0xA0, tlv(3, b"\0\x40\0\0\x10")) + _realm(0xA2) + tlv(0xA3, _name(2, *service))
    return tlv(0x6C, tlv(0x30, tlv(0xA1, _int(5)) + tlv(0xA2, _int(12)) + tlv(0xA4, tlv(0x30, body))))


def reply(tag: int, etype: int, user: str, *service: str) -> bytes:
    """AS-REP (0x6b) or TGS-REP (0x6d) (RFC 4120, 5.4.2)."""
    ticket = (
        tlv(0xA0, _int(5)) + _realm(0xA1) + tlv(0xA2, _name(2, *service)) + tlv(0xA3, _sealed(etype, PART))
    )
    fields = tlv(0xA0, _int(5)) + tlv(0xA1, _int(tag & 31)) + _realm(0xA3) + tlv(0xA4, _name(1, user))
    fields += tlv(0xA5, tlv(0x61, tlv(0x30, ticket))) + tlv(0xA6, _sealed(etype, PART))
    return tlv(tag, tlv(0x30, fields))


def error(code: int) -> bytes:
    """KRB-ERROR (RFC 4120, 5.9.1)."""
    fields = tlv(0xA0, _int(5)) + tlv(0xA1, _int(30)) + tlv(0xA6, _int(code)) + _realm(0xA9)
    return tlv(0x7E, tlv(0x30, fields + tlv(0xAA, _name(2, "krbtgt", REALM))))


_TALK = [
    client(as_req("bob")),
    server(error(24)),
    client(as_req("eng")),
    server(reply(0x6B, 23, "eng", "krbtgt", REALM)),
    client(tgs_req("http", "web.plant.example")),
    server(reply(0x6D, 23, "eng", "http", "web.plant.example")),
]
_SUM, _DATA = PART[:16].hex(), PART[16:].hex()
_CREDENTIALS = [
    ("hash", "bob", f"$krb5pa$18$bob${REALM}${STAMP.hex()}", "failure"),
    ("hash", "eng", f"$krb5pa$18$eng${REALM}${STAMP.hex()}", "success"),
    ("hash", "eng", f"$krb5asrep$23$eng@{REALM}:{_SUM}${_DATA}", "success"),
    (
        "hash",
        "http/web.plant.example",
        f"$krb5tgs$23$*web${REALM}$http/web.plant.example*${_SUM}${_DATA}",
        "unknown",
    ),
]
_FACTS = {("server", "domain", REALM), ("server", "role", "domain-controller")}

SCENES = [
    Scene(
        protocol="kerberos",
        transport="udp",
        port=88,
        talk=_TALK,
        facts=_FACTS,
        credentials=_CREDENTIALS,
        events=["refused", "login", "ticket"],
    ),
    Scene(
        protocol="kerberos",
        transport="tcp",
        port=88,
        talk=[(side, struct.pack(">I", len(data)) + data) for side, data in _TALK],
        facts=_FACTS,
        credentials=_CREDENTIALS,
        events=["refused", "login", "ticket"],
    ),
]
