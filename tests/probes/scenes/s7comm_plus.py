"""S7comm-plus: a session is opened, the controller stopped and started, a block written."""

import struct

from tests.probes.scene import Scene, client, server

_SESSION = 0x3C0


def tpkt(payload: bytes, head: bytes = b"\x02\xf0\x80") -> bytes:
    return struct.pack(">BBH", 3, 0, len(payload) + len(head) + 4) + head + payload


def plus(body: bytes, version: int = 2) -> bytes:
    return tpkt(struct.pack(">BBH", 0x72, version, len(body)) + body + bytes([0x72, version, 0, 0]))


def request(function: int, sequence: int, body: bytes, session: int = _SESSION, version: int = 2) -> bytes:
    return plus(struct.pack(">BHHHHIB", 0x31, 0, function, 0, sequence, session, 0x34) + body, version)


def response(function: int, sequence: int, body: bytes = b"\0", version: int = 2) -> bytes:
    return plus(struct.pack(">BHHHHB", 0x32, 0, function, 0, sequence, 0x34) + body, version)


def operating_state(state: int) -> bytes:
    """SetVariable of the unit that runs the program: object 52, attribute 2167, a DInt."""
    return struct.pack(">IB", 52, 1) + b"\x90\x77\x00\x08" + bytes([state])


_REFUSED = bytes.fromhex("83ff6f")
_CONNECT = bytes.fromhex("1ee00000000b00c1020600c20f") + b"SIMATIC-ROOT-ES" + bytes.fromhex("c0010a")
_CONFIRM = bytes.fromhex("1ed0000b000c00c1020600c20f") + b"SIMATIC-ROOT-ES" + bytes.fromhex("c0010a")
_VERSION = b"\x00\x15\x1a1;6ES7 214-1HE30-0XB0 ;V2.2\x00"

SCENES = [
    Scene(
        protocol="s7comm-plus",
        transport="tcp",
        port=102,
        talk=[
            client(tpkt(b"", _CONNECT)),
            server(tpkt(b"", _CONFIRM)),
            client(request(0x4CA, 1, bytes.fromhex("0000011d00040000000000a1"), session=0x120, version=1)),
            server(response(0x4CA, 1, b"\0" + _VERSION, version=1)),
            client(request(0x542, 2, struct.pack(">I", _SESSION) + b"\x01\x01\x82\x32\x01\x00\x04\x01")),
            server(response(0x542, 2)),
            client(request(0x4F2, 3, operating_state(1))),
            server(response(0x4F2, 3)),
            client(request(0x4F2, 4, operating_state(3))),
            server(response(0x4F2, 4, _REFUSED)),
            client(request(0x54C, 5, bytes.fromhex("00000000010100"))),
            server(response(0x54C, 5)),
            client(request(0x4CA, 6, bytes.fromhex("000000030004000000a18a320001"))),
            server(response(0x4CA, 6)),
            client(request(0x4BB, 7, bytes.fromhex("8a32000100"))),
            server(response(0x4BB, 7)),
            client(request(0x542, 8, bytes.fromhex("000000000101"))),
            server(response(0x542, 8)),
            client(request(0x56B, 9, bytes.fromhex("000000340102"))),
            server(response(0x56B, 9)),
        ],
        facts={
            ("server", "vendor", "Siemens"),
            ("server", "model", "6ES7 214-1HE30-0XB0"),
            ("server", "firmware", "V2.2"),
            ("server", "role", "plc"),
            ("server", "protection", "P2"),
        },
        operations=[
            ("open_session", "other", "accepted"),
            ("session_setup", "other", "accepted"),
            ("plc_stop", "stop", "accepted"),
            ("plc_start", "start", "refused"),
            ("get_multi_variables", "read", "accepted"),
            ("download_block", "download", "accepted"),
            ("upload_block", "upload", "accepted"),
            ("set_multi_variables", "write", "accepted"),
            ("invoke", "other", "accepted"),
        ],
    )
]
