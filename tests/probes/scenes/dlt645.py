"""DL/T 645-2007: a meter is read and its relay opened."""

from tests.probes.scene import Scene, client, server
from tests.probes.test_dlt645 import METER, OPERATOR, PASSWORD, frame, item

_TRIP = PASSWORD + OPERATOR + bytes.fromhex("1a00") + bytes.fromhex("595959311250")[::-1]

SCENES = [
    Scene(
        protocol="dlt645",
        transport="tcp",
        port=8888,
        talk=[
            client(frame(0x11, item("0400040B"), filler=4)),
            server(frame(0x91, item("0400040B") + b"DTZ341".ljust(10, b"\0")[::-1], filler=4)),
            client(frame(0x1C, _TRIP)),
            server(frame(0x9C)),
        ],
        facts={("server", "id:meter", METER), ("server", "model", "DTZ341")},
        operations=[("read_data", "read", "accepted"), ("trip", "disconnect-load", "accepted")],
        credentials=[("password", "12345678", "123456", "success")],
    )
]
