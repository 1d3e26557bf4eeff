"""IKE: aggressive mode whose hash can be tried offline, and a refusal of version 2."""

import struct

from tests.probes.scene import Scene, client, server

_I, _R = b"INITCOOK", b"RESPCOOK"


def payload(following: int, body: bytes) -> bytes:
    return struct.pack(">BBH", following, 0, len(body) + 4) + body


def message(cookies: bytes, first: int, version: int, exchange: int, flags: int, body: bytes) -> bytes:
    return cookies + struct.pack(">BBBBII", first, version, exchange, flags, 0, len(body) + 28) + body


_TRANSFORM = struct.pack(">BBHBBH", 0, 0, 24, 1, 1, 0) + bytes.fromhex("80010005800200028003000180040002")
_SA = struct.pack(">IIBBHBBBB", 1, 1, 0, 0, 32, 1, 1, 0, 1) + _TRANSFORM
_KEYS, _NONCES = (bytes([1]) * 128, bytes([3]) * 128), (bytes([2]) * 20, bytes([4]) * 20)
_ID, _HASH = b"\x01\x11\x01\xf4\x0a\x09\x00\x02", bytes(range(20))
_LINE = ":".join(p.hex() for p in (_KEYS[1], _KEYS[0], _R, _I, _SA, _ID, *_NONCES, _HASH))
_STRONGSWAN = bytes.fromhex("882fe56d6fd20dbc2251613b2ebe5beb")

SCENES = [
    Scene(
        protocol="ike",
        name="aggressive",
        transport="udp",
        port=500,
        talk=[
            client(
                message(
                    _I + bytes(8),
                    1,
                    0x10,
                    4,
                    0,
                    payload(4, _SA)
                    + payload(10, _KEYS[0])
                    + payload(5, _NONCES[0])
                    + payload(0, b"\x0b\x11\x01\xf4vpnuser"),
                )
            ),
            server(
                message(
                    _I + _R,
                    1,
                    0x10,
                    4,
                    0,
                    payload(4, _SA)
                    + payload(10, _KEYS[1])
                    + payload(5, _NONCES[1])
                    + payload(8, _ID)
                    + payload(13, _HASH)
                    + payload(0, _STRONGSWAN),
                )
            ),
        ],
        facts={
            ("client", "ike_identity", "vpnuser"),
            ("server", "ike_identity", "10.9.0.2"),
            ("server", "ike_vendor_id", "strongSwan"),
            ("server", "product", "strongSwan"),
        },
        operations=[("aggressive_mode", "authenticate", "accepted")],
        credentials=[("psk", "10.9.0.2", _LINE, "unknown")],
        events=["aggressive_mode"],
    ),
    Scene(
        protocol="ike",
        name="refused",
        transport="udp",
        port=500,
        talk=[
            client(message(_I + bytes(8), 33, 0x20, 34, 8, payload(0, bytes.fromhex("0000000801010000")))),
            server(message(_I + _R, 41, 0x20, 34, 0x20, payload(0, bytes.fromhex("0000000e")))),
        ],
        operations=[("ike_sa_init", "authenticate", "refused")],
    ),
]
