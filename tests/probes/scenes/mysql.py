"""MySQL: a log-in by mysql_native_password, one by an older client that fails, statements."""

import struct

from tests.probes.scene import Scene, client, server

_SALT = b"saltsalt0123456789ab"


def packet(number: int, body: bytes) -> bytes:
    """A packet: length of three octets, number, body."""
    return struct.pack("<I", len(body))[:3] + bytes([number]) + body


def greeting(version: str) -> bytes:
    """Handshake V10 with a salt of twenty octets."""
    body = (
        b"\x0a"
        + version.encode()
        + b"\0"
        + struct.pack("<I", 7)
        + _SALT[:8]
        + b"\0\xff\xf7\xff\x02\0\xff\xdf\x15"
    )
    return packet(0, body + bytes(10) + _SALT[8:] + b"\0mysql_native_password\0")


def login(user: str, answer: bytes, database: str) -> bytes:
    """HandshakeResponse41 with attributes of the client."""
    flags = 0x200 | 0x8000 | 0x8 | 0x80000 | 0x100000
    pairs = (("_os", "Linux"), ("program_name", "mysql"))
    attributes = b"".join(bytes([len(t)]) + t.encode() for pair in pairs for t in pair)
    body = struct.pack("<IIB", flags, 1 << 24, 33) + bytes(23) + user.encode() + b"\0"
    body += bytes([len(answer)]) + answer + database.encode() + b"\0mysql_native_password\0"
    return packet(1, body + bytes([len(attributes)]) + attributes)


def error(number: int, code: int, text: str) -> bytes:
    return packet(number, b"\xff" + struct.pack("<H", code) + b"#42000" + text.encode())


OK = bytes([0, 0, 0, 2, 0, 0, 0])


def query(text: str) -> bytes:
    return packet(0, b"\x03" + text.encode())


SCENES = [
    Scene(
        protocol="mysql",
        transport="tcp",
        port=3306,
        talk=[
            server(greeting("5.5.5-10.6.12-MariaDB-0ubuntu0.22.04.1")),
            client(login("scada", bytes(range(20)), "plant")),
            server(packet(2, OK)),
            client(query("SELECT @@version")),
            server(packet(1, b"\x01") + packet(2, b"rows") + packet(3, b"\xfe\0\0\2\0")),
            client(query("insert into values_2024 (a) values (1)")),
            server(packet(1, OK)),
            client(query("DROP TABLE setpoints")),
            server(error(1, 1142, "DROP command denied")),
            client(query("CREATE USER 'eve'@'%' IDENTIFIED BY 'hunter2'")),
            server(packet(1, OK)),
            client(packet(0, b"\x08")),
            server(error(1, 1227, "Access denied")),
        ],
        facts={
            ("server", "banner", "5.5.5-10.6.12-MariaDB-0ubuntu0.22.04.1"),
            ("server", "os", "Ubuntu"),
            ("client", "os", "Linux"),
            ("client", "client", "mysql"),
        },
        operations=[
            ("query", "read", "accepted"),
            ("insert", "write", "accepted"),
            ("drop_table", "clear", "refused"),
            ("create_user", "configure", "accepted"),
            ("shutdown", "stop", "refused"),
        ],
        credentials=[
            ("hash", "scada", f"$mysqlna${_SALT.hex()}*{bytes(range(20)).hex()}", "success"),
            ("password", "eve", "hunter2", "unknown"),
        ],
        events=["greeting", "log-in", "drop_table"],
    )
]
