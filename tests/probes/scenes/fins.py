"""FINS: a controller is read, protected, written and stopped, over UDP and TCP."""

import struct

from tests.probes.scene import Scene, Turn, client, server


def request(service: int, command: int, body: bytes = b"") -> bytes:
    return bytes([0x80, 0, 2, 0, 1, 0, 0, 10, 0, service]) + struct.pack(">H", command) + body


def response(service: int, command: int, end: int = 0, body: bytes = b"") -> bytes:
    return bytes([0xC0, 0, 2, 0, 10, 0, 0, 1, 0, service]) + struct.pack(">HH", command, end) + body


def tcp(command: int, body: bytes) -> bytes:
    return b"FINS" + struct.pack(">III", len(body) + 8, command, 0) + body


_IDENTITY = b"CJ2M-CPU31".ljust(20) + b"02.01".ljust(20) + bytes(52)

_TALK: list[Turn] = [
    client(request(1, 0x0501)),
    server(response(1, 0x0501, body=_IDENTITY)),
    client(request(2, 0x0601)),
    server(response(2, 0x0601, body=b"\x01\x04" + bytes(24))),
    client(request(3, 0x0305, bytes.fromhex("000000000000000000ff") + b"KEY1")),
    server(response(3, 0x0305)),
    client(request(4, 0x0102, bytes.fromhex("820064000001abcd"))),
    server(response(4, 0x0102)),
    client(request(5, 0x0402)),
    server(response(5, 0x0402, 0x2201)),
    client(request(6, 0x0702, bytes.fromhex("2612010930"))),
    server(response(6, 0x0702)),
    client(request(7, 0x0307, bytes.fromhex("0000000000008004") + b"ABCD")),
    server(response(7, 0x0307, body=bytes(10))),
    client(request(8, 0x2301, bytes.fromhex("00010001300000 00".replace(" ", "")))),
    server(response(8, 0x2301)),
]

_HANDSHAKE = [client(tcp(0, bytes(4))), server(tcp(1, bytes([0, 0, 0, 10, 0, 0, 0, 1])))]

_EXPECTED = {
    "facts": {
        ("server", "vendor", "Omron"),
        ("server", "model", "CJ2M-CPU31"),
        ("server", "firmware", "02.01"),
        ("server", "role", "plc"),
        ("server", "state", "run"),
        ("server", "id:fins", "0.1.0"),
    },
    "operations": [
        ("controller_data_read", "identify", "accepted"),
        ("controller_status_read", "diagnose", "accepted"),
        ("program_area_protect_clear", "unlock", "accepted"),
        ("memory_area_write", "write", "accepted"),
        ("stop", "stop", "refused"),
        ("clock_write", "set-time", "accepted"),
        ("program_area_write", "download", "accepted"),
        ("forced_set_reset", "force", "accepted"),
    ],
    "credentials": [("password", "", "KEY1", "success")],
}

SCENES = [
    Scene(protocol="fins", transport="udp", port=9600, talk=_TALK, any_port=False, **_EXPECTED),  # type: ignore[arg-type]
    Scene(
        protocol="fins",
        transport="tcp",
        port=9600,
        talk=[*_HANDSHAKE, *((side, tcp(2, data)) for side, data in _TALK)],
        **_EXPECTED,  # type: ignore[arg-type]
    ),
]
