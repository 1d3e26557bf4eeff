"""RADIUS: PAP accepted, CHAP refused, a session ended by the server's side."""

import struct

from tests.probes.scene import Scene, client, server

AUTHENTICATOR = bytes(range(16))
HIDDEN = b"\x22" * 16
RESPONSE, CHALLENGE = b"\x11" * 16, b"\x33" * 16


def packet(code: int, number: int, *attributes: tuple[int, bytes]) -> bytes:
    """Header and attributes (RFC 2865, 3 and 5)."""
    body = b"".join(struct.pack("BB", kind, len(value) + 2) + value for kind, value in attributes)
    return struct.pack(">BBH", code, number, 20 + len(body)) + AUTHENTICATOR + body


_NAS = ((4, bytes([10, 9, 0, 1])), (32, b"ap-7"))
_TOLD = {("client", "name", "ap-7"), ("client", "address", "10.9.0.1")}

SCENES = [
    Scene(
        protocol="radius",
        name="access",
        transport="udp",
        port=1812,
        talk=[
            client(packet(1, 1, (1, b"joe"), (2, HIDDEN), *_NAS)),
            server(packet(2, 1, (18, b"hello"))),
            client(packet(1, 2, (1, b"eng"), (3, b"\x07" + RESPONSE), (60, CHALLENGE), *_NAS)),
            server(packet(3, 2)),
        ],
        facts=_TOLD,
        credentials=[
            ("hash", "joe", f"$radius$1*{AUTHENTICATOR.hex()}*{HIDDEN.hex()}", "success"),
            ("hash", "eng", f"{RESPONSE.hex()}:{CHALLENGE.hex()}:07", "failure"),
        ],
        events=["access"],
    ),
    Scene(
        protocol="radius",
        name="change",
        transport="udp",
        port=3799,
        any_port=False,
        talk=[
            client(packet(40, 1, (1, b"joe"))),
            server(packet(41, 1)),
            client(packet(43, 2, (1, b"joe"))),
            server(packet(45, 2)),
        ],
        operations=[("disconnect", "stop", "accepted"), ("change_of_authorization", "configure", "refused")],
    ),
]
