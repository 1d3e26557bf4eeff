"""GB/T 32960.3-2016 and -2025: electric vehicles and the platforms that watch them, over TCP.

Frame: 23 23 (2025: 24 24), command 1, answer flag 1 (FE: a command), VIN 17, encryption 1 (1: none),
length 2, data, XOR of everything between start and itself. The platform log-in carries user and password
readable. Of the edition of 2025 only what it shares with 2016 is read: header, log-ins, ICCID.

Written from GB/T 32960.3-2016 (6 to 8, annex B); the layout of the upgrade order's text (8: dial-up access
point; user; password …) has no second source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
from sentinel.probes.dialogue import Dialogue, text, xor

MAX_VEHICLES = 64
"""VINs of one flow that are told: a platform speaks for thousands."""

_COMMAND = 0xFE
_COMMANDS: dict[int, tuple[str, Action]] = {
    0x01: ("vehicle_login", "authenticate"),
    0x04: ("vehicle_logout", "authenticate"),
    0x05: ("platform_login", "authenticate"),
    0x06: ("platform_logout", "authenticate"),
    0x80: ("query_parameters", "read"),
    0x81: ("set_parameters", "configure"),
    0x82: ("terminal_control", "other"),
}
_CONTROL: dict[int, tuple[str, Action]] = {
    1: ("remote_upgrade", "firmware"),
    2: ("terminal_power_off", "stop"),
    3: ("terminal_reset", "restart"),
    4: ("factory_reset", "factory-reset"),
    5: ("disconnect_platform", "stop"),
    6: ("terminal_alarm", "force"),
    7: ("start_sampling_monitoring", "start"),
}
_REFUSED = {2: "error", 3: "vin_duplicate", 4: "vin_unknown"}

_WIDTHS = {
    1: 2, 2: 2, 3: 2, 4: 1, 6: 2, 7: 5, 8: 5, 9: 1, 10: 2, 11: 2, 12: 1, 13: 1, 15: 2, 16: 1,
}  # fmt: skip
"""Bytes of each parameter (B.9); 5 and 14 are names as long as 4 and 13 say."""


def _shape(start: bytes) -> Shape:
    return Shape(
        patterns=(Pattern(0, start), Pattern(3, b"\x00", b"\x00")),
        length=Length(offset=22, width=2, big_endian=True, add=25),
        check=Check("xor8", back=1, start=2),
        min_len=25,
        strong=True,
    )


class Gb32960(Dialogue):
    """A command and its answer have the same code and VIN; the answer flag tells the outcome."""

    name: ClassVar[str] = "gb32960"
    title: ClassVar[str] = "GB/T 32960 electric vehicle monitoring"
    signature: ClassVar[Signature] = Signature(
        transports=("tcp",), ports=(32960, 19006), rank=116, shapes=(_shape(b"##"), _shape(b"$$"))
    )
    facts: ClassVar[tuple[str, ...]] = ("role", "id:vin", "id:iccid", "battery_code", "hardware", "firmware")
    credentials: ClassVar[tuple[str, ...]] = ("password",)
    operations: ClassVar[tuple[str, ...]] = tuple(
        sorted({n for n, _ in _COMMANDS.values()} | {n for n, _ in _CONTROL.values()})
    )
    source: ClassVar[str] = "GB/T 32960.3-2016, GB/T 32960.3-2025"
    level: ClassVar[int] = 5
    mark: ClassVar[bytes] = b"##"
    most: ClassVar[int] = 16384
    """The length field allows 65531 bytes of data; no message is near it."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()
        self._platform = False
        """A platform logged in or out: the vehicles are behind it."""
        self._sender: Side = "client"
        self._edition = False

    def feed(self, side: Side, data: bytes, gap: int, time_us: int, frame: int) -> Iterable[Observation]:
        """The first frame tells the edition of the flow, and so the mark."""
        if not self._edition and data:
            later = b"$$" in data and b"##" not in data
            self._edition = later or data[:1] in (b"$", b"#")
            self.mark = b"$$" if later or data[:1] == b"$" else b"##"  # type: ignore[misc]
        return super().feed(side, data, gap, time_us, frame)

    def size(self, data: bytes) -> int | None:
        """By the length field, if command, answer and encryption are known ones."""
        if len(data) < 24:
            return None
        flag, encryption = data[3], data[21]
        if flag not in (1, 2, 3, 4, _COMMAND) or encryption not in (1, 2, 3, 4, 0xFE, 0xFF):
            return 0
        return int.from_bytes(data[22:24]) + 25

    def sound(self, frame: bytes) -> bool:
        """The checksum is right, and the VIN is text."""
        return xor(frame[2:-1]) == frame[-1] and all(b == 0 or 0x20 <= b < 0x7F for b in frame[4:21])

    def message(self, side: Side, frame: bytes, stamp: Stamp) -> Iterator[Observation]:
        """What one frame says."""
        command, flag, vin = frame[2], frame[3], text(frame[4:21], "ascii")
        data = frame[24:-1] if frame[21] in (1, 0xFF) else b""
        if flag != _COMMAND:
            if command == 0x80 and flag == 1:
                yield from _parameters(side, data[7:])
            refused = (flag, _REFUSED[flag]) if flag in _REFUSED else None
            yield from self.settle((command, vin), side, "refused" if refused else "accepted", refused)
            return
        if command in (0x05, 0x06):
            self._platform = True
            yield Fact(side=side, name="role", value="server", field="platform login")
        if command in (0x01, 0x02, 0x03, 0x04):
            yield from self._vehicle(side, vin)
        if command == 0x01:
            yield from _login(side, data)
        if command not in _COMMANDS:
            return
        name, action = _COMMANDS[command]
        detail: dict[str, str | int] = {"edition": 2016 if frame[:2] == b"##" else 2025}
        credentials: tuple[Credential, ...] = ()
        target = None
        if command == 0x05 and len(data) >= 40:
            credentials = _password(text(data[8:20]), text(data[20:40]), {})
        elif command == 0x82 and len(data) > 6:
            name, action = _CONTROL.get(data[6], (f"terminal_control_{data[6]}", "other"))
            if data[6] == 1:
                fields = [f.strip() for f in data[7:].decode("gbk", "replace").split(";")]
                if len(fields) >= 9:
                    credentials = _password(fields[1], fields[2], {"access_point": fields[0]})
                    target = fields[8] or None
        elif command == 0x81 and len(data) > 6:
            target = ",".join(f"{n:02X}" for n, _ in _values(data[7:])) or None
        operation = Operation(
            name=name,
            action=action,
            category="control" if action == "other" else None,
            code=command,
            unit=vin or None,
            target=target,
            detail=detail,
            notable=command in (0x81, 0x82),
        )
        yield from self.ask((command, vin), side, stamp, operation, credentials)

    def _vehicle(self, side: Side, vin: str) -> Iterator[Observation]:
        if len(vin) != 17 or vin in self._told or len(self._told) >= MAX_VEHICLES:
            return
        self._told.add(vin)
        self._sender = side
        yield Fact(side=side, name="id:vin", value=vin, field="VIN")

    def end(self) -> Iterable[Observation]:
        """One vehicle and no platform: the vehicle itself spoke."""
        yield from super().end()
        if len(self._told) == 1 and not self._platform:
            yield Fact(side=self._sender, name="role", value="vehicle-terminal", field="VIN")


def _password(user: str, secret: str, detail: dict[str, str | int]) -> tuple[Credential, ...]:
    if not secret:
        return ()
    return (Credential(kind="password", username=user or None, secret=secret, cleartext=True, detail=detail),)


def _login(side: Side, data: bytes) -> Iterator[Observation]:
    """Time 6, serial number 2, ICCID 20, number of battery packs 1, length of a code 1, codes."""
    iccid = text(data[8:28], "ascii")
    if len(iccid) == 20 and iccid.isalnum():
        yield Fact(side=side, name="id:iccid", value=iccid, field="ICCID")
    if len(data) < 30 or len(data) != 30 + data[28] * data[29]:
        return
    for n in range(min(data[28], 8)):
        code = text(data[30 + n * data[29] : 30 + (n + 1) * data[29]], "ascii")
        if code:
            yield Fact(side=side, name="battery_code", value=code, field="rechargeable storage code")


def _values(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Parameters and their values, up to the first that is not known."""
    at, name = 0, 0
    while at < len(data):
        number = data[at]
        width = name if number in (5, 14) else _WIDTHS.get(number)
        if width is None or at + 1 + width > len(data):
            return
        value = data[at + 1 : at + 1 + width]
        if number in (4, 13):
            name = value[0]
        yield number, value
        at += 1 + width


def _parameters(side: Side, data: bytes) -> Iterator[Observation]:
    """The versions in an answer to a query."""
    for number, value in _values(data):
        if number in (7, 8) and (shown := text(value)):
            name, field = (("hardware", "07 hardware version"), ("firmware", "08 firmware version"))[
                number - 7
            ]
            yield Fact(side=side, name=name, value=shown, field=field)
