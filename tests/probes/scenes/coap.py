"""CoAP: a device registers and is managed by LwM2M, plain resources, Shelly's announcement; over UDP and TCP."""

import struct

from tests.probes.scene import Scene, client, server

CON, NON, ACK = 0, 1, 2
GET, POST, PUT, CREATED, CHANGED, CONTENT, NOT_FOUND, UNAUTHORIZED = (
    0x01, 0x02, 0x03, 0x41, 0x44, 0x45, 0x84, 0x81,
)  # fmt: skip
CSM = 0xE1
URI_PATH, FORMAT, URI_QUERY, DEVICE, VALIDITY, SERIAL = 11, 12, 15, 3332, 3412, 3420


def options(*pairs: tuple[int, bytes]) -> bytes:
    """Options in order, deltas and lengths as RFC 7252 section 3.1 has them."""

    def short(n: int) -> tuple[int, bytes]:
        if n < 13:
            return n, b""
        return (13, bytes([n - 13])) if n < 269 else (14, struct.pack(">H", n - 269))

    out, last = b"", 0
    for number, value in pairs:
        (d, more), (n, longer) = short(number - last), short(len(value))
        out += bytes([d << 4 | n]) + more + longer + value
        last = number
    return out


def path(text: str) -> list[tuple[int, bytes]]:
    return [(URI_PATH, part.encode()) for part in text.strip("/").split("/")]


def udp(kind: int, code: int, number: int, opts: bytes = b"", payload: bytes = b"") -> bytes:
    token = struct.pack(">H", number)
    head = bytes([0x40 | kind << 4 | len(token), code]) + struct.pack(">H", number)
    return head + token + opts + (b"\xff" + payload if payload else b"")


def tcp(code: int, number: int, opts: bytes = b"", payload: bytes = b"") -> bytes:
    token = struct.pack(">H", number) if code < 0xE0 else b""
    body = opts + (b"\xff" + payload if payload else b"")
    n = len(body)
    size = bytes([n << 4 | len(token)]) if n < 13 else bytes([0xD0 | len(token), n - 13])
    return size + bytes([code]) + token + body


def resource(number: int, value: bytes) -> bytes:
    """A resource in OMA TLV with eight bits of length."""
    return bytes([0xC8, number, len(value)]) + value


_TLV = (FORMAT, struct.pack(">H", 11542))
_DEVICE = (
    resource(0, b"Acme Metering") + resource(1, b"AM-200") + resource(2, b"SN00042") + resource(3, b"2.1.7")
)
_KEYS = (
    resource(0, b"coaps://10.9.0.2")
    + resource(3, b"meter-42")
    + resource(5, bytes.fromhex("00112233445566778899aabbccddeeff"))
)
_REGISTER = options(
    *path("rd"), (FORMAT, b"\x28"), (URI_QUERY, b"ep=urn:imei:490154203237518"), (URI_QUERY, b"lt=300"),
    (URI_QUERY, b"lwm2m=1.1"), (URI_QUERY, b"b=U"),
)  # fmt: skip

_ENDPOINT = {
    ("client", "id:lwm2m", "urn:imei:490154203237518"),
    ("client", "id:imei", "490154203237518"),
    ("client", "lifetime", "300"),
    ("client", "lwm2m_version", "1.1"),
    ("client", "binding", "U"),
    ("client", "role", "iot"),
}

SCENES = [
    Scene(
        protocol="coap",
        name="lwm2m",
        inner=("lwm2m",),
        transport="udp",
        port=5683,
        talk=[
            client(udp(CON, POST, 1, _REGISTER, b"</1/0>,</3/0>,</5/0>")),
            server(udp(ACK, CREATED, 1, options((8, b"rd"), (8, b"5a3f")))),
            server(udp(CON, GET, 2, options(*path("3/0")))),
            client(udp(ACK, CONTENT, 2, options(_TLV), _DEVICE)),
            server(udp(CON, PUT, 3, options(*path("5/0/1")), b"coap://10.9.0.2/fw.bin")),
            client(udp(ACK, CHANGED, 3)),
            server(udp(CON, POST, 4, options(*path("5/0/2")))),
            client(udp(ACK, CHANGED, 4)),
            server(udp(CON, POST, 5, options(*path("3/0/5")))),
            client(udp(ACK, UNAUTHORIZED, 5)),
            server(udp(CON, PUT, 6, options(*path("0/1"), _TLV), _KEYS)),
            client(udp(ACK, CHANGED, 6)),
            server(udp(CON, POST, 7, options(*path("3/0/4")))),
            client(udp(ACK, CHANGED, 7)),
        ],
        facts=_ENDPOINT
        | {
            ("client", "vendor", "Acme Metering"),
            ("client", "model", "AM-200"),
            ("client", "serial", "SN00042"),
            ("client", "firmware", "2.1.7"),
        },
        operations=[
            ("register", "identify", "accepted"),
            ("read", "read", "accepted"),
            ("firmware_package_uri", "firmware", "accepted"),
            ("firmware_update", "firmware", "accepted"),
            ("factory_reset", "factory-reset", "refused"),
            ("write_security", "configure", "accepted"),
            ("reboot", "restart", "accepted"),
        ],
        credentials=[("psk", "meter-42", "00112233445566778899aabbccddeeff", "success")],
    ),
    Scene(
        protocol="coap",
        name="plain",
        transport="udp",
        port=5683,
        talk=[
            client(udp(CON, GET, 1, options(*path(".well-known/core")))),
            server(udp(ACK, CONTENT, 1, options((FORMAT, b"\x28")), b'</light>;rt="core.lt"')),
            client(udp(CON, PUT, 2, options(*path("light/on")), b"1")),
            server(udp(ACK, CHANGED, 2)),
            client(udp(NON, GET, 3, options((6, b""), *path("light/state")))),
            server(udp(NON, NOT_FOUND, 3)),
        ],
        operations=[
            ("discover", "discover", "accepted"),
            ("put", "write", "accepted"),
            ("observe", "subscribe", "refused"),
        ],
    ),
    Scene(
        protocol="coap",
        name="coiot",
        transport="udp",
        port=5683,
        talk=[
            server(
                udp(
                    NON,
                    0x1E,
                    0,
                    options(
                        *path("cit/s"),
                        (DEVICE, b"SHSW-25#020000000902#2"),
                        (VALIDITY, b"\x96\x00"),
                        (SERIAL, b"\x12\x00"),
                    ),
                    b'{"G":[[0,1101,1]]}',
                )
            ),
        ],
        facts={
            ("server", "vendor", "Shelly"),
            ("server", "model", "SHSW-25"),
            ("server", "role", "iot"),
        },
    ),
    Scene(
        protocol="coap",
        name="tcp",
        transport="tcp",
        inner=("lwm2m",),
        port=5683,
        talk=[
            client(tcp(CSM, 0, options((2, b"\x10\x00")))),
            server(tcp(CSM, 0, options((2, b"\x04\x80")))),
            client(tcp(POST, 1, _REGISTER, b"</3/0>")),
            server(tcp(CREATED, 1, options((8, b"rd"), (8, b"7")))),
            server(tcp(POST, 2, options(*path("3/0/4")))),
            client(tcp(CHANGED, 2)),
        ],
        facts=_ENDPOINT,
        operations=[("register", "identify", "accepted"), ("reboot", "restart", "accepted")],
    ),
]
