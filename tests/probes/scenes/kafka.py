"""Kafka: versions, SASL PLAIN good and bad, a topic deleted."""

import struct

from tests.probes.scene import Scene, client, server


def request(key: int, version: int, correlation: int, body: bytes) -> bytes:
    rest = struct.pack(">HHI", key, version, correlation) + struct.pack(">H", 7) + b"gateway" + body
    return struct.pack(">I", len(rest)) + rest


def answer(correlation: int, body: bytes) -> bytes:
    return struct.pack(">II", 4 + len(body), correlation) + body


def plain(user: bytes, secret: bytes) -> bytes:
    octets = b"\0" + user + b"\0" + secret
    return struct.pack(">I", len(octets)) + octets


_HANDSHAKE = struct.pack(">H", 5) + b"PLAIN"

SCENES = [
    Scene(
        protocol="kafka",
        transport="tcp",
        port=9092,
        talk=[
            client(request(17, 1, 1, _HANDSHAKE)),
            server(answer(1, struct.pack(">HI", 0, 1) + _HANDSHAKE)),
            client(request(36, 0, 2, plain(b"plant", b"guess"))),
            server(answer(2, struct.pack(">hhI", 58, -1, 0))),
            client(request(36, 0, 3, plain(b"plant", b"s3cret"))),
            server(answer(3, struct.pack(">hhI", 0, -1, 0))),
            client(request(20, 0, 4, struct.pack(">IH", 1, 4) + b"line" + struct.pack(">I", 1000))),
            server(answer(4, struct.pack(">IH", 1, 4) + b"line" + struct.pack(">h", 0))),
        ],
        facts={("client", "client_id", "gateway")},
        operations=[
            ("sasl_authenticate", "authenticate", "refused"),
            ("sasl_authenticate", "authenticate", "accepted"),
            ("delete_topics", "configure", "accepted"),
        ],
        credentials=[("password", "plant", "guess", "failure"), ("password", "plant", "s3cret", "success")],
    )
]
