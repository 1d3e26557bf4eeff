"""From an office machine over the jump host and the operator station to the controllers."""

from __future__ import annotations

from sentinel.demo.scenes.s7 import OB1, Session
from tests.craft.plant import (
    COLLEAGUE,
    ENGINEERING,
    HMI,
    JUMP,
    MINUTE,
    MODICON,
    OFFICE,
    OUTSIDE,
    S7,
    SECOND,
    Modbus,
    Plant,
    Scene,
    polling,
    probes,
    telnet,
    web,
)  # fmt: skip

PORTS = (21, 22, 23, 25, 53, 80, 88, 102, 110, 111, 135, 139, 143, 161, 389, 443, 445, 502, 636, 993, 1433,
         1521, 1962, 2222, 3306, 3389, 4840, 5432, 5900, 8080, 8443, 9100, 20_000, 44_818)  # fmt: skip


def play(wire: Plant) -> None:
    """Twenty minutes of polling; the rest is the attack."""
    polling(wire, 0, 120 * MINUTE, 20 * SECOND * 3)
    for n in range(6):
        web(wire, (5 + n * 15) * MINUTE, COLLEAGUE, JUMP, "/status", port=443)
    look = Session(wire, 10 * MINUTE, ENGINEERING, S7)
    look.identify(S7)
    look.tcp.close()
    at = 30 * MINUTE
    web(wire, at, OFFICE, OUTSIDE, "/invoice/update.exe", host="cdn.example.com", body=b"MZ" + bytes(900),
        kind="application/octet-stream")  # fmt: skip
    at += 4 * MINUTE
    probes(wire, at, OFFICE, JUMP, PORTS, (22, 23, 443))
    at += 3 * MINUTE
    for n, password in enumerate(("admin", "1234", "letmein", "plant", "Plant1")):
        telnet(wire, at + n * 6 * SECOND, OFFICE, JUMP, "operator", password, right=False)
    shell = telnet(wire, at + MINUTE, OFFICE, JUMP, "operator", "Plant2", right=True)
    screen = wire.tcp(at + 4 * MINUTE, JUMP, HMI, 5900)
    screen.server(b"RFB 003.008\n").client(b"RFB 003.008\n").server(b"\x01\x01").client(b"\x01")
    screen.server(b"\0\0\0\0").client(b"\x01")
    screen.server(b"\x04\0\x03\0\x20\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0\0\0\0\0\0\0\x03HMI")
    at += 8 * MINUTE
    load = Session(wire, at + 3 * MINUTE, HMI, S7)
    load.identify(S7)
    load.download(OB1)
    load.tcp.wait(load.tcp.now + 5 * SECOND)
    load.stop()
    load.tcp.close()
    pump = Modbus(wire, at + 5 * MINUTE, HMI)
    for register in range(200, 210):
        pump.write(register, 0)
    pump.tcp.close()
    screen.wait(at + 6 * MINUTE).close()
    shell.wait(at + 7 * MINUTE).close()


SCENE = Scene(
    play,
    attackers=(OFFICE, JUMP, HMI),
    victims=(S7, MODICON, OUTSIDE),
    tactics=(
        "initial-access",
        "discovery",
        "lateral-movement",
        "persistence|execution|inhibit-response-function",
    ),
)
