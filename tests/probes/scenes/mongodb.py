"""MongoDB: a log-in by SCRAM-SHA-1 and one by PLAIN, commands with and without success, the build."""

import base64
import struct
from typing import Any

from tests.probes.scene import Scene, client, server


def document(fields: dict[str, Any]) -> bytes:
    """A BSON document of texts, integers, floats, binaries and documents."""
    body = b""
    for name, value in fields.items():
        match value:
            case str():
                kind, data = 2, struct.pack("<i", len(value) + 1) + value.encode() + b"\0"
            case bytes():
                kind, data = 5, struct.pack("<iB", len(value), 0) + value
            case int():
                kind, data = 16, struct.pack("<i", value)
            case float():
                kind, data = 1, struct.pack("<d", value)
            case _:
                kind, data = 3, document(value)
        body += bytes([kind]) + name.encode() + b"\0" + data
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def message(number: int, to: int, **fields: Any) -> bytes:
    """OP_MSG with one section."""
    named = {name.replace("_db", "$db"): value for name, value in fields.items()}
    body = bytes(5) + document(named)
    return struct.pack("<iiii", len(body) + 16, number, to, 2013) + body


_FIRST, _SERVER, _LAST = "n=amy,r=abc", "r=abcXYZ,s=c2FsdA==,i=10000", "c=biws,r=abcXYZ"
_PROOF = base64.b64encode(bytes(20)).decode()
_MESSAGE = base64.b64encode(f"{_FIRST},{_SERVER},{_LAST}".encode()).decode()

SCENES = [
    Scene(
        protocol="mongodb",
        transport="tcp",
        port=27017,
        talk=[
            client(
                message(
                    1,
                    0,
                    hello=1,
                    client={
                        "application": {"name": "mongosh"},
                        "driver": {"name": "nodejs", "version": "4.2"},
                        "os": {"name": "linux", "version": "5.15"},
                    },
                    _db="admin",
                )
            ),
            server(message(101, 1, setName="rs0", maxWireVersion=13, ok=1.0)),
            client(
                message(
                    2, 0, saslStart=1, mechanism="SCRAM-SHA-1", payload=b"n,," + _FIRST.encode(), _db="admin"
                )
            ),
            server(message(102, 2, conversationId=1, done=0, payload=_SERVER.encode(), ok=1.0)),
            client(message(3, 0, saslContinue=1, payload=f"{_LAST},p={_PROOF}".encode(), _db="admin")),
            server(message(103, 3, conversationId=1, done=1, payload=b"v=AAAA", ok=1.0)),
            client(message(4, 0, buildInfo=1, _db="admin")),
            server(message(104, 4, version="5.0.3", gitVersion="abc", ok=1.0)),
            client(message(5, 0, hostInfo=1, _db="admin")),
            server(
                message(
                    105,
                    5,
                    system={"hostname": "historian"},
                    os={"type": "Linux", "name": "Ubuntu", "version": "20.04"},
                    ok=1.0,
                )
            ),
            client(message(6, 0, insert="batches", _db="plant")),
            server(message(106, 6, n=1, ok=1.0)),
            client(message(7, 0, dropDatabase=1, _db="plant")),
            server(message(107, 7, ok=0.0, code=13, codeName="Unauthorized")),
            client(message(8, 0, createUser="eve", pwd="hunter2", _db="admin")),
            server(message(108, 8, ok=1.0)),
        ],
        facts={
            ("client", "client", "mongosh"),
            ("client", "os", "linux 5.15"),
            ("server", "replica_set", "rs0"),
            ("server", "hostname", "historian"),
            ("server", "os", "Ubuntu 20.04"),
        },
        operations=[
            ("build_info", "identify", "accepted"),
            ("host_info", "identify", "accepted"),
            ("insert", "write", "accepted"),
            ("drop_database", "clear", "refused"),
            ("create_user", "configure", "accepted"),
        ],
        credentials=[
            ("hash", "amy", f"$scram-sha-1$amy*10000*c2FsdA==*{_MESSAGE}*{_PROOF}", "success"),
            ("password", "eve", "hunter2", "unknown"),
        ],
        events=["log-in", "drop_database"],
    ),
    Scene(
        protocol="mongodb",
        name="plain",
        transport="tcp",
        port=27017,
        talk=[
            client(message(1, 0, saslStart=1, mechanism="PLAIN", payload=b"\0bob\0pw123", _db="$external")),
            server(message(101, 1, ok=0.0, code=18, codeName="AuthenticationFailed")),
        ],
        credentials=[("password", "bob", "pw123", "failure")],
    ),
]
