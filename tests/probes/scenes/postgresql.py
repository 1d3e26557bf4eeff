"""PostgreSQL: log-ins by MD5, by a readable password and by SCRAM; statements of both query protocols."""

import base64
import struct

from tests.probes.scene import Scene, client, server


def startup(**parameters: str) -> bytes:
    """The first message: version 3.0 and parameters."""
    body = struct.pack(">I", 0x30000)
    body += b"".join(f"{k}\0{v}\0".encode() for k, v in parameters.items()) + b"\0"
    return struct.pack(">I", len(body) + 4) + body


def message(kind: str, body: bytes) -> bytes:
    return kind.encode() + struct.pack(">I", len(body) + 4) + body


def demand(code: int, more: bytes = b"") -> bytes:
    """Authentication request."""
    return message("R", struct.pack(">I", code) + more)


def error(state: str, text: str) -> bytes:
    return message("E", b"SERROR\0C" + state.encode() + b"\0M" + text.encode() + b"\0\0")


_READY = message("Z", b"I")
_DIGEST = "0123456789abcdef0123456789abcdef"
_WHO = {"user": "oryx", "database": "mailstore", "application_name": "psql"}

_FIRST, _SERVER, _LAST = "n=,r=fyko", "r=fykoXYZ,s=c2FsdHNhbHQ=,i=4096", "c=biws,r=fykoXYZ"
_PROOF = base64.b64encode(bytes(32)).decode()
_MESSAGE = base64.b64encode(f"{_FIRST},{_SERVER},{_LAST}".encode()).decode()

SCENES = [
    Scene(
        protocol="postgresql",
        name="md5",
        transport="tcp",
        port=5432,
        talk=[
            client(startup(**_WHO)),
            server(demand(5, b"\x01\x02\x03\x04")),
            client(message("p", b"md5" + _DIGEST.encode() + b"\0")),
            server(demand(0) + message("S", b"server_version\x0013.4 (Debian 13.4-1)\0")),
            server(message("S", b"TimeZone\0Asia/Shanghai\0") + _READY),
            client(message("Q", b"delete from orders\0")),
            server(message("C", b"DELETE 3\0") + _READY),
            client(message("Q", b"COPY t FROM PROGRAM 'id'\0")),
            server(error("42501", "must be superuser") + _READY),
            client(message("P", b"s1\0update t set a=$1\0\0\0")),
            client(message("B", b"\0s1\0\0\0\0\0\0\0") + message("E", b"\0\0\0\0\0") + message("S", b"")),
            server(message("1", b"") + message("2", b"") + message("C", b"UPDATE 1\0") + _READY),
        ],
        facts={
            ("client", "client", "psql"),
            ("server", "os", "Debian"),
            ("server", "timezone", "Asia/Shanghai"),
        },
        operations=[
            ("delete", "write", "accepted"),
            ("copy_program", "start", "refused"),
            ("update", "write", "accepted"),
        ],
        credentials=[("hash", "oryx", f"$postgres$oryx*01020304*{_DIGEST}", "success")],
        events=["log-in", "copy_program"],
    ),
    Scene(
        protocol="postgresql",
        name="cleartext",
        transport="tcp",
        port=5432,
        talk=[
            client(startup(user="amy")),
            server(demand(3)),
            client(message("p", b"s3cret\0")),
            server(error("28P01", "password authentication failed")),
        ],
        credentials=[("password", "amy", "s3cret", "failure")],
    ),
    Scene(
        protocol="postgresql",
        name="scram",
        transport="tcp",
        port=5432,
        talk=[
            client(startup(user="amy")),
            server(demand(10, b"SCRAM-SHA-256\0\0")),
            client(
                message(
                    "p", b"SCRAM-SHA-256\0" + struct.pack(">I", 3 + len(_FIRST)) + b"n,," + _FIRST.encode()
                )
            ),
            server(demand(11, _SERVER.encode())),
            client(message("p", f"{_LAST},p={_PROOF}".encode())),
            server(demand(12, b"v=" + b"A" * 44) + demand(0) + _READY),
        ],
        credentials=[
            ("hash", "amy", f"$scram-sha-256$*4096*c2FsdHNhbHQ=*{_MESSAGE}*{_PROOF}", "success"),
        ],
    ),
    Scene(
        protocol="postgresql",
        name="trust",
        transport="tcp",
        port=5432,
        talk=[client(startup(user="guest")), server(demand(0) + _READY)],
        credentials=[("user", "guest", "", "success")],
    ),
]
