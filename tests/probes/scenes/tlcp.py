"""TLCP (GB/T 38636): a client offers the suites of SM2 and SM4, the server takes one and names itself."""

from tests.probes.scene import Scene, client, server

TLCP = b"\x01\x01"


def record(kind: int, message: int, body: bytes) -> bytes:
    """One handshake message in a record."""
    content = bytes((message,)) + len(body).to_bytes(3) + body
    return bytes((kind,)) + TLCP + len(content).to_bytes(2) + content


_SUITES = bytes.fromhex("e053e013e051e011")
_HELLO = TLCP + bytes(range(32)) + b"\0" + len(_SUITES).to_bytes(2) + _SUITES + b"\x01\x00"
_CHOICE = TLCP + bytes(range(32, 64)) + b"\0" + bytes.fromhex("e053") + b"\0"

SCENES = [
    Scene(
        protocol="tlcp",
        transport="tcp",
        port=4433,
        talk=[
            client(record(22, 1, _HELLO)),
            server(record(22, 2, _CHOICE) + record(22, 14, b"")),
            client(record(22, 16, bytes(130)) + b"\x14" + TLCP + b"\0\x01\x01"),
            server(b"\x14" + TLCP + b"\0\x01\x01"),
        ],
        events=("tls_handshake",),
    )
]
