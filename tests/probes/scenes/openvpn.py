"""OpenVPN: the resets of both sides, over UDP and TCP."""

from tests.probes.scene import Scene, client, server

_CLIENT = b"\x38SESSION1" + bytes(5)
_SERVER = b"\x40SESSION2\x01" + bytes(4) + b"SESSION1" + bytes(4)


def framed(packet: bytes) -> bytes:
    return len(packet).to_bytes(2, "big") + packet


SCENES = [
    Scene(
        protocol="openvpn",
        transport="udp",
        port=1194,
        talk=[client(_CLIENT), server(_SERVER)],
        operations=[("connect", "authenticate", "accepted")],
    ),
    Scene(
        protocol="openvpn",
        transport="tcp",
        port=1194,
        talk=[client(framed(_CLIENT)), server(framed(_SERVER))],
        operations=[("connect", "authenticate", "accepted")],
    ),
]
