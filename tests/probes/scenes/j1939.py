"""J1939: a node claims its address, names itself and the vehicle, asks and commands."""

import struct

from tests.probes.scene import Scene, client


def frame(group: int, data: bytes, *, target: int = 0xFF, source: int = 1, priority: int = 6) -> bytes:
    """A frame as SocketCAN gives it."""
    number = group | target if group & 0xFF00 < 0xF000 else group
    return (
        struct.pack(">IBBBB", 0x80000000 | priority << 26 | number << 8 | source, len(data), 0, 0, 0) + data
    )


def broadcast(group: int, data: bytes) -> list[bytes]:
    """A long message: its announcement and packets of seven octets."""
    packets = [data[n : n + 7].ljust(7, b"\xff") for n in range(0, len(data), 7)]
    head = struct.pack("<BHBB", 32, len(data), len(packets), 0xFF) + group.to_bytes(3, "little")
    return [frame(0xEC00, head)] + [frame(0xEB00, bytes((n + 1,)) + p) for n, p in enumerate(packets)]


NAME = 0x12345 | 10 << 21 | 0 << 40 | 1 << 63
VIN = b"1M8GDM9AXKP042788"

SCENES = [
    Scene(
        protocol="j1939",
        transport="l2",
        link=227,
        talk=[
            client(frame(0xEE00, struct.pack("<Q", NAME))),
            *map(client, broadcast(0xFEEC, VIN + b"*")),
            *map(client, broadcast(0xFEEB, b"CMMNS*ISX15*79123456*1*")),
            *map(client, broadcast(0xFEDA, b"\x01CAL04.12*")),
            client(frame(0xEA00, b"\xca\xfe\x00")),
            client(frame(0x0000, bytes(8), target=0xFF, priority=3)),
            client(frame(0xFED3, b"\xff" * 8)),
        ],
        facts={
            ("client", "id:j1939", "1"),
            ("client", "j1939-name", f"{NAME:016x}"),
            ("client", "function", "0"),
            ("client", "vendor", "Cummins"),
            ("client", "vendor", "CMMNS"),
            ("client", "model", "ISX15"),
            ("client", "serial", "79123456"),
            ("client", "firmware", "CAL04.12"),
            ("client", "id:vin", VIN.decode()),
        },
        operations=[
            ("request", "read", "unknown"),
            ("torque_speed_control", "write", "unknown"),
            ("clear_active_trouble_codes", "clear", "unknown"),
        ],
    )
]
