"""LDAP: a bind with a password, the root entry, a password set, an entry that may not be deleted."""

from tests.probes.scene import Scene, client, server
from tests.probes.scenes.kerberos import tlv

CHANGE = b"\x0a\x01\x02"


def _text(text: str) -> bytes:
    return tlv(4, text.encode())


def message(number: int, operation: bytes) -> bytes:
    """LDAPMessage (RFC 4511, 4.1.1)."""
    return tlv(0x30, b"\x02\x01" + bytes([number]) + operation)


def result(number: int, tag: int, code: int) -> bytes:
    """LDAPResult (RFC 4511, 4.1.9)."""
    return message(number, tlv(tag, b"\x0a\x01" + bytes([code]) + _text("") + _text("")))


def bind(number: int, name: str, password: str) -> bytes:
    """A simple bind."""
    return message(number, tlv(0x60, b"\x02\x01\x03" + _text(name) + tlv(0x80, password.encode())))


def attribute(name: str, value: str) -> bytes:
    """PartialAttribute."""
    return tlv(0x30, _text(name) + tlv(0x31, _text(value)))


_SEARCH = (
    _text("") + bytes.fromhex("0a01000a0100020100020100010100") + tlv(0x87, b"objectClass") + tlv(0x30, b"")
)
_ROOT = attribute("dnsHostName", "dc1.plant.example") + attribute(
    "defaultNamingContext", "DC=plant,DC=example"
)
_SET = tlv(0x30, tlv(0x30, CHANGE + attribute("userPassword", "newpass")))

SCENES = [
    Scene(
        protocol="ldap",
        transport="tcp",
        port=389,
        talk=[
            client(bind(1, "cn=bob,dc=plant", "guess")),
            server(result(1, 0x61, 49)),
            client(bind(2, "cn=eng,dc=plant", "s3cret")),
            server(result(2, 0x61, 0)),
            client(message(3, tlv(0x63, _SEARCH))),
            server(message(3, tlv(0x64, _text("") + tlv(0x30, _ROOT))) + result(3, 0x65, 0)),
            client(message(4, tlv(0x66, _text("uid=joe,dc=plant") + _SET))),
            server(result(4, 0x67, 0)),
            client(message(5, tlv(0x4A, b"uid=old,dc=plant"))),
            server(result(5, 0x6B, 50)),
            client(message(6, tlv(0x42, b""))),
        ],
        facts={("server", "hostname", "dc1.plant.example"), ("server", "domain", "plant.example")},
        operations=[
            ("search", "read", "accepted"),
            ("modify", "configure", "accepted"),
            ("delete", "configure", "refused"),
        ],
        credentials=[
            ("password", "cn=bob,dc=plant", "guess", "failure"),
            ("password", "cn=eng,dc=plant", "s3cret", "success"),
            ("password", "uid=joe,dc=plant", "newpass", "success"),
        ],
        events=["bind"],
    )
]
