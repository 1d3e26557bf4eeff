"""AMQP: 0-9-1 with RabbitMQ's properties and its refusal, 1.0 with SASL."""

import struct

from tests.probes.scene import Scene, client, server


def short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def long(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def table(**entries: str) -> bytes:
    return long(b"".join(short(name) + b"S" + long(value.encode()) for name, value in entries.items()))


def method(class_id: int, method_id: int, body: bytes, channel: int = 0) -> bytes:
    payload = struct.pack(">HH", class_id, method_id) + body
    return struct.pack(">BHI", 1, channel, len(payload)) + payload + b"\xce"


def performative(code: int, *fields: bytes, sasl: bool = False) -> bytes:
    items = b"".join(fields)
    body = bytes([0, 0x53, code, 0xC0, len(items) + 1, len(fields)]) + items
    return struct.pack(">IBBH", 8 + len(body), 2, int(sasl), 0) + body


def symbol(text: str) -> bytes:
    return b"\xa3" + short(text)


def binary(data: bytes) -> bytes:
    return bytes([0xA0, len(data)]) + data


_HEADER = b"AMQP\x00\x00\x09\x01"
_START = method(
    10, 10,
    b"\0\x09" + table(product="RabbitMQ", version="3.12.1", platform="Erlang/OTP 25", cluster_name="rabbit@hub")
    + long(b"PLAIN AMQPLAIN") + long(b"en_US"),
)  # fmt: skip
_FACTS = {
    ("server", "broker", "RabbitMQ 3.12.1"),
    ("server", "platform", "Erlang/OTP 25"),
    ("server", "name", "rabbit@hub"),
    ("client", "client_product", "pika 1.3"),
}


def start_ok(user: str, secret: str) -> bytes:
    body = (
        table(product="pika", version="1.3")
        + short("PLAIN")
        + long(f"\0{user}\0{secret}".encode())
        + short("en_US")
    )
    return method(10, 11, body)


_ONE, _SASL = b"AMQP\x00\x01\x00\x00", b"AMQP\x03\x01\x00\x00"

SCENES = [
    Scene(
        protocol="amqp",
        name="0-9-1",
        transport="tcp",
        port=5672,
        talk=[
            client(_HEADER),
            server(_START),
            client(start_ok("plant", "s3cret")),
            server(method(10, 30, struct.pack(">HIH", 2047, 131072, 60))),
            client(
                method(10, 31, struct.pack(">HIH", 2047, 131072, 60)) + method(10, 40, short("/") + b"\0\0")
            ),
            client(method(50, 40, b"\0\0" + short("alarms") + b"\0", 1)),
            client(method(60, 40, b"\0\0" + short("line") + short("speed") + b"\0", 1)),
            server(struct.pack(">BHI", 8, 0, 0) + b"\xce"),
        ],
        facts=_FACTS,
        operations=[
            ("authenticate", "authenticate", "accepted"),
            ("open", "other", "unknown"),
            ("queue_delete", "configure", "unknown"),
            ("basic_publish", "write", "unknown"),
        ],
        credentials=[("password", "plant", "s3cret", "success")],
    ),
    Scene(
        protocol="amqp",
        name="refused",
        transport="tcp",
        port=5672,
        talk=[
            client(_HEADER),
            server(_START),
            client(start_ok("guest", "guess")),
            server(method(10, 50, struct.pack(">H", 403) + short("ACCESS_REFUSED") + bytes(4))),
        ],
        facts=_FACTS,
        operations=[("authenticate", "authenticate", "refused")],
        credentials=[("password", "guest", "guess", "failure")],
    ),
    Scene(
        protocol="amqp",
        name="1.0",
        transport="tcp",
        port=5672,
        talk=[
            client(_SASL),
            server(
                _SASL + performative(0x40, b"\xe0\x07\x01\xa3\x05PLAIN"[:2] + b"\x01\xa3\x05PLAIN", sasl=True)
            ),
            client(performative(0x41, symbol("PLAIN"), binary(b"\0plant\0s3cret"), sasl=True)),
            server(performative(0x44, b"\x50\x00", sasl=True)),
            client(_ONE + performative(0x10, b"\xa1" + short("gateway-1"))),
            server(_ONE + performative(0x10, b"\xa1" + short("broker-1"))),
        ],
        facts={("client", "container_id", "gateway-1"), ("server", "container_id", "broker-1")},
        operations=[("authenticate", "authenticate", "accepted")],
        credentials=[("password", "plant", "s3cret", "success")],
    ),
]
