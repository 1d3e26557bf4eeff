"""CJ/T 188-2004 and -2018: water, heat and gas meters on serial lines, carried over TCP or UDP.

Frame: [FE]* 68 T A0..A6 C L DI0 DI1 SER data CS 16: T the kind of meter, A its address (BCD, low byte first;
A5 and A6 are the maker's code), C with bit 7 for an answer and bit 6 for an abnormal one, CS the sum of all
before it. Identifiers are sent low byte first by some makers and high byte first by others: both are read.

Written from CJ/T 188-2004 (6 and 7).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from sentinel.model.words import Action, Category
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
from sentinel.probes.dialogue import Dialogue

_ANSWER, _ABNORMAL, _FUNCTION = 0x80, 0x40, 0x3F
_FUNCTIONS: dict[int, tuple[str, Action, Category | None]] = {
    0x01: ("read_data", "read", None),
    0x03: ("read_address", "identify", None),
    0x04: ("write_data", "write", None),
    0x09: ("read_key_version", "read", None),
    0x15: ("write_address", "set-address", None),
    0x16: ("write_motor_synchronous_data", "write", None),
}
_WRITES: dict[int, tuple[str, Action, Category | None]] = {
    0xA010: ("write_price", "configure", None),
    0xA011: ("write_settlement_day", "configure", None),
    0xA012: ("write_reading_day", "configure", None),
    0xA013: ("write_purchased_amount", "write", None),
    0xA014: ("write_key", "configure", None),
    0xA015: ("write_time", "set-time", None),
    0xA016: ("write_motor_synchronous_data", "write", None),
    0xA017: ("valve_control", "other", "control"),
    0xA018: ("write_address", "set-address", None),
    0xA019: ("leave_factory", "configure", None),
}
_VALVE: dict[int, tuple[str, Action]] = {
    0x55: ("valve_open", "reconnect-load"),
    0x99: ("valve_close", "disconnect-load"),
}
_KINDS = {
    0x10: "cold water meter",
    0x11: "hot water meter",
    0x12: "drinking water meter",
    0x13: "grey water meter",
    0x20: "heat meter",
    0x21: "cooling meter",
    0x30: "gas meter",
    0x40: "electricity meter",
}
_PREFIXES = (0x81, 0x90, 0x91, 0xA0, 0xD1)
"""First bytes of identifiers."""


def _shape(kind: int) -> Shape:
    return Shape(
        patterns=(Pattern(0, b"\x68"), Pattern(1, bytes((kind,)), b"\xf0"), Pattern(9, b"\x00", b"\x20")),
        skip=(0xFE, 16),
        length=Length(offset=10, add=13),
        check=Check("sum8", back=2),
        last=0x16,
        min_len=13,
        strong=True,
        client=Pattern(9, b"\x00", b"\x80"),
        server=Pattern(9, b"\x80", b"\x80"),
    )


class Cjt188(Dialogue):
    """Requests and answers are paired by address and function."""

    name: ClassVar[str] = "cjt188"
    title: ClassVar[str] = "CJ/T 188 water, heat and gas meter"
    industrial: ClassVar[bool] = True
    signature: ClassVar[Signature] = Signature(
        transports=("tcp", "udp"), rank=111, shapes=tuple(_shape(kind) for kind in (0x10, 0x20, 0x30, 0x40))
    )
    facts: ClassVar[tuple[str, ...]] = ("role", "id:meter", "vendor_code", "meter_type")
    credentials: ClassVar[tuple[str, ...]] = ("key",)
    operations: ClassVar[tuple[str, ...]] = tuple(
        sorted({n for n, *_ in (*_FUNCTIONS.values(), *_WRITES.values())} | {n for n, _ in _VALVE.values()})
    )
    source: ClassVar[str] = "CJ/T 188-2004, CJ/T 188-2018"
    level: ClassVar[int] = 5
    mark: ClassVar[bytes] = b"\x68"
    filler: ClassVar[bytes] = b"\xfe"
    most: ClassVar[int] = 268
    max_pending: ClassVar[int] = 16
    timeout_us: ClassVar[int] = 30_000_000

    def size(self, data: bytes) -> int | None:
        """By the length field, if the kind of meter is one."""
        if len(data) > 1 and data[1] >> 4 not in (1, 2, 3, 4):
            return 0
        return data[10] + 13 if len(data) > 10 else None

    def sound(self, frame: bytes) -> bool:
        """End and sum are right."""
        return frame[-1] == 0x16 and frame[-2] == sum(frame[:-2]) & 0xFF

    def message(self, side: Side, frame: bytes, stamp: Stamp) -> Iterator[Observation]:
        """What one frame says."""
        kind, control, data = frame[1], frame[9], frame[11:-2]
        address, function = frame[2:9][::-1].hex().upper(), control & _FUNCTION
        identifier = _identifier(data)
        if control & _ANSWER:
            yield from self._meter(side, kind, address)
            exception = None
            if control & _ABNORMAL:
                exception = (data[-1] if data else 0, "abnormal_answer")
            for key in ((address, function), ("AA" * 7, function)):
                asked = self.take(key, side)
                if asked is not None:
                    self._open.appendleft(asked)
                    yield from self.settle(key, side, "refused" if exception else "accepted", exception)
                    return
            return
        name, action, category = _FUNCTIONS.get(function, (f"function_{function:02x}", "other", None))
        credentials: tuple[Credential, ...] = ()
        value = None
        if function in (0x04, 0x15, 0x16) and identifier is not None:
            name, action, category = _WRITES.get(identifier, (name, action, category))
            value = data[3:].hex() or None
            if identifier == 0xA017 and len(data) > 3:
                name, action = _VALVE.get(data[3], (name, action))
                category = None if data[3] in _VALVE else "control"
            if identifier == 0xA014 and len(data) >= 12:
                value = None
                key_text = data[4:12].hex().upper()
                credentials = (
                    Credential(
                        kind="key",
                        secret=key_text,
                        cleartext=True,
                        detail={"meter": address, "version": data[3]},
                    ),
                )
        operation = Operation(
            name=name,
            action=action,
            category=category,
            code=function,
            unit=address,
            target=None if identifier is None else f"{identifier:04X}",
            value=value,
        )
        yield from self.ask((address, function), side, stamp, operation, credentials)

    def _meter(self, side: Side, kind: int, address: str) -> Iterator[Observation]:
        if not address.isdigit() or not address.strip("0"):
            return
        yield Fact(side=side, name="id:meter", value=address, field="A0-A6")
        yield Fact(side=side, name="vendor_code", value=address[:4], field="A5-A6")
        if kind in _KINDS:
            yield Fact(side=side, name="role", value="meter", field="T")
            yield Fact(side=side, name="meter_type", value=_KINDS[kind], field="T")


def _identifier(data: bytes) -> int | None:
    if len(data) < 2:
        return None
    high, low = (
        (data[0], data[1]) if data[0] in _PREFIXES and data[1] not in _PREFIXES else (data[1], data[0])
    )
    return high << 8 | low
