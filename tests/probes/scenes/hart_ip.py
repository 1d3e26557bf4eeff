"""HART-IP: a session with a wireless gateway, its identity, writes that are taken and refused, a join key."""

import struct

from tests.probes.scene import Scene, client, server

UNIQUE = bytes.fromhex("264e0000d2")
"""Expanded device type 0x264e (Rosemount is maker 0x26), device 210."""


def message(kind: int, number: int, sequence: int, body: bytes = b"") -> bytes:
    """Header of HCF_SPEC-085: version, type, id, status, sequence, length."""
    return struct.pack(">BBBBHH", 1, kind, number, 0, sequence, 8 + len(body)) + body


def pdu(delimiter: int, command: int, data: bytes = b"") -> bytes:
    """A token passing PDU with a unique address and its check octet."""
    out = bytes((delimiter,)) + bytes((UNIQUE[0] | 0x80,)) + UNIQUE[1:] + bytes((command, len(data))) + data
    check = 0
    for octet in out:
        check ^= octet
    return out + bytes((check,))


def ask(sequence: int, command: int, data: bytes = b"") -> bytes:
    return message(0, 3, sequence, pdu(0x82, command, data))


def answer(sequence: int, command: int, data: bytes = b"", code: int = 0) -> bytes:
    return message(1, 3, sequence, pdu(0x86, command, bytes((code, 0)) + data))


def packed(text: str) -> bytes:
    """Packed ASCII: six bits a character."""
    bits = "".join(f"{ord(c) & 0x3F:06b}" for c in text)
    return bytes(int(bits[n : n + 8], 2) for n in range(0, len(bits), 8))


IDENTITY = b"\xfe\x26\x4e\x05\x07\x04\x01\x08\x00" + (210).to_bytes(3, "big")
IDENTITY += b"\x05\x02\x00\x02\x00" + struct.pack(">HHB", 38, 38, 132)
DESCRIPTOR = packed("TANK FARM".ljust(16))
LONG_TAG = b"WIHARTGW-7".ljust(32, b"\0")
KEY = bytes.fromhex("445553544e4554574f524b53524f434b")
VARIABLES = bytes.fromhex("0500000000")

SCENES = [
    Scene(
        protocol="hart-ip",
        transport="tcp",
        port=5094,
        talk=[
            client(message(0, 0, 1, struct.pack(">BI", 1, 30_000))),
            server(message(1, 0, 1, struct.pack(">BI", 1, 30_000))),
            client(ask(2, 0)),
            server(answer(2, 0, IDENTITY)),
            client(ask(3, 13)),
            server(answer(3, 13, packed("FT-101  ") + DESCRIPTOR + bytes((1, 1, 124)))),
            client(ask(4, 22, LONG_TAG)),
            server(answer(4, 22, LONG_TAG)),
            client(ask(5, 42)),
            server(answer(5, 42, code=7)),
            client(ask(6, 79, b"\x00\x01" + VARIABLES)),
            server(answer(6, 79, b"\x00\x01" + VARIABLES)),
            client(ask(7, 31, struct.pack(">H", 768) + KEY)),
            server(answer(7, 31, struct.pack(">H", 768) + KEY)),
            client(message(0, 4, 8, b"\0\0" + struct.pack(">HB", 71, 1) + b"\x01")),
            server(message(1, 4, 8, b"\0\0" + struct.pack(">HB", 71, 2) + b"\x00\x01")),
            client(message(0, 1, 9)),
            server(message(1, 1, 9)),
        ],
        facts={
            ("server", "id:hart", "264e0000d2"),
            ("server", "vendor", "Rosemount"),
            ("server", "model", "0x264e"),
            ("server", "firmware", "1"),
            ("server", "hardware", "1"),
            ("server", "serial", "210"),
            ("server", "hart-revision", "7 (device 4)"),
            ("server", "role", "gateway"),
            ("server", "name", "FT-101"),
            ("server", "name", "WIHARTGW-7"),
            ("server", "description", "TANK FARM"),
        },
        operations=[
            ("read_unique_identifier", "identify", "accepted"),
            ("read_tag_descriptor_date", "identify", "accepted"),
            ("write_long_tag", "set-name", "accepted"),
            ("perform_device_reset", "restart", "refused"),
            ("write_device_variable", "force", "accepted"),
            ("write_join_key", "configure", "accepted"),
            ("lock_device", "lock", "accepted"),
        ],
        credentials=[("key", "", KEY.hex(), "unknown")],
        events=["session_close", "perform_device_reset"],
    )
]
