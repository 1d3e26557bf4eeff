"""SOME/IP: a service is offered, subscribed to and called."""

import struct

from tests.probes.scene import Scene, client, server


def message(
    service: int, method: int, kind: int, payload: bytes = b"", *, session: int = 1, code: int = 0
) -> bytes:
    head = struct.pack(">HHIHHBBBB", service, method, 8 + len(payload), 0x0101, session, 1, 2, kind, code)
    return head + payload


def entry(kind: int, group: int = 0, ttl: int = 3, options: int = 0) -> bytes:
    word = struct.pack(">I", group)
    return struct.pack(">BBBBHHB", kind, 0, 0, options << 4, 0x1234, 1, 2) + ttl.to_bytes(3, "big") + word


def discovery(entries: bytes, options: bytes = b"") -> bytes:
    body = (
        b"\xc0\0\0\0" + struct.pack(">I", len(entries)) + entries + struct.pack(">I", len(options)) + options
    )
    return message(0xFFFF, 0x8100, 2, body)


ENDPOINT = struct.pack(">HBB4sBBH", 9, 4, 0, bytes((10, 9, 0, 2)), 0, 0x11, 30501)

SCENES = [
    Scene(
        protocol="someip",
        transport="udp",
        port=30490,
        name="discovery",
        talk=[
            client(discovery(entry(0))),
            server(discovery(entry(1, options=1), ENDPOINT)),
            client(discovery(entry(6, 0x10))),
            server(discovery(entry(7, 0x10))),
            client(discovery(entry(6, 0x11))),
            server(discovery(entry(7, 0x11, ttl=0))),
        ],
        facts={
            ("server", "service", "0x1234.0x0001 v2.0"),
            ("server", "endpoint", "udp 10.9.0.2:30501"),
            ("server", "eventgroup", "0x1234.0x0010"),
        },
        operations=[
            ("find_service", "discover", "unknown"),
            ("subscribe_eventgroup", "subscribe", "accepted"),
            ("subscribe_eventgroup", "subscribe", "refused"),
        ],
    ),
    *(
        Scene(
            protocol="someip",
            transport=transport,
            port=30501,
            name=f"calls-{transport}",
            talk=[
                client(message(0x1234, 1, 0, b"\x01\x02")),
                server(message(0x1234, 1, 0x80, b"\x2a")),
                client(message(0x1234, 2, 0, b"\x07", session=2)),
                server(message(0x1234, 2, 0x81, session=2, code=3)),
                client(message(0x1234, 3, 1, b"\x00", session=3)),
                server(message(0x1234, 0x8001, 2, b"\x00\x01")),
            ],
            operations=[
                ("request", "other", "accepted"),
                ("request", "other", "refused"),
                ("request_no_return", "other", "unknown"),
                ("notification", "other", "unknown"),
            ],
        )
        for transport in ("udp", "tcp")
    ),
]
