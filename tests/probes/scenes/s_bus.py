"""S-Bus: a controller says what it is; a flag is written, a stop is refused, a restart taken."""

import struct

from tests.probes.scene import Scene, Turn, client, server


def crc(data: bytes) -> int:
    value = 0
    for octet in data:
        value ^= octet << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def telegram(sequence: int, kind: int, body: bytes) -> bytes:
    out = struct.pack(">IBBHB", 11 + len(body), 1, 0, sequence, kind) + body
    return out + struct.pack(">H", crc(out))


def pair(sequence: int, command: int, data: bytes, answer: bytes, kind: int = 1) -> list[Turn]:
    request = telegram(sequence, 0, bytes((2, command)) + data)
    return [client(request), server(telegram(sequence, kind, answer))]


SCENES = [
    Scene(
        protocol="s-bus",
        transport="udp",
        port=5050,
        talk=[
            *pair(1, 29, b"", b"\x02"),
            *pair(2, 32, b"", b"D3M3 120\0"),
            *pair(3, 6, b"\x03\x00\x64", bytes(16)),
            *pair(4, 11, b"\x03\x00\x0a\x00\x01", b"\0\0", 2),
            *pair(5, 68, b"", b"\0\x02", 2),
            *pair(6, 57, b"", b"\0\0", 2),
        ],
        facts={
            ("server", "id:s-bus", "2"),
            ("server", "model", "D3M3"),
            ("server", "firmware", "120"),
            ("server", "vendor", "SAIA-Burgess Controls"),
            ("server", "role", "plc"),
        },
        operations=[
            ("read_station_number", "identify", "accepted"),
            ("read_firmware_version", "identify", "accepted"),
            ("read_register", "read", "accepted"),
            ("write_flag", "write", "accepted"),
            ("stop_procedure", "stop", "refused"),
            ("restart_cold", "restart", "accepted"),
        ],
    )
]
