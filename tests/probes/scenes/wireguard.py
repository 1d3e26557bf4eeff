"""WireGuard: one handshake."""

from tests.probes.scene import Scene, client, server

_INITIATION = bytes([1, 0, 0, 0]) + bytes([9]) * 4 + bytes(range(1, 125)) + bytes(16)
_RESPONSE = bytes([2, 0, 0, 0]) + bytes([5]) * 4 + bytes([9]) * 4 + bytes(range(1, 65)) + bytes(16)

SCENES = [
    Scene(
        protocol="wireguard",
        transport="udp",
        port=51820,
        talk=[client(_INITIATION), server(_RESPONSE), client(bytes([4, 0, 0, 0]) + bytes([7]) * 28)],
        operations=[("handshake", "authenticate", "accepted")],
        events=["handshake"],
    )
]
