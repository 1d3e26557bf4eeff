"""DICOM: a scanner is let in with a passcode, tests the line, stores an image, asks, and is refused a move."""

import struct

from tests.probes.scene import Scene, client, server

STORAGE = b"1.2.840.10008.5.1.4.1.1.2"


def pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBI", kind, 0, len(body)) + body


def item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(body)) + body


def associate(kind: int, implementation: bytes, version: bytes, extra: bytes = b"") -> bytes:
    user = item(0x51, struct.pack(">I", 16384)) + item(0x52, implementation) + item(0x55, version) + extra
    context = item(0x20, b"\x01\0\0\0" + item(0x30, STORAGE) + item(0x40, b"1.2.840.10008.1.2"))
    items = item(0x10, b"1.2.840.10008.3.1.1.1") + context + item(0x50, user)
    return pdu(kind, b"\0\x01\0\0" + b"ARCHIVE".ljust(16) + b"CT_ROOM2".ljust(16) + bytes(32) + items)


def identity(user: bytes, passcode: bytes) -> bytes:
    body = struct.pack(">BBH", 2, 1, len(user)) + user + struct.pack(">H", len(passcode)) + passcode
    return item(0x58, body)


def element(tag: int, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHI", 0, tag, len(value)) + value


def word(tag: int, value: int) -> bytes:
    return element(tag, struct.pack("<H", value))


def data(control: int, body: bytes) -> bytes:
    return pdu(4, struct.pack(">IBB", len(body) + 2, 1, control) + body)


def command(field: int, number: int, *more: bytes) -> bytes:
    rest = element(2, STORAGE) + word(0x100, field)
    rest += word(0x120 if field & 0x8000 else 0x110, number) + word(0x800, 0x0101) + b"".join(more)
    return data(3, element(0, struct.pack("<I", len(rest))) + rest)


SCENES = [
    Scene(
        protocol="dicom",
        transport="tcp",
        port=104,
        talk=[
            client(associate(1, b"1.3.12.2.1107.5.9.1", b"SIEMENS_VE40", identity(b"scanner", b"s3cret"))),
            server(associate(2, b"1.2.276.0.7230010.3.0.3", b"OFFIS_DCMTK_36")),
            client(command(0x30, 1)),
            server(command(0x8030, 1, word(0x900, 0))),
            client(command(0x01, 2)),
            client(data(0, b"\x10\0\x10\0" + b"P" * 3000)),
            client(data(2, b"Q" * 500)),
            server(command(0x8001, 2, word(0x900, 0))),
            client(command(0x20, 3)),
            server(command(0x8020, 3, word(0x900, 0xFF00))),
            server(command(0x8020, 3, word(0x900, 0))),
            client(command(0x21, 4, element(0x600, b"VIEWER"))),
            server(command(0x8021, 4, word(0x900, 0xA801))),
            client(pdu(5, bytes(4))),
            server(pdu(6, bytes(4))),
        ],
        facts={
            ("client", "id:dicom-ae", "CT_ROOM2"),
            ("client", "product", "SIEMENS_VE40"),
            ("client", "implementation", "1.3.12.2.1107.5.9.1"),
            ("client", "vendor", "Siemens Healthineers"),
            ("client", "role", "medical-device"),
            ("server", "id:dicom-ae", "ARCHIVE"),
            ("server", "product", "OFFIS_DCMTK_36"),
            ("server", "implementation", "1.2.276.0.7230010.3.0.3"),
            ("server", "role", "server"),
        },
        operations=[
            ("associate", "authenticate", "accepted"),
            ("c_echo", "diagnose", "accepted"),
            ("c_store", "write", "accepted"),
            ("c_find", "read", "accepted"),
            ("c_move", "read", "refused"),
        ],
        credentials=[("password", "scanner", "s3cret", "success")],
    ),
    Scene(
        protocol="dicom",
        transport="tcp",
        port=104,
        name="rejected",
        talk=[
            client(associate(1, b"1.2.3", b"TOOL", identity(b"guest", b"guest"))),
            server(pdu(3, b"\0\x01\x01\x03")),
        ],
        facts={
            ("client", "id:dicom-ae", "CT_ROOM2"),
            ("client", "product", "TOOL"),
            ("client", "implementation", "1.2.3"),
            ("server", "id:dicom-ae", "ARCHIVE"),
        },
        operations=[("associate", "authenticate", "refused")],
        credentials=[("password", "guest", "guest", "failure")],
    ),
]
