"""DLMS/COSEM: a password that is refused and one that is taken, identity, the load switched, a secret set."""

import struct

from tests.probes.scene import Scene, Turn, client, server

CONTEXT = bytes.fromhex("a109060760857405080101")
"""Application context: logical names, no ciphering."""
INITIATE = bytes.fromhex("be10040e01000000065f1f0400007e1f04b0")
ADMIN, METER = 1, 1


def wrapped(source: int, target: int, apdu: bytes) -> bytes:
    return struct.pack(">HHHH", 1, source, target, len(apdu)) + apdu


def crc(data: bytes) -> bytes:
    """Frame check sequence of HDLC (X.25)."""
    value = 0xFFFF
    for octet in data:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ 0x8408 if value & 1 else value >> 1
    return struct.pack("<H", value ^ 0xFFFF)


def hdlc(ask: bool, apdu: bytes, control: int = 0x10) -> bytes:
    """An information frame between client 1 and server 1; the client's address has one octet."""
    addresses = b"\x03\x03"
    info = (b"\xe6\xe6\x00" if ask else b"\xe6\xe7\x00") + apdu
    length = 2 + len(addresses) + 1 + 2 + len(info) + 2
    head = struct.pack(">H", 0xA000 | length) + addresses + bytes((control,))
    body = head + crc(head) + info
    return b"\x7e" + body + crc(body) + b"\x7e"


def snrm(control: int) -> bytes:
    body = b"\xa0\x07\x03\x03" + bytes((control,))
    return b"\x7e" + body + crc(body) + b"\x7e"


def aarq(password: bytes) -> bytes:
    mechanism = bytes.fromhex("8a0207808b0760857405080201")
    value = bytes((0xAC, len(password) + 2, 0x80, len(password))) + password
    body = CONTEXT + mechanism + value + INITIATE
    return bytes((0x60, len(body))) + body


def aare(result: int, diagnostic: int) -> bytes:
    body = CONTEXT + bytes((0xA2, 3, 2, 1, result, 0xA3, 5, 0xA1, 3, 2, 1, diagnostic))
    return bytes((0x61, len(body))) + body


def access(tag: int, invoke: int, group: int, obis: str, index: int, rest: bytes) -> bytes:
    code = bytes(map(int, obis.split(".")))
    return bytes((tag, 1, 0xC0 | invoke)) + struct.pack(">H", group) + code + bytes((index,)) + rest


def text(value: bytes) -> bytes:
    return bytes((9, len(value))) + value


def talk(ask: object, answer: object) -> list[Turn]:
    """The dialogue, by functions that frame an APDU for each side."""

    def pair(request: bytes, reply: bytes) -> list[Turn]:
        return [client(ask(request)), server(answer(reply))]  # type: ignore[operator]

    def get(invoke: int, obis: str, value: bytes) -> list[Turn]:
        reply = bytes((0xC4, 1, 0xC0 | invoke, 0)) + text(value)
        return pair(access(0xC0, invoke, 1, obis, 2, b"\0"), reply)

    def done(tag: int, invoke: int, result: int = 0) -> bytes:
        return bytes((tag, 1, 0xC0 | invoke, result)) + (b"\0" if tag == 0xC7 else b"")

    return [
        *pair(aarq(b"87654321"), aare(1, 13)),
        *pair(aarq(b"12345678"), aare(0, 0)),
        *get(1, "0.0.42.0.0.255", b"LGZ0012345678901"),
        *get(2, "0.0.96.1.0.255", b"12345678"),
        *get(3, "1.0.0.2.0.255", b"V5.12"),
        *pair(access(0xC3, 4, 70, "0.0.96.3.10.255", 1, b"\x01\x0f\x00"), done(0xC7, 4)),
        *pair(access(0xC3, 5, 70, "0.0.96.3.10.255", 2, b"\x01\x0f\x00"), done(0xC7, 5, 3)),
        *pair(
            access(0xC1, 6, 8, "0.0.1.0.0.255", 2, b"\0" + text(bytes.fromhex("07ea010c010c000000ffc400"))),
            done(0xC5, 6),
        ),
        *pair(
            access(0xC3, 7, 18, "0.0.44.0.0.255", 1, b"\x01\x02\x02" + text(b"FW6") + b"\x06\0\1\0\0"),
            done(0xC7, 7),
        ),
        *pair(access(0xC1, 8, 15, "0.0.40.0.0.255", 7, b"\0" + text(b"newsecret")), done(0xC5, 8)),
    ]


FACTS = {
    ("server", "name", "LGZ0012345678901"),
    ("server", "vendor", "Landis+Gyr"),
    ("server", "serial", "12345678"),
    ("server", "id:meter", "12345678"),
    ("server", "firmware", "V5.12"),
    ("server", "role", "meter"),
    ("server", "sap", "1"),
}
OPERATIONS = [
    ("authenticate_association", "authenticate", "refused"),
    ("authenticate_association", "authenticate", "accepted"),
    ("get", "read", "accepted"),
    ("remote_disconnect", "disconnect-load", "accepted"),
    ("remote_reconnect", "reconnect-load", "refused"),
    ("set_time", "set-time", "accepted"),
    ("image_transfer_initiate", "firmware", "accepted"),
    ("set_lls_secret", "configure", "accepted"),
]
CREDENTIALS = [
    ("password", "", "12345678", "success"),
    ("password", "", "87654321", "failure"),
    ("password", "", "newsecret", "unknown"),
]

SCENES = [
    Scene(
        protocol="dlms",
        transport=transport,
        name=f"wrapper-{transport}",
        port=4059,
        talk=talk(lambda a: wrapped(ADMIN, METER, a), lambda a: wrapped(METER, ADMIN, a)),
        facts=FACTS,
        operations=OPERATIONS,
        credentials=CREDENTIALS,
    )
    for transport in ("tcp", "udp")
] + [
    Scene(
        protocol="dlms",
        transport="tcp",
        name="hdlc",
        port=4061,
        talk=[
            client(snrm(0x93)),
            server(snrm(0x73)),
            *talk(lambda a: hdlc(True, a), lambda a: hdlc(False, a)),
            client(snrm(0x53)),
            server(snrm(0x73)),
        ],
        facts=FACTS,
        operations=OPERATIONS,
        credentials=CREDENTIALS,
    )
]
