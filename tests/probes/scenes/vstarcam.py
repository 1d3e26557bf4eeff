"""VStarcam: a camera is found."""

from tests.probes.scene import Scene, client, server

_RECORD = b"".join(
    a.ljust(16, b"\0") for a in (b"10.9.0.2", b"255.255.255.0", b"10.9.0.1", b"10.9.0.1", b"8.8.8.8")
)
_CAMERA = (
    bytes.fromhex("48022a000022")
    + (81).to_bytes(2, "little")
    + b"VSTA123456ABCDE".ljust(32, b"\0")
    + b"door".ljust(32, b"\0")
)

SCENES = [
    Scene(
        protocol="vstarcam",
        transport="udp",
        port=8600,
        talk=[client(b"DH\x01\x01"), server(b"DH\x01\x08" + _RECORD + _CAMERA)],
        facts={
            ("server", "role", "camera"),
            ("server", "id:vstarcam", "VSTA123456ABCDE"),
            ("server", "name", "door"),
        },
        operations=[("search", "discover", "accepted")],
    )
]
