"""RSTP: a bridge, then another root."""

import struct

from tests.probes.scene import Scene, client

_BRIDGE = bytes.fromhex("8000020000000901")


def bpdu(root: bytes) -> bytes:
    """A rapid BPDU in an LLC frame of 802.3."""
    times = struct.pack("<HHHHB", 0, 20, 2, 15, 0)
    return b"\x42\x42\x03\0\0\x02\x02\x3c" + root + struct.pack(">I", 4) + _BRIDGE + b"\x80\x01" + times


SCENES = [
    Scene(
        protocol="stp",
        transport="l2",
        ethertype=len(bpdu(_BRIDGE)),
        talk=[client(bpdu(_BRIDGE)), client(bpdu(_BRIDGE)), client(bpdu(bytes.fromhex("1000020000000977")))],
        facts={
            ("client", "role", "switch"),
            ("client", "stp_bridge", "32768/02:00:00:00:09:01"),
            ("client", "stp_root", "32768/02:00:00:00:09:01"),
            ("client", "stp_root", "4096/02:00:00:00:09:77"),
        },
        events=["bridge", "root_change"],
    )
]
