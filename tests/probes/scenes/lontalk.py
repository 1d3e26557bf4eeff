"""LonTalk over IP: a variable is written, a node set off-line, its memory write refused."""

import struct

from tests.probes.scene import Scene, client, server


def message(kind: int, body: bytes) -> bytes:
    return struct.pack(">HBBBBHIII", 20 + len(body), 1, kind, 0, 0, 0, 9, 1, 0) + body


def packet(
    layer: int, by: tuple[int, int], to: tuple[int, int], kind: int, transaction: int, apdu: bytes
) -> bytes:
    """From node to node in domain 42: layer 0 transport, 1 session."""
    head = bytes((0, layer << 4 | 2 << 2 | 1, by[0], 0x80 | by[1], to[0], 0x80 | to[1], 0x42))
    return message(1, head + bytes((kind << 4 | transaction,)) + apdu)


A, B = (1, 5), (2, 7)

SCENES = [
    Scene(
        protocol="lontalk",
        transport="udp",
        port=1628,
        talk=[
            client(packet(0, A, B, 0, 3, b"\x80\x05\x01")),
            server(packet(0, B, A, 2, 3, b"")),
            client(packet(1, A, B, 0, 4, b"\x6c\x00")),
            server(packet(1, B, A, 2, 4, b"\x2c")),
            client(packet(1, A, B, 0, 5, b"\x6e\x00\x10\x00\x01\x00\x07")),
            server(packet(1, B, A, 2, 5, b"\x0e")),
            client(packet(1, A, B, 0, 6, b"\x61\x00")),
            server(packet(1, B, A, 2, 6, b"\x21" + bytes.fromhex("050123456789"))),
        ],
        facts={("client", "domain", "42"), ("client", "node", "1/5"), ("server", "node", "2/7")},
        operations=[
            ("network_variable_update", "write", "accepted"),
            ("set_node_mode", "change-mode", "accepted"),
            ("write_memory", "download", "refused"),
            ("query_id", "identify", "accepted"),
        ],
    )
]
