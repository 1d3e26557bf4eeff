"""TRDP: process data is published and pulled, a message is answered and one refused."""

import struct
import zlib

from tests.probes.scene import Scene, client, server


def process(kind: bytes, number: int, data: bytes = b"", reply: int = 0) -> bytes:
    head = struct.pack(">IH2sIIIIIII", 1, 0x0100, kind, number, 0, 0, len(data), 0, reply, 0)
    return head + struct.pack("<I", zlib.crc32(head)) + data


def message(
    kind: bytes, number: int, session: bytes, *, status: int = 0, to: bytes = b"", data: bytes = b""
) -> bytes:
    head = struct.pack(">IH2sIIIIi", 0, 0x0100, kind, number, 0, 0, len(data), status)
    head += session.ljust(16, b"\1") + struct.pack(">I", 2_000_000)
    head += b"driver".ljust(32, b"\0") if kind == b"Mr" else bytes(32)
    head += to.ljust(32, b"\0")
    return head + struct.pack("<I", zlib.crc32(head)) + data.ljust(-(-len(data) // 4) * 4, b"\0")


SCENES = [
    Scene(
        protocol="trdp",
        transport="udp",
        port=17224,
        name="process",
        talk=[
            client(process(b"Pd", 1000, b"\x01\x02\x03\x04")),
            client(process(b"Pr", 2000, reply=2001)),
            server(process(b"Pp", 2001, b"\x05\x06\x07\x08")),
        ],
        facts={("client", "com-id", "1000"), ("server", "com-id", "2001")},
        operations=[("process_data", "other", "unknown"), ("process_data_request", "read", "accepted")],
    ),
    *(
        Scene(
            protocol="trdp",
            transport=transport,
            port=17225,
            name=f"messages-{transport}",
            talk=[
                client(message(b"Mr", 1001, b"a", to=b"doors", data=b"open")),
                server(message(b"Mp", 1001, b"a", data=b"done!")),
                client(message(b"Mr", 1002, b"b", to=b"brakes", data=b"x")),
                server(message(b"Me", 1002, b"b", status=-3)),
                client(message(b"Mn", 1003, b"c", data=b"note")),
            ],
            facts={
                ("client", "uri", "driver"),
                ("client", "com-id", "1003"),
                ("server", "uri", "doors"),
                ("server", "uri", "brakes"),
            },
            operations=[
                ("message_request", "other", "accepted"),
                ("message_request", "other", "refused"),
                ("message_notification", "other", "unknown"),
            ],
        )
        for transport in ("tcp", "udp")
    ),
]
