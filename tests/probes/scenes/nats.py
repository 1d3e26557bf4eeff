"""NATS: a client logs in, subscribes to all, publishes; another is refused."""

from tests.probes.scene import Scene, client, server

_INFO = b'INFO {"server_id":"NDX1","server_name":"hub","version":"2.9.1","auth_required":true,"max_payload":1048576}\r\n'
_FACTS = {("server", "id:nats", "NDX1"), ("server", "name", "hub"), ("server", "product", "NATS server")}


def connect(user: str, secret: str) -> bytes:
    return (
        f'CONNECT {{"verbose":false,"pedantic":false,"user":"{user}","pass":"{secret}","lang":"go",'
        '"name":"gateway"}\r\nPING\r\n'
    ).encode()


_CLIENT = {("client", "client_name", "gateway"), ("client", "client_library", "go")}

SCENES = [
    Scene(
        protocol="nats",
        transport="tcp",
        port=4222,
        talk=[
            server(_INFO),
            client(connect("plant", "s3cret")),
            server(b"PONG\r\n"),
            client(b"SUB > 1\r\nPUB line.speed 5\r\n12.50\r\n"),
            server(b"MSG line.speed 1 5\r\n12.50\r\n"),
        ],
        facts=_FACTS | _CLIENT,
        operations=[
            ("connect", "authenticate", "accepted"),
            ("subscribe", "subscribe", "unknown"),
            ("publish", "write", "unknown"),
        ],
        credentials=[("password", "plant", "s3cret", "success")],
    ),
    Scene(
        protocol="nats",
        name="refused",
        transport="tcp",
        port=4222,
        talk=[
            server(_INFO),
            client(connect("plant", "guess")),
            server(b"-ERR 'Authorization Violation'\r\n"),
        ],
        facts=_FACTS | _CLIENT,
        operations=[("connect", "authenticate", "refused")],
        credentials=[("password", "plant", "guess", "failure")],
    ),
]
