"""JT/T 1078: a terminal sends video and sound."""

from tests.probes.scene import Scene, client


def packet(payload: int, kind: int, number: int, body: bytes) -> bytes:
    """A packet of SIM 013912345678, channel 1; kind: 0 to 2 video, 3 sound, 4 transparent."""
    head = (
        b"01cd\x81"
        + bytes((payload,))
        + number.to_bytes(2)
        + bytes.fromhex("013912345678")
        + b"\x01"
        + bytes((kind << 4,))
    )
    more = {3: 8, 4: 0}.get(kind, 12)
    return head + bytes(more) + len(body).to_bytes(2) + body


SCENES = [
    Scene(
        protocol="jt1078",
        transport=transport,
        port=1078,
        talk=[
            client(packet(0xE2, 0, 1, bytes(range(256)) * 3)),
            client(packet(0x62, 1, 2, bytes(300))),
            client(packet(0x86, 3, 3, bytes(160))),
        ],
        facts={
            ("client", "role", "vehicle-terminal"),
            ("client", "id:phone", "13912345678"),
            ("client", "channel", "1"),
            ("client", "codec", "H.264"),
            ("client", "codec", "G.711A"),
        },
    )
    for transport in ("tcp", "udp")
]
