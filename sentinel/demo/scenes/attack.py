"""The intruder: looks around, guesses the camera's password, loads a program into a PLC and stops it."""

from __future__ import annotations

from sentinel.demo.cast import CAMERA, INTRUDER, MODICON, S7, Actor
from sentinel.demo.scenes import camera, network
from sentinel.demo.scenes.s7 import OB1, Session
from sentinel.demo.wire import BROADCAST, Wire

SECOND = 1_000_000
PORTS = (21, 22, 23, 80, 102, 443, 502, 554, 4840, 44818)
OPEN = {S7.ip: (102,), MODICON.ip: (502,), CAMERA.ip: (80, 554)}


def run(wire: Wire) -> None:
    """All of it, from second 300 on."""
    network.arrival(wire, 300 * SECOND)
    _sweep(wire, 310 * SECOND)
    for n, target in enumerate((S7, MODICON, CAMERA)):
        _scan(wire, (320 + 10 * n) * SECOND, target)
    for n, password in enumerate(("admin", "1234", "12345")):
        camera.log_in(wire, (370 + 8 * n) * SECOND, INTRUDER, password, right=password == "12345")  # noqa: S105
    look = Session(wire, 430 * SECOND, INTRUDER, S7)
    look.identify(S7)
    look.tcp.close()
    load = Session(wire, 470 * SECOND, INTRUDER, S7)
    load.download(OB1)
    load.tcp.wait(490 * SECOND)
    load.stop()
    load.tcp.close()


def _sweep(wire: Wire, us: int) -> None:
    """Ask for every hardware address of the controllers' network; two answer."""
    from scapy.layers.l2 import ARP, Ether

    owners = {a.ip: a for a in (S7, MODICON)}
    for n in range(1, 31):
        ip = f"10.20.1.{n}"
        if owner := owners.get(ip):
            wire.arp(us + n * 9_000, INTRUDER, owner)
        else:
            ask = ARP(op=1, hwsrc=INTRUDER.mac, psrc=INTRUDER.ip, pdst=ip)
            wire.at(us + n * 9_000, Ether(src=INTRUDER.mac, dst=BROADCAST) / ask)


def _scan(wire: Wire, us: int, target: Actor) -> None:
    """Half-open port scan."""
    from scapy.layers.inet import TCP

    for n, port in enumerate(PORTS):
        at = us + n * 30_000
        sport, seq = 40_000 + n, 7_000 + n
        wire.at(at, wire.ip(INTRUDER, target) / TCP(sport=sport, dport=port, seq=seq, flags="S", window=1024))
        if port in OPEN[target.ip]:
            wire.at(
                at + 300,
                wire.ip(target, INTRUDER) / TCP(sport=port, dport=sport, seq=99, ack=seq + 1, flags="SA"),
            )
            wire.at(
                at + 500, wire.ip(INTRUDER, target) / TCP(sport=sport, dport=port, seq=seq + 1, flags="R")
            )
        else:
            wire.at(
                at + 300, wire.ip(target, INTRUDER) / TCP(sport=port, dport=sport, ack=seq + 1, flags="RA")
            )
