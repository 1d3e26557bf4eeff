"""An access point that nobody listed gives out addresses and hides its clients; one gives orders."""

from __future__ import annotations

from tests.craft.plant import (
    HMI,
    MINUTE,
    MODICON,
    SECOND,
    SWITCH,
    Actor,
    Modbus,
    Plant,
    Scene,
    lease,
    polling,
    web,
)  # fmt: skip

POINT = Actor("access-point", "10.20.2.77", "50:c7:bf:77:00:77")
WINDOWS = Actor("windows-behind", POINT.ip, POINT.mac)
PHONE = Actor("phone-behind", POINT.ip, POINT.mac)
PANEL = Actor("panel", "10.20.2.35", "00:0b:ab:71:05:35")
PORTAL = Actor("portal", "10.20.5.80", "00:15:5d:05:80:80")
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile",
)


def play(wire: Plant) -> None:
    """An hour; the access point comes at ten past."""
    polling(wire, 0, 60 * MINUTE, MINUTE)
    lease(wire, 2 * MINUTE, PANEL, SWITCH)
    lease(wire, 5 * MINUTE, HMI, SWITCH)
    lease(wire, 10 * MINUTE, POINT, SWITCH, "TL-WR841N")
    wire.arp(10 * MINUTE + SECOND, POINT, SWITCH)
    lease(wire, 12 * MINUTE, Actor("guest", "192.168.1.101", "9c:b6:d0:12:34:01"), POINT)
    wire.ttl |= {WINDOWS.key: 127, PHONE.key: 63}
    for n in range(4):
        for who, agent in zip((WINDOWS, PHONE), AGENTS, strict=True):
            at = (14 + n) * MINUTE + (0 if who is WINDOWS else 20 * SECOND)
            web(wire, at, who, PORTAL, f"/news/{n}", agent=agent)
    wire.arp(30 * MINUTE - SECOND, POINT, MODICON)
    probe = Modbus(wire, 30 * MINUTE, WINDOWS)
    for code in range(1, 21):
        probe.ask(bytes((code, 0, 0, 0, 1)), bytes((code | 0x80, 1)))
    probe.tcp.close()
    valve = Modbus(wire, 33 * MINUTE, WINDOWS)
    for n in range(6):
        valve.write(200 + n, 0)
    valve.tcp.close()


SCENE = Scene(
    play,
    attackers=(POINT,),
    victims=(MODICON, PORTAL, Actor("guest", "192.168.1.101", "9c:b6:d0:12:34:01"), SWITCH),
    tactics=(
        "initial-access|collection|credential-access",
        "discovery|lateral-movement|impair-process-control",
    ),
)
