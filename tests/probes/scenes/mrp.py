"""MRP: a manager tests its ring, which opens."""

from tests.probes.scene import Scene, client


def test(closed: bool) -> bytes:
    """MRP_Test with the common part and the end."""
    state = bytes([0, int(closed)])
    body = b"\x80\x00" + bytes.fromhex("020000000901") + bytes(2) + state + bytes(6)
    return b"\x00\x01\x02\x12" + body + b"\x01\x12\x00\x01" + b"\xff" * 16 + b"\x00\x00"


SCENES = [
    Scene(
        protocol="mrp",
        transport="l2",
        ethertype=0x88E3,
        talk=[client(test(True)), client(test(False))],
        facts={("client", "mrp_role", "manager"), ("client", "mrp_domain", "ff" * 16)},
        events=["ring_closed", "ring_open"],
    )
]
