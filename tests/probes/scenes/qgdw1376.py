"""Q/GDW 1376.1: a terminal logs in, tells its versions, opens a switch and refuses a reset."""

from tests.probes.scene import Scene, client, server


def frame(control: int, function: int, sequence: int, fn: int, data: bytes = b"") -> bytes:
    """A frame of terminal 3401-0021; `fn`: n of Fn."""
    unit = bytes((0, 0, 1 << (fn - 1) % 8, (fn - 1) // 8))
    body = bytes((control,)) + bytes.fromhex("0134") + (0x21).to_bytes(2, "little") + b"\x02"
    body += bytes((function, 0x60 | sequence)) + unit + data
    length = (len(body) << 2 | 2).to_bytes(2, "little")
    return b"\x68" + length * 2 + b"\x68" + body + bytes((sum(body) & 0xFF, 0x16))


TERMINAL = "34010021"
_VERSION = b"HXKJ" + b"00001234" + b"V2.1" + bytes(3) + b"CFG00000001" + b"2013" + b"HW01" + bytes(3)
_PASSWORD = b"1234567890123456"

SCENES = [
    Scene(
        protocol="qgdw1376",
        transport="tcp",
        port=9500,
        talk=[
            client(frame(0xC9, 0x02, 1, 1)),
            server(frame(0x0B, 0x00, 1, 1)),
            server(frame(0x4B, 0x09, 2, 1)),
            client(frame(0x88, 0x09, 2, 1, _VERSION)),
            server(frame(0x4A, 0x05, 3, 1, b"\x11" + _PASSWORD)),
            client(frame(0x80, 0x00, 3, 1)),
            server(frame(0x41, 0x01, 4, 3, bytes(16))),
            client(frame(0x80, 0x00, 4, 2)),
        ],
        facts={
            ("client", "id:terminal", TERMINAL),
            ("client", "vendor_code", "HXKJ"),
            ("client", "serial", "00001234"),
            ("client", "firmware", "V2.1"),
            ("client", "protocol_version", "2013"),
            ("client", "hardware", "HW01"),
        },
        operations=[
            ("terminal_login", "authenticate", "accepted"),
            ("request_terminal_information", "identify", "accepted"),
            ("trip", "disconnect-load", "accepted"),
            ("factory_reset", "factory-reset", "refused"),
        ],
        credentials=[
            ("password", "", _PASSWORD.decode(), "success"),
            ("password", "", "00" * 16, "failure"),
        ],
    )
]
