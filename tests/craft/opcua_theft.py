"""A stolen OPC UA account: a host that never was a client logs in as the operator and writes setpoints.

Encodings by OPC 10000-6, 5.2 (binary) and 6.7 (secure conversation), without security.
"""

from __future__ import annotations

from struct import pack

from sentinel.demo.wire import Wire
from tests.craft.plant import (
    DAY,
    HOUR,
    JUMP,
    MINUTE,
    OPC_SERVER,
    SCADA,
    SECOND,
    Actor,
    Plant,
    Scene,
    days,
)  # fmt: skip

DAYS = 8
NULL = b"\xff" * 4
EPOCH = bytes(8)


def text(value: bytes) -> bytes:
    """A string or octets, the length first."""
    return pack("<i", len(value)) + value


def _asks(number: int, more: bytes) -> bytes:
    return b"\x01\0" + pack("<H", number) + b"\0\0" + EPOCH + bytes(8) + NULL + bytes(7) + more


def _answers(number: int, more: bytes, status: int = 0) -> bytes:
    return b"\x01\0" + pack("<H", number) + bytes(12) + pack("<I", status) + b"\0" + NULL + bytes(3) + more


def _node(name: bytes) -> bytes:
    return b"\x03\x02\0" + text(name)


class Session:
    """A session of a user, from the hello to the log-in."""

    def __init__(self, wire: Wire, us: int, client: Actor, user: bytes, password: bytes) -> None:
        self.tcp = wire.tcp(us, client, OPC_SERVER, 4840)
        self._request = 1
        sizes = pack("<IIIII", 0, 65_536, 65_536, 0, 0)
        self._chunks(b"HELF", sizes + text(b"opc.tcp://10.20.2.60:4840"), b"ACKF", sizes)
        policy = text(b"http://opcfoundation.org/UA/SecurityPolicy#None") + NULL + NULL + pack("<II", 1, 1)
        ask = _asks(446, bytes(8) + pack("<I", 1) + NULL + pack("<I", 3_600_000))
        done = _answers(449, bytes(4) + pack("<II", 7, 1) + EPOCH + pack("<I", 3_600_000) + NULL)
        self._chunks(b"OPNF", bytes(4) + policy + ask, b"OPNF", pack("<I", 7) + policy + done)
        token = text(b"username") + text(user) + text(password) + NULL
        identity = b"\x01\0" + pack("<H", 324) + b"\x01" + text(token)
        self.call(_asks(467, NULL * 4 + identity + NULL + NULL), _answers(470, NULL * 3))

    def read(self, name: bytes) -> None:
        """The value of a node."""
        ask = bytes(8) + pack("<II", 2, 1) + _node(name) + pack("<I", 13) + NULL + b"\0\0" + NULL
        self.call(_asks(631, ask), _answers(634, pack("<I", 1) + b"\x01\x06" + pack("<i", 90) + NULL))

    def write(self, name: bytes, value: int) -> None:
        """The value of a node."""
        one = _node(name) + pack("<I", 13) + NULL + b"\x01\x06" + pack("<i", value)
        self.call(_asks(673, pack("<I", 1) + one), _answers(676, pack("<II", 1, 0) + NULL))

    def browse(self, name: bytes) -> None:
        """What is below a node."""
        one = _node(name) + pack("<I", 0) + b"\0\0" + b"\x01" + pack("<II", 0, 63)
        ask = b"\0\0" + EPOCH + bytes(4) + bytes(4) + pack("<I", 1) + one
        self.call(_asks(527, ask), _answers(530, pack("<I", 1) + bytes(4) + NULL + NULL + NULL))

    def call(self, ask: bytes, answer: bytes) -> None:
        """A request and its response."""
        self._request += 1
        head = pack("<IIII", 7, 1, self._request, self._request)
        self._chunks(b"MSGF", head + ask, b"MSGF", head + answer)

    def _chunks(self, kind: bytes, ask: bytes, answered: bytes, answer: bytes) -> None:
        self.tcp.client(kind + pack("<I", len(ask) + 8) + ask)
        self.tcp.server(answered + pack("<I", len(answer) + 8) + answer)


def play(wire: Plant) -> None:
    """Eight days of the SCADA server's sessions, then the jump host's."""
    days(wire, DAYS + 1)
    for us in range(0, (DAYS + 1) * DAY, 6 * HOUR):
        usual = Session(wire, us + 11 * MINUTE, SCADA, b"operator", b"Hall-7-Boiler")
        usual.read(b"Boiler.Temperature")
        usual.write(b"Boiler.Setpoint", 90)
        usual.tcp.close()
    theft = Session(wire, DAYS * DAY + 13 * HOUR, JUMP, b"operator", b"Hall-7-Boiler")
    theft.browse(b"Boiler")
    theft.read(b"Boiler.Setpoint")
    theft.tcp.wait(theft.tcp.now + 20 * SECOND)
    for n in range(5):
        theft.write(b"Boiler.Setpoint", 120 + n)
    theft.tcp.close()


SCENE = Scene(
    play,
    attackers=(JUMP,),
    victims=(OPC_SERVER,),
    tactics=("lateral-movement|collection", "impair-process-control"),
)
