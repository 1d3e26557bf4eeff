"""SQL Server: a log-in without encryption, statements, a shell, and the list of instances."""

import struct

from tests.probes.scene import Scene, client, server


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def packet(kind: int, body: bytes) -> bytes:
    """A packet that ends its message."""
    return struct.pack(">BBHHBB", kind, 1, len(body) + 8, 0, 1, 0) + body


def prelogin(major: int, minor: int, build: int, encryption: int) -> bytes:
    options = struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF)
    return options + struct.pack(">BBHH", major, minor, build, 0) + bytes([encryption])


def login(host: str, user: str, password: str, application: str, database: str) -> bytes:
    """LOGIN7, version 7.4."""
    hidden = bytes(((b << 4 | b >> 4) & 0xFF) ^ 0xA5 for b in wide(password))
    texts = [host, user, password, application, "", "", "ODBC", "", database]
    table, data = b"", b""
    for n, text in enumerate(texts):
        table += struct.pack("<HH", 94 + len(data), len(text))
        data += hidden if n == 2 else wide(text)
    table += bytes(6) + bytes(94 - 36 - len(table) - 6)
    return struct.pack("<II", 94 + len(data), 0x74000004) + bytes(28) + table + data


def error(number: int, text: str, name: str) -> bytes:
    body = struct.pack("<iBBH", number, 1, 14, len(text)) + wide(text) + bytes([len(name)]) + wide(name)
    return b"\xaa" + struct.pack("<H", len(body)) + body


def ack(program: str) -> bytes:
    body = (
        b"\x01\x74\0\0\4" + bytes([len(program)]) + wide(program) + bytes([15, 0]) + struct.pack(">H", 2000)
    )
    return b"\xad" + struct.pack("<H", len(body)) + body


def done(status: int = 0) -> bytes:
    return struct.pack("<BHHQ", 0xFD, status, 0, 0)


def batch(text: str) -> bytes:
    """A batch with the header of its transaction."""
    headers = struct.pack("<IIHQI", 22, 18, 2, 0, 1)
    return packet(1, headers + wide(text))


_INSTANCES = b"ServerName;HIST1;InstanceName;WINCC;IsClustered;No;Version;12.0.2000.8;tcp;49170;;"

SCENES = [
    Scene(
        protocol="mssql",
        transport="tcp",
        port=1433,
        talk=[
            client(packet(0x12, prelogin(11, 0, 0, 2))),
            server(packet(4, prelogin(15, 0, 2000, 2))),
            client(packet(0x10, login("HMI7", "sa", "S3cret!", "WinCC", "plant"))),
            server(packet(4, ack("Microsoft SQL Server") + done())),
            client(batch("SELECT 1")),
            server(packet(4, b"\x81\x01\x00")),
            client(batch("update tags set v = 1")),
            server(packet(4, done())),
            client(batch("EXEC xp_cmdshell 'whoami'")),
            server(packet(4, error(15281, "SQL Server blocked access", "HIST1") + done(2))),
        ],
        facts={
            ("client", "hostname", "HMI7"),
            ("client", "client", "WinCC"),
            ("server", "hostname", "HIST1"),
        },
        operations=[
            ("query", "read", "accepted"),
            ("update", "write", "accepted"),
            ("xp_cmdshell", "start", "refused"),
        ],
        credentials=[("password", "sa", "S3cret!", "success")],
        events=["log-in", "xp_cmdshell"],
    ),
    Scene(
        protocol="mssql",
        name="instances",
        transport="udp",
        port=1434,
        talk=[
            client(b"\x03"),
            server(b"\x05" + struct.pack("<H", len(_INSTANCES)) + _INSTANCES),
        ],
        facts={("server", "hostname", "HIST1"), ("server", "sql_instance", "WINCC")},
        operations=[("resolve_instances", "discover", "accepted")],
        any_port=False,
    ),
]
