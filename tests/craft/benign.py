"""A day on which nothing happens: polling, diagnostics, operator's writes, names, clocks, backups."""

from __future__ import annotations

from struct import pack

from sentinel.demo.cast import CAMERA
from sentinel.demo.scenes import network
from sentinel.demo.scenes.s7 import Session
from tests.craft.opcua_theft import Session as OpcUa
from tests.craft.plant import (
    COLLEAGUE,
    DAY,
    ENGINEERING,
    HISTORIAN,
    HMI,
    HOUR,
    JUMP,
    MINUTE,
    MODICON,
    OFFICE,
    OUTSIDE,
    S7,
    SCADA,
    SECOND,
    SWITCH,
    Actor,
    Modbus,
    Plant,
    Scene,
    lease,
    web,
)  # fmt: skip


def play(wire: Plant) -> None:
    """From eight to eight."""
    for n, (a, b) in enumerate(
        ((HMI, S7), (HMI, MODICON), (SCADA, MODICON), (ENGINEERING, S7), (ENGINEERING, SWITCH))
    ):
        for hour in range(24):
            wire.arp(hour * HOUR + SECOND + n * 21_000, a, b)
    _polling(wire)
    network.announcements(wire, 600)
    network.management(wire)
    network.clocks(wire, 3_600)
    for n, client in enumerate((HMI, ENGINEERING, SCADA, OFFICE, COLLEAGUE)):
        for half in (0, 12):
            lease(wire, half * HOUR + n * MINUTE, client, SWITCH)
        for us in range(n * MINUTE + 30 * SECOND, DAY, HOUR):
            _name(wire, us, client, b"updates" if n < 3 else b"intranet")
    _engineering(wire)
    _people(wire)
    _historian(wire)


def _polling(wire: Plant) -> None:
    modbus, scada = Modbus(wire, 2 * SECOND, HMI), Modbus(wire, 3 * SECOND, SCADA)
    session = Session(wire, 4 * SECOND, HMI, S7)
    for us in range(10 * SECOND, DAY, 30 * SECOND):
        modbus.tcp.wait(us)
        modbus.read()
        scada.tcp.wait(us + 5 * SECOND)
        scada.read()
        session.tcp.wait(us + 7 * SECOND)
        session.read(10, 0, pack(">HHI", us // SECOND % 200, 1, 52_000))
        if us in (3 * HOUR + 10 * SECOND, 3 * HOUR + 40 * SECOND, 7 * HOUR + 10 * SECOND):
            for register in range(200, 204):
                modbus.write(register, 450)


def _engineering(wire: Plant) -> None:
    for hour in (1, 5):
        look = Session(wire, hour * HOUR + 12 * MINUTE, ENGINEERING, S7)
        look.identify(S7)
        look.read(1, 0, bytes(16))
        look.tcp.close()


def _people(wire: Plant) -> None:
    for hour in range(9):
        web(wire, hour * HOUR + 20 * MINUTE, COLLEAGUE, CAMERA, "/doc/page/preview.asp", product="App-webs/")
        web(wire, hour * HOUR + 22 * MINUTE, HMI, CAMERA, "/doc/page/preview.asp", product="App-webs/")
        web(wire, hour * HOUR + 25 * MINUTE, OFFICE, OUTSIDE, "/news", host="news.example.com")
        shell = wire.tcp(hour * HOUR + 40 * MINUTE, COLLEAGUE, JUMP, 22)
        shell.server(b"SSH-2.0-OpenSSH_9.6\r\n").client(b"SSH-2.0-OpenSSH_for_Windows_9.5\r\n")
        shell.close()


def _historian(wire: Plant) -> None:
    for us in range(11 * MINUTE, DAY, 4 * HOUR):
        session = OpcUa(wire, us, HISTORIAN, b"historian", b"Archive-2031-x")
        for _ in range(4):
            session.read(b"Boiler.Temperature")
        session.tcp.close()
    backup = wire.tcp(18 * HOUR, SCADA, HISTORIAN, 8_443)
    for _ in range(40):
        backup.client(bytes(range(256)) * 40).server(b"ok")
    backup.close()


def _name(wire: Plant, us: int, client: Actor, name: bytes) -> None:
    label = bytes((len(name),)) + name + b"\x07example\x03com\0"
    ask = pack(">HHHHHH", us // SECOND & 0xFFFF, 0x0100, 1, 0, 0, 0) + label + b"\0\x01\0\x01"
    answer = pack(">HHHHHH", us // SECOND & 0xFFFF, 0x8180, 1, 1, 0, 0) + label + b"\0\x01\0\x01"
    wire.udp(us, client, SWITCH, 50_000 + us // SECOND % 10_000, 53, ask)
    record = b"\xc0\x0c\0\x01\0\x01\0\0\x0e\x10\0\x04" + bytes((10, 20, 5, 80))
    wire.udp(us + 900, SWITCH, client, 53, 50_000 + us // SECOND % 10_000, answer + record)


SCENE = Scene(play)
