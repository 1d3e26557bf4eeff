"""SZY 206-2016: water resources monitors and their centre, over TCP, UDP or serial lines.

Frame: 68 L 68 C [DIVS] A 5 AFN data … CRC 16; L counts from C to before the CRC (polynomial E5). C: bit 7
from the station, bit 6 split. Orders end with a password of 2 bytes and a time label of 5.

Written from SZY 206-2016 (5 and 6) as far as it is cited in published implementations; the numbers of the
functions have no second source, so a frame alone is enough on no port: both sides must agree.
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
from sentinel.probes.dialogue import Dialogue

_FUNCTIONS: dict[int, tuple[str, Action]] = {
    0x10: ("set_address", "set-address"),
    0x11: ("set_time", "set-time"),
    0x12: ("set_working_mode", "change-mode"),
    0x15: ("set_recharge_amount", "configure"),
    0x16: ("set_remaining_alarm", "configure"),
    0x17: ("set_level_limits", "configure"),
    0x18: ("set_pressure_limits", "configure"),
    0x19: ("set_quality_upper_limits", "configure"),
    0x1A: ("set_quality_lower_limits", "configure"),
    0x30: ("enable_ic_card", "configure"),
    0x31: ("disable_ic_card", "configure"),
    0x50: ("query_address", "identify"),
    0x51: ("query_time", "read"),
    0x52: ("query_working_mode", "read"),
    0x5D: ("query_events", "read"),
    0x5E: ("query_state", "diagnose"),
    0x90: ("reset", "restart"),
    0x91: ("clear_history", "clear"),
    0x92: ("start_pump_or_open_valve", "start"),
    0x93: ("stop_pump_or_close_valve", "stop"),
    0x94: ("switch_relay_communication", "configure"),
    0x95: ("switch_relay_work", "configure"),
    0x96: ("change_password", "configure"),
    0xA0: ("set_query_elements", "configure"),
    0xA1: ("set_report_interval", "configure"),
    0xB0: ("query_real_time_data", "read"),
    0xB1: ("query_stored_data", "read"),
}


class Szy206(Dialogue):
    """Orders are paired with answers by station and function."""

    name: ClassVar[str] = "szy206"
    title: ClassVar[str] = "SZY 206 water resources monitor"
    industrial: ClassVar[bool] = True
    signature: ClassVar[Signature] = Signature(
        transports=("tcp", "udp"),
        rank=119,
        shapes=(
            Shape(
                patterns=(Pattern(0, b"\x68"), Pattern(2, b"\x68")),
                length=Length(offset=1, add=5),
                check=Check("crc8-szy206", back=2, start=3),
                last=0x16,
                min_len=12,
                client=Pattern(3, b"\x00", b"\x80"),
                server=Pattern(3, b"\x80", b"\x80"),
            ),
        ),
    )
    facts: ClassVar[tuple[str, ...]] = ("role", "id:station")
    credentials: ClassVar[tuple[str, ...]] = ("password",)
    operations: ClassVar[tuple[str, ...]] = tuple(sorted(name for name, _ in _FUNCTIONS.values()))
    source: ClassVar[str] = "SZY 206-2016; function numbers unverified"
    level: ClassVar[int] = 4
    mark: ClassVar[bytes] = b"\x68"
    most: ClassVar[int] = 260

    def size(self, data: bytes) -> int | None:
        """By the length field."""
        if len(data) > 2 and (data[2] != 0x68 or data[1] < 7):
            return 0
        return data[1] + 5 if len(data) > 2 else None

    def sound(self, frame: bytes) -> bool:
        """End and checksum are right."""
        crc = 0
        for byte in frame[3:-2]:
            crc ^= byte
            for _ in range(8):
                crc = (crc << 1 ^ 0xE5 if crc & 0x80 else crc << 1) & 0xFF
        return frame[-1] == 0x16 and frame[-2] == crc

    def message(self, side: Side, frame: bytes, stamp: Stamp) -> Iterator[Observation]:
        """What one frame says."""
        up, start = frame[3] & 0x80, 5 if frame[3] & 0x40 else 4
        station, function = frame[start : start + 5].hex().upper(), frame[start + 5]
        data = frame[start + 6 : -2]
        if up:
            yield Fact(side=side, name="role", value="rtu", field="DIR")
            yield Fact(side=side, name="id:station", value=station, field="A")
            yield from self.settle((station, function), side, "accepted")
            return
        if function not in _FUNCTIONS:
            return
        name, action = _FUNCTIONS[function]
        reads = action in ("read", "identify", "diagnose")
        credentials: tuple[Credential, ...] = ()
        if not reads and len(data) >= 7:
            secret = data[-7:-5].hex().upper()
            credentials = (Credential(kind="password", username=station, secret=secret, cleartext=True),)
        operation = Operation(name=name, action=action, code=function, unit=station, notable=not reads)
        yield from self.ask((station, function), side, stamp, operation, credentials)
