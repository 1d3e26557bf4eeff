"""NTP: a receiver's clock, control and private messages, an answer that a domain controller signs."""

import struct

from tests.probes.scene import Scene, client, server


def time(mode: int, stratum: int, reference: bytes) -> bytes:
    """A message of version 4 of 48 octets."""
    head = struct.pack(">BBbb", 4 << 3 | mode, stratum, 6, -20) + struct.pack(">II", 0x100, 0x200)
    return head + reference + bytes(16) + bytes(8) + struct.pack(">II", 0xE5100000, 1)


def control(code: int, number: int, text: bytes = b"", status: int = 0) -> bytes:
    """A message of mode 6."""
    return struct.pack(">BBHHHHH", 0x16, code, number, status, 0, 0, len(text)) + text


_SYSTEM = b'version="ntpd 4.2.8p12@1.3728-o", processor="armv7l", system="Linux/4.19", stratum=1'
_KEY = struct.pack("<I", 1105)
_SIGNED = time(4, 1, b"GPS\0")

SCENES = [
    Scene(
        protocol="ntp",
        transport="udp",
        port=123,
        talk=[
            client(time(3, 0, bytes(4)) + _KEY + bytes(16)),
            server(_SIGNED + _KEY + b"\xab" * 16),
            client(control(2, 1)),
            server(control(0x82, 1, _SYSTEM)),
            client(control(8, 2, b"server 10.9.0.66")),
            server(control(0xC8, 2, status=0x0100)),
            client(bytes([0x17, 0, 3, 42, 0, 0, 0, 0])),
            server(bytes([0x97, 0, 3, 42, 0, 1, 0, 72]) + bytes(72)),
        ],
        facts={
            ("server", "ntp_stratum", "1"),
            ("server", "ntp_refid", "GPS"),
            ("server", "ntp_daemon", "ntpd 4.2.8p12@1.3728-o"),
            ("server", "os", "Linux 4.19"),
        },
        operations=[
            ("read_variables", "identify", "accepted"),
            ("configure", "configure", "refused"),
            ("monlist", "read", "accepted"),
        ],
        credentials=[("hash", "1105", f"$sntp-ms${'ab' * 16}${_SIGNED.hex()}", "unknown")],
        events=["time", "configure"],
        any_port=False,
    )
]
