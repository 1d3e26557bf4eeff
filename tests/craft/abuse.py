"""What can be done to a controller by its own protocol: scans, floods, toggled outputs, a silenced line."""

from __future__ import annotations

from struct import pack

from sentinel.demo.scenes.s7 import OB1, Session
from tests.craft.plant import (
    ENGINEERING,
    HMI,
    MINUTE,
    MODICON,
    S7,
    SCADA,
    SECOND,
    Actor,
    Modbus,
    Plant,
    Scene,
    polling,
    probes,
    telnet,
)  # fmt: skip

LAPTOP = Actor("laptop", "10.20.2.98", "b8:27:eb:11:22:98")
MASTERS = tuple(Actor(f"master-{n}", f"10.20.2.{n}", f"00:0b:ab:71:06:{n}") for n in range(41, 48))


def play(wire: Plant) -> None:
    """An hour, one thing after the other."""
    polling(wire, 0, 60 * MINUTE, MINUTE)
    probes(wire, 5 * MINUTE, HMI, MODICON, tuple(range(20, 60)), ())
    scan = Modbus(wire, 7 * MINUTE, LAPTOP)
    for code in range(1, 31):
        scan.ask(bytes((code, 0, 0, 0, 1)), bytes((code | 0x80, 1)))
    scan.tcp.close()
    for unit in range(1, 20):
        one = Modbus(wire, 9 * MINUTE + unit * SECOND, LAPTOP, unit=unit)
        one.read()
        one.tcp.close()
    refused = Modbus(wire, 12 * MINUTE, LAPTOP)
    for register in range(30):
        refused.ask(pack(">BHH", 6, register, 1), b"\x86\x02")
    refused.tcp.close()
    force = Modbus(wire, 15 * MINUTE, LAPTOP)
    for coil in range(80):
        force.ask(pack(">BHH", 5, coil, 0xFF00), pack(">BHH", 5, coil, 0xFF00))
    force.tcp.wait(17 * MINUTE)
    for n in range(24):
        toggle = pack(">BHH", 5, 7, 0xFF00 if n % 2 else 0)
        force.ask(toggle, toggle)
    force.tcp.wait(19 * MINUTE)
    for n in range(220):
        force.write(200, n)
    force.tcp.close()
    for master in MASTERS:
        other = Modbus(wire, 22 * MINUTE, master)
        other.read()
        other.write(200, 1)
        other.tcp.close()
    silence = Modbus(wire, 25 * MINUTE, LAPTOP)
    silence.ask(pack(">BHH", 8, 1, 0xFF00), pack(">BHH", 8, 1, 0xFF00))
    silence.ask(pack(">BHH", 8, 3, 0x0A00), pack(">BHH", 8, 3, 0x0A00))
    silence.ask(pack(">BHH", 8, 10, 0), pack(">BHH", 8, 10, 0))
    silence.ask(pack(">BHH", 8, 4, 0), pack(">BHH", 8, 4, 0))
    silence.tcp.close()
    change = Session(wire, 30 * MINUTE, ENGINEERING, S7)
    change.stop()
    change.tcp.wait(change.tcp.now + 3 * SECOND)
    change.download(OB1)
    change.tcp.wait(change.tcp.now + 3 * SECOND)
    change.job(b"\x28\0\0\0\0\0\0\xfd\0\0\x09P_PROGRAM", b"\x28")
    change.tcp.close()
    for n, user in enumerate(("alice", "bob", "carol", "dave", "erin", "frank", "grace", "sysdiag")):
        telnet(wire, 35 * MINUTE + n * 5 * SECOND, LAPTOP, HMI, user, "Winter2026", right=False)
    for n, host in enumerate((HMI, SCADA, ENGINEERING, MODICON, S7)):
        telnet(wire, 40 * MINUTE + n * 5 * SECOND, LAPTOP, host, "operator", "Winter2026", right=False)
    for n, host in enumerate((LAPTOP, ENGINEERING, SCADA, *MASTERS[:1])):
        telnet(wire, 45 * MINUTE + n * 60 * SECOND, host, HMI, "operator", "Hall-7", right=True).close()


SCENE = Scene(play)
