"""SZY 206: a station is read and its pump started."""

from tests.probes.scene import Scene, client, server

STATION = "1234560001"


def frame(control: int, function: int, data: bytes = b"") -> bytes:
    """A frame that is not split."""
    body = bytes((control,)) + bytes.fromhex(STATION) + bytes((function,)) + data
    crc = 0
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0xE5 if crc & 0x80 else crc << 1) & 0xFF
    return b"\x68" + bytes((len(body),)) + b"\x68" + body + bytes((crc, 0x16))


SCENES = [
    Scene(
        protocol="szy206",
        transport="tcp",
        port=8010,
        talk=[
            client(frame(0x32, 0xB0)),
            server(frame(0xB2, 0xB0, bytes(12))),
            client(frame(0x31, 0x92, b"\x01" + b"\x0a\x5c" + bytes(5))),
            server(frame(0xB1, 0x92, b"\x01")),
            client(frame(0x31, 0x90, b"\x01" + b"\x0a\x5c" + bytes(5))),
        ],
        facts={("server", "role", "rtu"), ("server", "id:station", STATION)},
        operations=[
            ("query_real_time_data", "read", "accepted"),
            ("start_pump_or_open_valve", "start", "accepted"),
            ("reset", "restart", "no-answer"),
        ],
        credentials=[("password", STATION, "0A5C", "success")],
    )
]
