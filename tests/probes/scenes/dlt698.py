"""DL/T 698.45: a master connects with a password, reads the model, trips and fails to reset."""

from sentinel.probes.dialogue import crc16
from tests.probes.scene import Scene, client, server

METER = "000000123456"


def frame(apdu: bytes, *, up: bool = False) -> bytes:
    """A frame to or from the meter."""
    address = bytes.fromhex(METER)[::-1]
    control = 0xC3 if up else 0x43
    length = 2 + 1 + 1 + len(address) + 1 + 2 + len(apdu) + 2
    head = length.to_bytes(2, "little") + bytes((control, len(address) - 1)) + address + b"\x10"
    head += (crc16(head, 0x8408) ^ 0xFFFF).to_bytes(2, "little")
    whole = head + apdu
    return b"\xfe" * 4 + b"\x68" + whole + (crc16(whole, 0x8408) ^ 0xFFFF).to_bytes(2, "little") + b"\x16"


_CONNECT = (
    b"\x02\x01"
    + b"\x00\x10"
    + b"\xff" * 24
    + bytes.fromhex("040004000104000000006401")
    + b"\x06111111"
    + b"\x00"
)
_VERSION = b"HXDL" + b"V1.2" + b"240101" + b"H1.0" + b"230101" + bytes(8)
_CONNECTED = (
    b"\x82\x01"
    + _VERSION
    + b"\x00\x10"
    + b"\xff" * 24
    + bytes.fromhex("0400040001040000000064")
    + b"\x00"
    + b"\x00\x00\x00"
)
_PASSWORD = b"\x06\x01\x06\x44\x01\x02\x00\x0a\x06222222\x00"
_PLAIN_TRIP = b"\x07\x01\x03\x80\x00\x81\x00\x00\x00"

SCENES = [
    Scene(
        protocol="dlt698",
        transport="tcp",
        port=9000,
        talk=[
            client(frame(_CONNECT)),
            server(frame(_CONNECTED, up=True)),
            client(frame(b"\x05\x01\x02\x41\x0b\x02\x00\x00")),
            server(frame(b"\x85\x01\x02\x41\x0b\x02\x00\x01\x0a\x07DTZY341\x00\x00", up=True)),
            client(
                frame(b"\x10\x00" + bytes((len(_PLAIN_TRIP),)) + _PLAIN_TRIP + b"\x01\x04\x11\x22\x33\x44")
            ),
            server(frame(b"\x90\x00\x0a\x87\x01\x03\x80\x00\x81\x00\x00\x00\x00\x00", up=True)),
            client(frame(b"\x07\x01\x04\x43\x00\x01\x00\x00\x00")),
            server(frame(b"\x87\x01\x04\x43\x00\x01\x00\x03\x00\x00\x00", up=True)),
            client(frame(b"\x06\x01\x05\x40\x00\x02\x00\x1c\x07\xe8\x03\x05\x0c\x1e\x0a\x00")),
            server(frame(b"\x86\x01\x05\x40\x00\x02\x00\x00\x00\x00", up=True)),
            client(frame(_PASSWORD)),
            server(frame(b"\x86\x01\x06\x44\x01\x02\x00\x00\x00\x00", up=True)),
            client(frame(b"\x07\x01\x07\xf0\x01\x07\x00\x00\x00")),
        ],
        facts={
            ("server", "id:meter", METER),
            ("server", "vendor_code", "HXDL"),
            ("server", "firmware", "V1.2"),
            ("server", "firmware_date", "240101"),
            ("server", "hardware", "H1.0"),
            ("server", "hardware_date", "230101"),
            ("server", "model", "DTZY341"),
        },
        operations=[
            ("connect", "authenticate", "accepted"),
            ("get", "read", "accepted"),
            ("trip", "disconnect-load", "accepted"),
            ("reset", "restart", "refused"),
            ("set_time", "set-time", "accepted"),
            ("set_authentication_password", "configure", "accepted"),
            ("start_transfer", "firmware", "no-answer"),
        ],
        credentials=[("password", "", "111111", "success"), ("password", "", "222222", "success")],
    )
]
