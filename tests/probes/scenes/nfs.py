"""NFS: the portmapper's list, a mount, a file looked up, written and removed over TCP."""

import struct

from tests.probes.scene import Scene, client, server


def words(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


def opaque(data: bytes | str) -> bytes:
    """Octets with their length, filled up to four."""
    data = data.encode() if isinstance(data, str) else data
    return words(len(data)) + data + bytes(-len(data) % 4)


def call(xid: int, program: int, version: int, procedure: int, arguments: bytes = b"") -> bytes:
    """A call with AUTH_SYS of the machine `hmi7`."""
    auth = words(1) + opaque("hmi7") + words(0, 0, 0)
    return words(xid, 0, 2, program, version, procedure, 1) + opaque(auth) + words(0, 0) + arguments


def reply(xid: int, results: bytes) -> bytes:
    return words(xid, 1, 0, 0, 0, 0) + results


def record(message: bytes) -> bytes:
    return words(0x80000000 | len(message)) + message


_ROOT, _FILE = opaque(b"ROOTHNDL"), opaque(b"FILEHNDL")

SCENES = [
    Scene(
        protocol="nfs",
        name="portmapper",
        transport="udp",
        port=111,
        talk=[
            client(call(1, 100000, 2, 4)),
            server(reply(1, words(1, 100003, 3, 6, 2049, 1, 395183, 1, 6, 715, 0))),
            client(call(2, 100000, 2, 1, words(100003, 3, 6, 6666))),
            server(reply(2, words(0))),
        ],
        facts={
            ("client", "hostname", "hmi7"),
            ("server", "rpc_program", "nfs tcp/2049"),
            ("server", "rpc_program", "vxi11 tcp/715"),
        },
        operations=[("dump", "discover", "accepted"), ("set", "configure", "refused")],
    ),
    Scene(
        protocol="nfs",
        name="files",
        transport="tcp",
        port=2049,
        talk=[
            client(record(call(1, 100005, 3, 1, opaque("/recipes")))),
            server(record(reply(1, words(0) + _ROOT + words(1, 1)))),
            client(record(call(2, 100003, 3, 3, _ROOT + opaque("plc7.csv")))),
            server(record(reply(2, words(0) + _FILE + words(0, 0)))),
            client(record(call(3, 100003, 3, 7, _FILE + words(0, 0, 4, 2) + opaque(b"data")))),
            server(record(reply(3, words(0, 0, 0)))),
            client(record(call(4, 100003, 3, 12, _ROOT + opaque("old.csv")))),
            server(record(reply(4, words(13, 0)))),
            client(record(call(5, 100003, 3, 6, _FILE + words(0, 0, 512)))),
            server(record(reply(5, words(0, 0) + opaque(bytes(512))))),
        ],
        facts={("client", "hostname", "hmi7")},
        operations=[
            ("mount", "read", "accepted"),
            ("lookup", "read", "accepted"),
            ("write", "file-write", "accepted"),
            ("remove", "file-delete", "refused"),
            ("read", "file-read", "accepted"),
        ],
        events=["remove", "write"],
    ),
]
