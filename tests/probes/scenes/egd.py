"""EGD: a producer sends an exchange."""

import struct

from tests.probes.scene import Scene, server

_HEAD = bytes([13, 1, 0, 1, 10, 9, 0, 2]) + struct.pack("<IIIIII", 123, 1_768_204_800, 500, 1, 0, 0)

SCENES = [
    Scene(
        protocol="egd",
        transport="udp",
        port=18246,
        any_port=False,
        talk=[server(_HEAD + bytes(27)), server(_HEAD + bytes(27))],
        facts={("server", "id:egd-producer", "10.9.0.2"), ("server", "egd-exchange", "123")},
    )
]
