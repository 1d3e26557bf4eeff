"""V2X on Ethernet (WSMP, GeoNetworking) and over MQTT gets its name."""

from tests.probes.scene import Scene, client, server

SCENES = [
    Scene(
        protocol="v2x",
        name="wsmp",
        transport="l2",
        ethertype=0x88DC,
        talk=[client(b"\x03\x00\x20\x08" + bytes(8))],
        facts={("client", "v2x_network", "WSMP")},
    ),
    Scene(
        protocol="v2x",
        name="geonetworking",
        transport="l2",
        ethertype=0x8947,
        talk=[client(b"\x11\x00\x05\x01" + b"\x20\x50\x02\x80\x00\x00\x01\x00" + b"\xbc" + bytes(24))],
        facts={
            ("client", "v2x_network", "GeoNetworking"),
            ("client", "station_type", "roadside unit"),
        },
    ),
]


def packet(kind: int, body: bytes) -> bytes:
    """An MQTT packet shorter than 128 bytes."""
    return bytes((kind, len(body))) + body


def named(name: bytes) -> bytes:
    """Text behind its length."""
    return len(name).to_bytes(2) + name


SCENES.append(
    Scene(
        protocol="v2x",
        name="mqtt",
        transport="tcp",
        port=1883,
        talk=[
            client(packet(0x10, named(b"MQTT") + b"\x04\x02\x00\x3c" + named(b"R0001"))),
            server(b"\x20\x02\x00\x00"),
            client(packet(0x30, named(b"v2x/v1/rsu/R0001/bsm/up") + bytes(20))),
        ],
    )
)
