"""SL 651-2014: hydrological stations and their centre, in the binary form, over TCP or UDP.

Frame: 7E 7E, then upwards centre 1 and station 5, downwards station 5 and centre 1; password 2; function 1;
direction and length 2 (upper four bits 0 up, 8 down); 02 (16 with a packet number) body; 03, 17, 05, 06, 15,
04 or 1B; CRC 2 (MODBUS, high byte first) over all before it. The form in ASCII characters is not read.

Written from SL 651-2014 (6 and annexes B and C). The layout of the password order (49) has no second source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from sentinel.model.words import Action
from sentinel.probes.contract import (
    Check,
    Credential,
    Fact,
    Length,
    Observation,
    Operation,
    Pattern,
    Shape,
    Side,
    Signature,
    Stamp,
)
from sentinel.probes.dialogue import Dialogue, crc16, text

MAX_STATIONS = 64
"""Passwords of one flow that are told once."""

_FUNCTIONS: dict[int, tuple[str, Action]] = {
    0x37: ("query_real_time_data", "read"),
    0x38: ("query_period_data", "read"),
    0x39: ("query_manual_data", "read"),
    0x3A: ("query_elements", "read"),
    0x40: ("set_basic_configuration", "configure"),
    0x41: ("query_basic_configuration", "read"),
    0x42: ("set_running_parameters", "configure"),
    0x43: ("query_running_parameters", "read"),
    0x44: ("query_pump_motor", "read"),
    0x45: ("query_software_version", "identify"),
    0x46: ("query_state", "diagnose"),
    0x47: ("initialise_storage", "clear"),
    0x48: ("factory_reset", "factory-reset"),
    0x49: ("change_password", "configure"),
    0x4A: ("set_time", "set-time"),
    0x4B: ("set_card_state", "configure"),
    0x4C: ("control_pump", "force"),
    0x4D: ("control_valve", "force"),
    0x4E: ("control_gate", "force"),
    0x4F: ("control_water_quantity", "force"),
    0x50: ("query_events", "read"),
    0x51: ("query_time", "read"),
}
"""Orders of the centre; the station answers with the same function."""

_ENDS = (0x03, 0x17, 0x05, 0x06, 0x15, 0x04, 0x1B)
_NAK, _EOT = 0x15, 0x04


def _shape(start: int) -> Shape:
    return Shape(
        patterns=(Pattern(0, b"\x7e\x7e"), Pattern(11, b"\x00", b"\x70"), Pattern(13, bytes((start,)))),
        length=Length(offset=11, width=2, big_endian=True, mask=0x0FFF, add=17),
        check=Check("crc16-modbus", back=2, big_endian=True),
        min_len=17,
        strong=True,
        client=Pattern(11, b"\x00", b"\x80"),
        server=Pattern(11, b"\x80", b"\x80"),
    )


class Sl651(Dialogue):
    """Stations dial the centre; orders are paired with answers by station and function."""

    name: ClassVar[str] = "sl651"
    title: ClassVar[str] = "SL 651 hydrological station"
    industrial: ClassVar[bool] = True
    signature: ClassVar[Signature] = Signature(
        transports=("tcp", "udp"), rank=117, shapes=(_shape(0x02), _shape(0x16))
    )
    facts: ClassVar[tuple[str, ...]] = ("role", "id:station", "firmware")
    credentials: ClassVar[tuple[str, ...]] = ("password",)
    operations: ClassVar[tuple[str, ...]] = tuple(sorted(name for name, _ in _FUNCTIONS.values()))
    source: ClassVar[str] = "SL 651-2014"
    level: ClassVar[int] = 5
    mark: ClassVar[bytes] = b"\x7e\x7e"
    most: ClassVar[int] = 4112

    def __init__(self) -> None:
        super().__init__()
        self._told: set[tuple[str, str]] = set()

    def size(self, data: bytes) -> int | None:
        """By the length field, if direction and start of the text are known ones."""
        if len(data) < 14:
            return None
        if data[11] >> 4 not in (0, 8) or data[13] not in (0x02, 0x16):
            return 0
        return (int.from_bytes(data[11:13]) & 0xFFF) + 17

    def sound(self, frame: bytes) -> bool:
        """End and checksum are right."""
        return frame[-3] in _ENDS and crc16(frame[:-2]) == int.from_bytes(frame[-2:])

    def message(self, side: Side, frame: bytes, stamp: Stamp) -> Iterator[Observation]:
        """What one frame says."""
        up = frame[11] >> 4 == 0
        station = (frame[3:8] if up else frame[2:7]).hex().upper()
        secret, function, body = frame[8:10].hex().upper(), frame[10], frame[14:-3]
        if frame[13] == 0x16:
            body = body[3:]
        key = (station, function)
        if up:
            yield Fact(side=side, name="role", value="rtu", field="direction")
            yield Fact(side=side, name="id:station", value=station, field="station address")
            credentials = self._password(station, secret)
            if function in _FUNCTIONS and any(a.key == key for a in self._open):
                if function == 0x45:
                    yield from _version(side, body)
                refused = (frame[-3], "nak") if frame[-3] == _NAK else None
                yield from self.settle(key, side, "refused" if refused else "accepted", refused)
            elif credentials:
                yield from self.ask(("report", station, function), side, stamp, None, credentials)
            return
        if frame[-3] in (0x06, _NAK, _EOT, 0x1B):
            accepted = frame[-3] != _NAK
            yield from self.settle(("report", station, function), side, "accepted" if accepted else "refused")
            return
        if function not in _FUNCTIONS:
            return
        name, action = _FUNCTIONS[function]
        credentials = self._password(station, secret)
        if function == 0x49:
            credentials += tuple(_changed(station, body))
        operation = Operation(
            name=name,
            action=action,
            code=function,
            unit=station,
            value=None if function == 0x49 or action == "read" else body[8:][:64].hex() or None,
            notable=action not in ("read", "identify", "diagnose"),
        )
        yield from self.ask(key, side, stamp, operation, credentials)

    def _password(self, station: str, secret: str) -> tuple[Credential, ...]:
        if (station, secret) in self._told or len(self._told) >= MAX_STATIONS:
            return ()
        self._told.add((station, secret))
        return (Credential(kind="password", username=station, secret=secret, cleartext=True),)


def _changed(station: str, body: bytes) -> Iterator[Credential]:
    """The new password: the second of two elements 03 10 with two bytes each, behind number and time."""
    second = body.rfind(b"\x03\x10")
    first = body.find(b"\x03\x10")
    if 0 <= first < second and len(body) >= second + 4:
        secret = body[second + 2 : second + 4].hex().upper()
        yield Credential(kind="password", username=station, secret=secret, cleartext=True)


def _version(side: Side, body: bytes) -> Iterator[Observation]:
    """Number 2, time 6, F1 F1 and station 5, then a length and the version in characters."""
    if len(body) > 16 and body[8:10] == b"\xf1\xf1":
        version = text(body[16 : 16 + body[15]], "ascii")
        if version:
            yield Fact(side=side, name="firmware", value=version, field="software version")
