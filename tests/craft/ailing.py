"""Devices that are not well and say so: a clock that jumps, one that is wrong, values that are not valid, a
controller that fails while it does what it is asked. No attack.

IEC 60870-5-104 by the standard; Modbus exceptions by the application protocol 1.1b3.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from struct import pack

from sentinel.demo.wire import START
from tests.craft.plant import HMI, MINUTE, MODICON, SCADA, SECOND, Actor, Modbus, Plant, Scene

JUMPING = Actor("rtu-1", "10.20.1.41", "00:a0:45:41:00:41")
SLOW = Actor("rtu-2", "10.20.1.42", "00:a0:45:42:00:42")
INVALID = Actor("rtu-3", "10.20.1.43", "00:a0:45:43:00:43")

REPORTS = 40
"""Reports of each station, one a minute."""


def _time(us: int, wrong: int) -> bytes:
    """A binary time (CP56Time2a) of a clock that is `wrong` seconds ahead."""
    t = datetime.fromtimestamp(START, UTC) + timedelta(microseconds=us, seconds=wrong)
    ms = t.second * 1000 + t.microsecond // 1000
    return pack("<H5B", ms, t.minute, t.hour, t.day, t.month, t.year - 2000)


def _unit(number: int, kind: int, qualifier: int, cause: int, objects: bytes) -> bytes:
    """An I-format APDU of station 1."""
    asdu = pack("<BBBBH", kind, qualifier, cause, 0, 1) + objects
    return pack("<BBHH", 0x68, len(asdu) + 4, number << 1, 0) + asdu


def station(wire: Plant, us: int, rtu: Actor, wrong: int, later: int) -> None:
    """Single points with time, told as they change: the clock is `wrong` seconds ahead, from the middle on
    `later`."""
    tcp = wire.tcp(us, SCADA, rtu, 2404)
    tcp.client(b"\x68\x04\x07\0\0\0").server(b"\x68\x04\x0b\0\0\0")
    for n in range(REPORTS):
        at = us + (n + 1) * MINUTE
        clock = _time(at, wrong if n < REPORTS // 2 else later)
        point = pack("<I", 4001 + n % 8)[:3] + bytes((n & 1,)) + clock
        tcp.wait(at).server(_unit(n, 30, 1, 3, point))


def interrogated(wire: Plant, us: int, rtu: Actor) -> None:
    """A general interrogation: well at first, all values invalid five minutes later."""
    tcp = wire.tcp(us, SCADA, rtu, 2404)
    tcp.client(b"\x68\x04\x07\0\0\0").server(b"\x68\x04\x0b\0\0\0")
    number = 0
    for n, quality in enumerate((0, 0x80)):
        tcp.wait(us + n * 5 * MINUTE)
        tcp.client(_unit(n, 100, 1, 6, b"\0\0\0\x14"))
        for kind, cause, points in (
            (100, 7, b"\0\0\0\x14"),
            (1, 20, b"".join(pack("<I", 100 + i)[:3] + bytes((quality | i & 1,)) for i in range(6))),
            (100, 10, b"\0\0\0\x14"),
        ):
            tcp.server(_unit(number, kind, 6 if kind == 1 else 1, cause, points))
            number += 1


def play(wire: Plant) -> None:
    """Forty minutes of reports; in between the controller fails three times within a minute."""
    station(wire, SECOND, JUMPING, 0, -5_000)
    station(wire, 2 * SECOND, SLOW, -320, -320)
    interrogated(wire, 3 * SECOND, INVALID)
    modbus = Modbus(wire, 4 * SECOND, HMI, MODICON)
    for n in range(120):
        modbus.tcp.wait(4 * SECOND + n * 20 * SECOND)
        if n in (60, 61, 62):
            modbus.ask(pack(">BHH", 3, 100, 4), b"\x83\x04")
        else:
            modbus.read()


SCENE = Scene(play)
