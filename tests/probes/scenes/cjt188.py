"""CJ/T 188: a water meter is read, its valve closed, its key changed and its address not."""

from tests.probes.scene import Scene, client, server

METER = "20110000123456"


def frame(control: int, data: bytes, kind: int = 0x10, address: str = METER) -> bytes:
    """A frame with its filler."""
    body = bytes((0x68, kind)) + bytes.fromhex(address)[::-1] + bytes((control, len(data))) + data
    return b"\xfe\xfe" + body + bytes((sum(body) & 0xFF, 0x16))


SCENES = [
    Scene(
        protocol="cjt188",
        transport="tcp",
        port=10001,
        talk=[
            client(frame(0x01, b"\x1f\x90\x00")),
            server(frame(0x81, b"\x1f\x90\x00" + bytes(19))),
            client(frame(0x04, b"\x17\xa0\x01\x99")),
            server(frame(0x84, b"\x17\xa0\x01\x00\x00")),
            client(frame(0x04, b"\x17\xa0\x02\x55")),
            server(frame(0xC4, b"\x02\x01\x00")),
            client(frame(0x04, b"\x14\xa0\x03\x02" + bytes.fromhex("1122334455667788"))),
            server(frame(0x84, b"\x14\xa0\x03\x02")),
            client(frame(0x15, b"\x18\xa0\x04" + bytes.fromhex("65432100001120"))),
        ],
        facts={
            ("server", "role", "meter"),
            ("server", "id:meter", METER),
            ("server", "vendor_code", "2011"),
            ("server", "meter_type", "cold water meter"),
        },
        operations=[
            ("read_data", "read", "accepted"),
            ("valve_close", "disconnect-load", "accepted"),
            ("valve_open", "reconnect-load", "refused"),
            ("write_key", "configure", "accepted"),
            ("write_address", "set-address", "no-answer"),
        ],
        credentials=[("key", "", "1122334455667788", "success")],
    )
]
