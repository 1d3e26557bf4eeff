"""MQTT-SN: a gateway is found, a sensor connects, registers, publishes, is refused a subscription."""

import struct

from tests.probes.scene import Scene, client, server


def message(kind: int, body: bytes = b"") -> bytes:
    return bytes([len(body) + 2, kind]) + body


SCENES = [
    Scene(
        protocol="mqtt-sn",
        transport="udp",
        port=1884,
        talk=[
            client(message(0x04, b"\x04\x01\x00\x3csensor-7")),
            server(message(0x05, b"\x00")),
            client(message(0x0A, struct.pack(">HH", 0, 1) + b"plant/temp")),
            server(message(0x0B, struct.pack(">HHB", 9, 1, 0))),
            client(message(0x0C, b"\x20" + struct.pack(">HH", 9, 2) + b"21.5")),
            server(message(0x0D, struct.pack(">HHB", 9, 2, 0))),
            client(message(0x12, b"\x00" + struct.pack(">H", 3) + b"plant/#")),
            server(message(0x13, b"\x00" + struct.pack(">HHB", 0, 3, 3))),
            client(message(0x01, b"\x00")),
            server(message(0x02, b"\x05")),
        ],
        facts={
            ("client", "client_id", "sensor-7"),
            ("client", "topic", "plant/temp"),
            ("server", "id:mqtt-sn-gateway", "5"),
        },
        operations=[
            ("connect", "authenticate", "accepted"),
            ("register", "other", "accepted"),
            ("publish", "other", "accepted"),
            ("subscribe", "subscribe", "refused"),
            ("search_gateway", "discover", "accepted"),
        ],
    )
]
