"""PROFINET IO: a controller connects to a device, writes a record, reads its I&M0, releases it."""

import struct
from uuid import UUID

from tests.probes.scene import Scene, Turn, client, server

_INTERFACE = UUID("dea00001-6c97-11d1-8271-00a02442df7d")
_OBJECT = UUID("dea00000-6c97-11d1-8271-0001010d002a")
_ACTIVITY = UUID("35fda900-358a-1212-8004-001c060b26ed")


def pdu(kind: int, operation: int, sequence: int, body: bytes) -> bytes:
    head = bytes([4, kind, 0x20, 0, 0, 0, 0, 0]) + _OBJECT.bytes + _INTERFACE.bytes + _ACTIVITY.bytes
    head += struct.pack(">IIIHHHHHBB", 0, 1, sequence, operation, 0xFFFF, 0xFFFF, len(body), 0, 0, 0)
    return head + body


def block(kind: int, data: bytes) -> bytes:
    return struct.pack(">HHBB", kind, len(data) + 2, 1, 0) + data


def arguments(blocks: bytes, status: int = 0) -> bytes:
    return struct.pack(">IIIII", status, len(blocks), len(blocks), 0, len(blocks)) + blocks


def record(kind: int, index: int) -> bytes:
    where = struct.pack(">IHHHH", 0, 0, 1, 0, index)
    return block(kind, struct.pack(">H", 1) + _ACTIVITY.bytes + where + struct.pack(">I", 64) + bytes(24))


_STATION = b"plc-station-1"
_AR = struct.pack(">H", 1) + _ACTIVITY.bytes + struct.pack(">H", 1) + bytes.fromhex("020000000901")
_AR += _OBJECT.bytes + struct.pack(">IHHH", 0x11, 600, 0x8892, len(_STATION)) + _STATION
_IM0 = struct.pack(">H", 0x2A) + b"6ES7 155-6AU01-0BN0".ljust(20) + b"S C-H7N12345".ljust(16)
_IM0 += struct.pack(">HcBBB", 3, b"V", 4, 2, 1) + bytes(12)

_TALK: list[Turn] = [
    client(pdu(0, 0, 0, arguments(block(0x0101, _AR)))),
    server(pdu(2, 0, 0, arguments(b""))),
    client(pdu(0, 3, 1, arguments(record(0x0008, 0x1000)))),
    server(pdu(2, 3, 1, arguments(b"", status=0xDF80B000))),
    client(pdu(0, 4, 2, arguments(block(0x0110, bytes(22) + b"\0\1\0\0")))),
    server(pdu(2, 4, 2, arguments(b""))),
    client(pdu(0, 2, 3, arguments(record(0x0009, 0xAFF0)))),
    server(pdu(2, 2, 3, arguments(record(0x8009, 0xAFF0) + block(0x0020, _IM0)))),
    client(pdu(0, 1, 4, arguments(block(0x0114, bytes(22) + b"\0\4\0\0")))),
    server(pdu(2, 1, 4, arguments(b""))),
]

SCENES = [
    Scene(
        protocol="profinet-io",
        transport="udp",
        port=34964,
        talk=_TALK,
        facts={
            ("client", "name", "plc-station-1"),
            ("client", "role", "plc"),
            ("server", "role", "io-device"),
            ("server", "device-id", "002a:010d"),
            ("server", "vendor", "Siemens AG"),
            ("server", "model", "6ES7 155-6AU01-0BN0"),
            ("server", "serial", "S C-H7N12345"),
            ("server", "hardware", "3"),
            ("server", "firmware", "V4.2.1"),
        },
        operations=[
            ("connect", "configure", "accepted"),
            ("write", "write", "refused"),
            ("control", "other", "accepted"),
            ("read", "read", "accepted"),
            ("release", "configure", "accepted"),
        ],
    )
]
