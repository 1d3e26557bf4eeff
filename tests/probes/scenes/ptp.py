"""PTP: a grandmaster announces itself, then another takes over (802.1AS over Ethernet)."""

import struct

from tests.probes.scene import Scene, client

_CLOCK = bytes.fromhex("020000fffe000901")


def announce(grandmaster: bytes, number: int) -> bytes:
    head = struct.pack(">BBHBBH8xI", 0x1B, 2, 64, 0, 0, 8, 0) + _CLOCK + struct.pack(">HHBb", 1, number, 5, 0)
    body = bytes(10) + struct.pack(">hBBBBHB", 37, 0, 128, 6, 0x21, 0x436A, 128)
    return head + body + grandmaster + struct.pack(">HB", 0, 0x20)


_OTHER = bytes.fromhex("0080a3fffe123456")

SCENES = [
    Scene(
        protocol="ptp",
        transport="l2",
        ethertype=0x88F7,
        talk=[client(announce(_CLOCK, 1)), client(announce(_CLOCK, 2)), client(announce(_OTHER, 3))],
        facts={
            ("client", "id:ptp-clock", _CLOCK.hex()),
            ("client", "ptp_grandmaster", _CLOCK.hex()),
            ("client", "ptp_grandmaster", _OTHER.hex()),
            ("client", "ptp_class", "6"),
            ("client", "ptp_domain", "0"),
            ("client", "ptp_profile", "802.1AS"),
        },
        events=["announce", "grandmaster_change"],
    )
]
