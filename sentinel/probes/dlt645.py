"""DL/T 645-2007 and -1997: electricity meters on serial lines, carried over TCP or UDP by serial servers.

Frame: [FE]* 68 A0..A5 68 C L data CS 16. Addresses are BCD, low byte first; every byte of the data is
sent with 33H added; CS is the sum of all before it. C: bit 7 set by the slave, bit 6 an abnormal answer,
bit 5 more follows, bits 4-0 the function. Passwords and operator codes cross the line readable.

Written from DL/T 645-2007 (sections 5 to 7, appendix A) and DL/T 645-1997.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from sentinel.model.words import Action, Category, LoginOutcome, Outcome
from sentinel.probes.contract import (
    Check,
    Credential,
    Fact,
    Length,
    Observation,
    Operation,
    Pattern,
    Probe,
    Shape,
    Side,
    Signature,
    Stamp,
)

MAX_PENDING = 16
"""Requests of one flow that wait for their answer; the oldest gives way."""
TIMEOUT_US = 30_000_000
"""A request without an answer for so long gets none. (The standard gives a meter 500 ms.)"""

_BROADCAST, _ANY = "99" * 6, "AA" * 6

_SLAVE, _ABNORMAL, _FUNCTION = 0x80, 0x40, 0x1F


@dataclass(frozen=True, slots=True)
class _Function:
    """A function code. `identifier`: bytes of data identifier that go first. `password`: where the
    permission level and three password bytes stand, `operator`: where the operator code does."""

    name: str
    action: Action
    identifier: int = 0
    password: int | None = None
    operator: int | None = None
    category: Category | None = None
    notable: bool = False


_2007 = {
    0x03: _Function("security_authentication", "authenticate", 4, None, 4),
    0x08: _Function("broadcast_time", "set-time"),
    0x11: _Function("read_data", "read", 4),
    0x12: _Function("read_subsequent_data", "read", 4),
    0x13: _Function("read_communication_address", "identify"),
    0x14: _Function("write_data", "write", 4, 4, 8),
    0x15: _Function("write_communication_address", "set-address"),
    0x16: _Function("freeze", "other", category="control", notable=True),
    0x17: _Function("change_baud_rate", "configure"),
    0x18: _Function("change_password", "configure", 4, 4),
    0x19: _Function("clear_maximum_demand", "clear", 0, 0, 4),
    0x1A: _Function("clear_meter", "clear", 0, 0, 4),
    0x1B: _Function("clear_events", "clear", 0, 0, 4),
    0x1C: _Function("relay_control", "other", 0, 0, 4, "control", True),
    0x1D: _Function("multi_function_output", "configure"),
}
_1997 = {
    0x01: _Function("read_data", "read", 2),
    0x02: _Function("read_subsequent_data", "read", 2),
    0x03: _Function("reread_data", "read", 2),
    0x04: _Function("write_data", "write", 2, 2),
    0x0A: _Function("write_communication_address", "set-address"),
    0x0C: _Function("change_baud_rate", "configure"),
    0x0F: _Function("change_password", "configure", 0, 0),
    0x10: _Function("clear_maximum_demand", "clear", 0, 0),
}
_RELAY: dict[int, tuple[str, Action]] = {
    0x1A: ("trip", "disconnect-load"),
    0x1B: ("close_permit", "reconnect-load"),
    0x1C: ("close", "reconnect-load"),
    0x2A: ("alarm", "force"),
    0x2B: ("alarm_release", "force"),
    0x3A: ("keep_power", "lock"),
    0x3B: ("keep_power_release", "unlock"),
}
"""What N1 of a control command orders (DL/T 645-2007 and its supplement for prepayment)."""

_ENCIPHERED = (0x98, 0x99)
"""Permission levels whose orders are enciphered by the meter's security module: no password in them."""

_ERRORS_2007 = (
    "other_error",
    "no_requested_data",
    "wrong_password_or_unauthorised",
    "baud_rate_cannot_be_changed",
    "too_many_annual_time_zones",
    "too_many_daily_time_slots",
    "too_many_rates",
)
_ERRORS_1997 = (
    "illegal_data",
    "wrong_data_identifier",
    "wrong_password",
    "reserved",
    "too_many_annual_time_zones",
    "too_many_daily_time_slots",
    "too_many_rates",
)
_PASSWORD_ERROR = 0x04

_TIME = frozenset(("04000101", "04000102", "0400010C", "C010", "C011"))
_ADDRESS = "04000401"

_ITEMS: dict[str, tuple[str, str, str]] = {
    "04000402": ("serial", "bcd", "meter_number"),
    "04000403": ("asset_code", "ascii", "asset_management_code"),
    "04000404": ("rated_voltage", "ascii", "rated_voltage"),
    "04000405": ("rated_current", "ascii", "rated_current"),
    "04000406": ("maximum_current", "ascii", "maximum_current"),
    "0400040B": ("model", "ascii", "meter_model"),
    "0400040C": ("manufacture_date", "ascii", "production_date"),
    "0400040D": ("protocol_version", "ascii", "protocol_version"),
    "0400040E": ("customer_number", "bcd", "customer_number"),
    "04800001": ("firmware", "ascii", "software_version"),
    "04800002": ("hardware", "ascii", "hardware_version"),
    "04800003": ("manufacturer_code", "ascii", "manufacturer_code"),
    "C032": ("serial", "bcd", "meter_number"),
    "C033": ("customer_number", "bcd", "customer_number"),
    "C034": ("asset_code", "bcd", "device_code"),
}
"""Data items that say what the meter is: fact, coding, name of the item (appendix A)."""


@dataclass(frozen=True, slots=True)
class _Frame:
    address: str
    """Twelve digits, the highest first."""
    control: int
    data: bytes

    @property
    def code(self) -> int:
        return self.control & _FUNCTION


@dataclass(frozen=True, slots=True)
class _Request:
    frame: _Frame
    function: _Function
    version: int
    identifier: str | None
    side: Side
    asked: Stamp


def _number(data: bytes) -> str:
    """BCD or any bytes as hex digits, the highest first."""
    return data[::-1].hex().upper()


class Dlt645(Probe):
    """Requests and answers are paired by address and function; broadcasts have no answer."""

    name: ClassVar[str] = "dlt645"
    title: ClassVar[str] = "DL/T 645 electricity meter"
    industrial: ClassVar[bool] = True
    signature: ClassVar[Signature] = Signature(
        transports=("tcp", "udp"),
        rank=110,
        shapes=(
            Shape(
                patterns=(Pattern(0, b"\x68"), Pattern(7, b"\x68")),
                skip=(0xFE, 16),
                length=Length(offset=9, add=12),
                last=0x16,
                check=Check("sum8", back=2),
                min_len=12,
                strong=True,
                client=Pattern(8, b"\x00", b"\x80"),
                server=Pattern(8, b"\x80", b"\x80"),
            ),
        ),
    )
    facts: ClassVar[tuple[str, ...]] = ("id:meter", *sorted({fact for fact, _, _ in _ITEMS.values()}))
    credentials: ClassVar[tuple[str, ...]] = ("password",)
    operations: ClassVar[tuple[str, ...]] = tuple(
        sorted({f.name for f in (*_2007.values(), *_1997.values())} | {name for name, _ in _RELAY.values()})
    )
    level: ClassVar[int] = 5
    source: ClassVar[str] = "DL/T 645-2007, DL/T 645-1997"

    def __init__(self) -> None:
        self._held: dict[Side, bytes] = {"client": b"", "server": b""}
        self._pending: deque[_Request] = deque()
        self._answered: set[Side] = set()
        """Sides that sent a slave's frame in this flow."""

    def feed(self, side: Side, data: bytes, gap: int, time_us: int, frame: int) -> Iterable[Observation]:
        """Bytes of one direction. Raises ValueError if they can be no part of any frame."""
        if gap:
            self._held[side] = b""
        frames, rest, stray = _frames(self._held[side] + data)
        self._held[side] = rest  # less than one frame: at most 266 bytes
        if stray and not frames and not rest:
            raise ValueError(f"{stray} bytes without a frame")
        stamp = (time_us, frame)
        found: list[Observation] = list(self._expire(time_us))
        for f in frames:
            found.extend(self._answer(f, side) if f.control & _SLAVE else self._request(f, side, stamp))
        return found

    def end(self) -> Iterable[Observation]:
        """What is still open gets no answer any more."""
        found = [o for r in self._pending for o in self._unanswered(r)]
        self._pending.clear()
        return found

    def _expire(self, now: int) -> Iterator[Observation]:
        while self._pending and now - self._pending[0].asked[0] > TIMEOUT_US:
            yield from self._unanswered(self._pending.popleft())

    def _unanswered(self, r: _Request) -> Iterator[Observation]:
        other: Side = "server" if r.side == "client" else "client"
        yield from _report(r, "no-answer" if other in self._answered else "unknown")

    def _request(self, f: _Frame, side: Side, stamp: Stamp) -> Iterator[Observation]:
        version, function = _function(f)
        identifier = _number(f.data[: function.identifier]) if function.identifier else None
        r = _Request(f, function, version, identifier, side, stamp)
        if f.code == 0x08 or f.address == _BROADCAST:
            yield from _report(r, "unknown")
            return
        self._pending.append(r)
        if len(self._pending) > MAX_PENDING:
            yield from self._unanswered(self._pending.popleft())

    def _answer(self, f: _Frame, side: Side) -> Iterator[Observation]:
        self._answered.add(side)
        r = self._take(f, side)
        if f.address not in (_ANY, _BROADCAST) and f.address.isdigit():
            yield Fact(side=side, name="id:meter", value=f.address, field="A0-A5")
        if r is None:
            return
        if f.control & _ABNORMAL:
            word = f.data[0] if f.data else 0
            yield from _report(r, "refused", f.address, word)
            return
        yield from _report(r, "accepted", f.address)
        if r.function.action == "read":
            yield from _identity(r, f, side)

    def _take(self, f: _Frame, side: Side) -> _Request | None:
        """The oldest request that this answers: same function, same item where both name one."""
        for r in self._pending:
            same = r.frame.address in (f.address, _ANY) or r.function.action == "set-address"
            # an answer without the item is an abnormal one
            named = r.identifier if r.function.action == "read" and not f.control & _ABNORMAL else None
            item = _number(f.data[: r.function.identifier])
            if r.side == side or r.frame.code != f.code or not same or named not in (None, item):
                continue
            self._pending.remove(r)
            return r
        return None


def _frames(data: bytes) -> tuple[list[_Frame], bytes, int]:
    """Frames in `data`, what is left of an incomplete one, and bytes that belong to none."""
    found: list[_Frame] = []
    at = stray = 0
    while True:
        start = data.find(b"\x68", at)
        if start < 0:
            stray += sum(b != 0xFE for b in data[at:])
            return found, b"", stray
        stray += sum(b != 0xFE for b in data[at:start])
        head = data[start : start + 10]
        if len(head) > 7 and head[7] != 0x68:
            at, stray = start + 1, stray + 1
            continue
        end = start + 12 + head[9] if len(head) == 10 else len(data) + 1
        if end > len(data):
            return found, data[start:], stray
        if data[end - 1] != 0x16 or data[end - 2] != sum(data[start : end - 2]) & 0xFF:
            at, stray = start + 1, stray + 1
            continue
        content = bytes((b - 0x33) & 0xFF for b in data[start + 10 : end - 2])
        found.append(_Frame(_number(data[start + 1 : start + 7]), head[8], content))
        at = end


def _function(f: _Frame) -> tuple[int, _Function]:
    """Edition of the standard, and the function. Code 3 is in both: a repeated read of two bytes of
    identifier in 1997, security authentication of four and an operator code in 2007."""
    if f.code in _1997 and not (f.code == 0x03 and len(f.data) >= 8):
        return 1997, _1997[f.code]
    return 2007, _2007.get(f.code) or _Function(f"function_{f.code:02x}", "other")


def _report(
    r: _Request, outcome: Outcome, address: str | None = None, error: int | None = None
) -> Iterator[Observation]:
    """The operation of a request, and the secrets it carried."""
    data, function = r.frame.data, r.function
    name, action, category, notable = function.name, function.action, function.category, function.notable
    detail: dict[str, str | int] = {"edition": r.version}
    level = _byte(data, function.password)
    enciphered = level in _ENCIPHERED and r.version == 2007
    if function.operator is not None and len(data) >= function.operator + 4:
        detail["operator"] = _number(data[function.operator : function.operator + 4])
    if level is not None:
        detail["permission"] = f"{level:02X}"
    if r.version == 2007 and r.frame.code == 0x1C:
        order = None if enciphered else _byte(data, 8)
        if order in _RELAY:
            name, action = _RELAY[order]
            category = None
        if order is not None:
            detail["order"] = f"{order:02X}"
    elif action == "write" and r.identifier in _TIME:
        action = "set-time"
    elif action == "write" and r.identifier == _ADDRESS:
        action = "set-address"
    elif action == "set-address" and len(data) >= 6:
        detail["new_address"] = _number(data[:6])
    elif r.frame.code == 0x08 and len(data) >= 6:
        detail["time"] = _number(data[:6])
    value = None
    if action in ("write", "set-time", "set-address") and r.identifier and not enciphered:
        value = data[12 if r.version == 2007 else 6 :].hex() or None
    yield Operation(
        name=name,
        action=action,
        category=category,
        outcome=outcome,
        code=r.frame.code,
        unit=_unit(r, address),
        target=r.identifier,
        value=value,
        exception=None if error is None else (error, _error(r.version, error)),
        detail=detail,
        by=r.side,
        asked=r.asked,
        notable=notable,
    )
    if not enciphered:
        yield from _secrets(r, outcome, error)


def _unit(r: _Request, address: str | None) -> str:
    """The meter that answered, else the one that was asked."""
    return address if address is not None and r.frame.address == _ANY else r.frame.address


def _error(version: int, word: int) -> str:
    """Names of the bits of an error word."""
    names = _ERRORS_2007 if version == 2007 else _ERRORS_1997
    return ", ".join(n for i, n in enumerate(names) if word >> i & 1) or f"error_{word:02x}"


def _byte(data: bytes, at: int | None) -> int | None:
    return data[at] if at is not None and at < len(data) else None


def _secrets(r: _Request, outcome: Outcome, error: int | None) -> Iterator[Observation]:
    """Passwords of a request: three bytes behind their permission level. A change carries the new one too."""
    start = r.function.password
    if start is None or len(r.frame.data) < start + 4:
        return
    login: LoginOutcome = "unknown"
    if outcome == "accepted":
        login = "success"
    elif outcome == "refused" and error is not None and error & _PASSWORD_ERROR:
        login = "failure"
    operator = None
    if r.function.operator is not None and len(r.frame.data) >= r.function.operator + 4:
        operator = _number(r.frame.data[r.function.operator : r.function.operator + 4])
    places = [(start, login)]
    if r.function.name == "change_password" and len(r.frame.data) >= start + 8:
        places.append((start + 4, login if login == "success" else "unknown"))
    for at, result in places:
        yield Credential(
            kind="password",
            username=operator,
            secret=_number(r.frame.data[at + 1 : at + 4]),
            outcome=result,
            cleartext=True,
            detail={"permission": f"{r.frame.data[at]:02X}", "meter": r.frame.address},
            asked=r.asked,
        )


def _identity(r: _Request, f: _Frame, side: Side) -> Iterator[Observation]:
    """What an answer says of the meter itself."""
    item = _ITEMS.get(r.identifier or "")
    if item is None or r.frame.code not in (0x11, 0x01, 0x03):
        return
    name, coding, field = item
    raw = f.data[r.function.identifier :]
    if coding == "bcd":
        text = _number(raw)
        if not text.isdigit() or not text.strip("0"):
            return
    else:
        # text too goes low byte first, filled up with blanks or zeros
        text = raw[::-1].replace(b"\0", b" ").decode("ascii", "replace").strip()
        if not text.isascii() or not text.isprintable():
            return
    if text:
        yield Fact(side=side, name=name, value=text, field=field)
