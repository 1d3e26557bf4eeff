"""What the HMI does all day: Modbus and S7 reads, a setpoint now and then, the meter's energy."""

from __future__ import annotations

from struct import pack

from sentinel.demo.cast import ENGINEERING, HMI, METER, METER_NUMBER, MODICON, S7
from sentinel.demo.scenes.s7 import OB1, Session
from sentinel.demo.wire import Tcp, Wire

SECOND = 1_000_000


def modbus(wire: Wire, until: int) -> None:
    """Two reads a second, a setpoint every 60 s (Modbus application protocol V1.1b3)."""
    tcp = wire.tcp(2 * SECOND, HMI, MODICON, 502)
    number = 0
    for second in range(3, until):
        tcp.wait(second * SECOND)
        level = 400 + second % 37
        number = _ask(tcp, number, pack(">BHH", 3, 100, 4), pack(">BB4H", 3, 8, level, 77, 1, 0))
        number = _ask(tcp, number, pack(">BHH", 1, 0, 16), b"\x01\x02\x35\x01")
        if second % 60 == 0:
            write = pack(">BHH", 6, 200, 450 + second // 60)
            number = _ask(tcp, number, write, write)


def _ask(tcp: Tcp, number: int, request: bytes, answer: bytes) -> int:
    head = pack(">HHHB", number, 0, len(request) + 1, 1)
    tcp.client(head + request)
    tcp.server(pack(">HHHB", number, 0, len(answer) + 1, 1) + answer)
    return number + 1


def s7(wire: Wire, until: int) -> None:
    """A data block every two seconds."""
    session = Session(wire, 4 * SECOND, HMI, S7)
    for second in range(5, until, 2):
        session.tcp.wait(second * SECOND + 300_000)
        session.read(10, 0, pack(">HHI", second % 200, 1, 52_000 + second))


def engineering(wire: Wire) -> None:
    """The engineering station looks at both controllers in the morning, and saves the program of one."""
    session = Session(wire, 31 * SECOND, ENGINEERING, S7)
    session.identify(S7)
    session.read(1, 0, bytes(16))
    session.upload(OB1)
    session.tcp.close()
    tcp = wire.tcp(41 * SECOND, ENGINEERING, MODICON, 502)
    names = ((0, MODICON.vendor), (1, MODICON.model), (2, MODICON.firmware))
    objects = b"".join(pack("BB", n, len(text or "")) + (text or "").encode() for n, text in names)
    _ask(tcp, 1, b"\x2b\x0e\x01\0", b"\x2b\x0e\x01\x01\0\0\x03" + objects)
    tcp.close()


def meter(wire: Wire, until: int) -> None:
    """DL/T 645-2007 over the gateway's TCP port: energy every 30 s, the clock once with a password."""
    tcp = wire.tcp(10 * SECOND, HMI, METER, 4001)
    for second in range(15, until, 30):
        tcp.wait(second * SECOND)
        energy = bytes((second % 100 // 10 << 4 | second % 10, 0x37, 0x12, 0x00))
        tcp.client(frame(0x11, bytes.fromhex("00000100")))
        tcp.server(frame(0x91, bytes.fromhex("00000100") + energy), 110_000)
    tcp.wait(until * SECOND - 15 * SECOND)
    clock = (
        bytes.fromhex("02010004")
        + bytes.fromhex("02000000")
        + bytes.fromhex("01000000")
        + bytes.fromhex("000010")
    )
    tcp.client(frame(0x14, clock))
    tcp.server(frame(0x94, b""), 130_000)


def frame(control: int, data: bytes) -> bytes:
    """A frame of DL/T 645-2007: address low byte first in BCD, data plus 33 hex, checksum."""
    address = bytes.fromhex(METER_NUMBER)[::-1]
    body = b"\x68" + address + b"\x68" + bytes((control, len(data))) + bytes((b + 0x33) & 0xFF for b in data)
    return b"\xfe\xfe\xfe\xfe" + body + bytes((sum(body) & 0xFF, 0x16))
