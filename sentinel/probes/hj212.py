"""HJ 212-2017 and HJ/T 212-2005: pollution monitors and the platforms they report to, over TCP.

Frame: ## length (4 digits) data CRC (4 hex digits) CR LF; data is `QN=…;ST=…;CN=…;PW=…;MN=…;Flag=…;CP=&&…&&`.
Every message carries the password readable. The instrument (MN) dials the platform. A request is answered
by CN 9011 (accepted or not) and 9012 (how it went) with the same QN; a notice by 9013, data by 9014.

Written from HJ 212-2017 (6, annexes A and B).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import ClassVar

from sentinel.model.words import Action, Category, Outcome
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
from sentinel.probes.dialogue import Asked, Dialogue, close

MAX_STATIONS = 64
"""Instruments and passwords of one flow that are told: a forwarder speaks for many."""

_COMMANDS: dict[int, tuple[str, Action, Category | None]] = {
    1000: ("set_timeout_and_retries", "configure", None),
    1011: ("get_time", "read", None),
    1012: ("set_time", "set-time", None),
    1061: ("get_real_time_interval", "read", None),
    1062: ("set_real_time_interval", "configure", None),
    1063: ("get_minute_interval", "read", None),
    1064: ("set_minute_interval", "configure", None),
    1072: ("set_password", "configure", None),
    2011: ("start_real_time_data", "subscribe", None),
    2012: ("stop_real_time_data", "subscribe", None),
    2021: ("start_device_state", "subscribe", None),
    2022: ("stop_device_state", "subscribe", None),
    2031: ("get_day_data", "read", None),
    2041: ("get_device_run_time", "read", None),
    2051: ("get_minute_data", "read", None),
    2061: ("get_hour_data", "read", None),
    3011: ("calibrate_zero_and_span", "write", None),
    3012: ("sample_now", "start", None),
    3013: ("start_cleaning", "start", None),
    3014: ("comparison_sampling", "start", None),
    3015: ("keep_over_limit_sample", "start", None),
    3016: ("set_sampling_period", "configure", None),
    3017: ("get_sampling_period", "read", None),
    3018: ("get_sampling_duration", "read", None),
    3019: ("get_unique_identifier", "identify", None),
    3020: ("get_device_information", "identify", None),
    3021: ("set_device_parameters", "configure", None),
}
_REQUEST = {
    2: "refused",
    3: "wrong_password",
    4: "wrong_mn",
    5: "wrong_st",
    6: "wrong_flag",
    7: "wrong_qn",
    8: "wrong_cn",
    9: "wrong_crc",
    100: "unknown_error",
}
_EXECUTION = {
    2: "failed",
    3: "condition_not_met",
    4: "communication_timeout",
    5: "busy",
    6: "fault",
    100: "no_data",
}
_SYSTEMS = {
    "21": "surface water",
    "22": "air quality",
    "23": "environmental noise",
    "24": "groundwater",
    "25": "soil",
    "26": "sea water",
    "27": "volatile organic compounds",
    "31": "air pollution source",
    "32": "water pollution source",
    "33": "groundwater pollution source",
    "34": "sea water pollution source",
    "35": "soil pollution source",
    "36": "groundwater quality",
    "37": "soil quality",
    "38": "noise",
    "39": "dust",
}
"""System codes (table 5); 91 is the exchange between systems."""

_ANSWERED = (9011, 9012)
_MN = re.compile(r"[A-Za-z0-9]{8,32}")


def crc(data: bytes) -> int:
    """The checksum of annex A: as that of MODBUS, but only the upper byte goes on."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


class Hj212(Dialogue):
    """Requests are paired with their answers by QN."""

    name: ClassVar[str] = "hj212"
    title: ClassVar[str] = "HJ 212 pollution monitoring"
    industrial: ClassVar[bool] = True
    signature: ClassVar[Signature] = Signature(
        transports=("tcp", "udp"),
        rank=112,
        shapes=(
            Shape(
                patterns=(Pattern(0, b"##"),),
                length=Length(offset=2, width=4, ascii=True, add=12),
                last=0x0A,
                check=Check("crc16-hj212", back=6, start=6, hex=True),
                min_len=30,
                strong=True,
            ),
        ),
    )
    facts: ClassVar[tuple[str, ...]] = ("role", "id:mn", "monitored")
    credentials: ClassVar[tuple[str, ...]] = ("password",)
    operations: ClassVar[tuple[str, ...]] = tuple(sorted(name for name, _, _ in _COMMANDS.values()))
    source: ClassVar[str] = "HJ 212-2017, HJ/T 212-2005"
    level: ClassVar[int] = 5
    mark: ClassVar[bytes] = b"##"
    filler: ClassVar[bytes] = b"\r\n"
    most: ClassVar[int] = 10011

    def __init__(self) -> None:
        super().__init__()
        self._told: set[tuple[str, ...]] = set()
        self._begun: deque[str] = deque(maxlen=self.max_pending)
        """Requests that were accepted and go on."""

    def size(self, data: bytes) -> int | None:
        """By the four digits of the length."""
        digits = data[2:6]
        if not all(0x30 <= b <= 0x39 for b in digits):
            return 0
        return int(digits) + 12 if len(digits) == 4 else None

    def sound(self, frame: bytes) -> bool:
        """CR LF at the end, the checksum right."""
        if frame[-2:] != b"\r\n":
            return False
        try:
            return int(frame[-6:-2].decode("ascii"), 16) == crc(frame[6:-6])
        except ValueError:
            return False

    def message(self, side: Side, frame: bytes, stamp: Stamp) -> Iterator[Observation]:
        """What one frame says."""
        content = frame[6:-6].decode("gbk", "replace")
        head, _, rest = content.partition("CP=&&")
        fields = dict(part.split("=", 1) for part in head.split(";") if "=" in part)
        params = dict(part.split("=", 1) for part in re.split("[;,]", rest.removesuffix("&&")) if "=" in part)
        if not fields.get("CN", "").isdigit():
            return
        number, serial, station = int(fields["CN"]), fields.get("QN", ""), fields.get("MN", "")
        serial = serial or params.get("QN", "")
        if number in _ANSWERED:
            yield from self._station(side, station, "")
            yield from self._answer(side, number, serial, params)
            return
        password = self._password(fields.get("PW", ""), station, side)
        if number in (9013, 9014):
            yield from self.settle((number, serial), side, "accepted")
            return
        if self._asks(number, serial, side):
            name, action, category = _COMMANDS.get(number, (f"command_{number}", "other", None))
            credentials = password
            new = params.get("NewPW", "")
            if number == 1072 and new:
                credentials += (
                    Credential(kind="password", username=station or None, secret=new, cleartext=True),
                )
            operation = Operation(
                name=name,
                action=action,
                category=category,
                code=number,
                unit=station or None,
                target=params.get("PolId"),
                value=None if number == 1072 else rest.removesuffix("&&")[:200] or None,
                notable=(number < 2000 and action != "read") or number in range(3011, 3017) or number == 3021,
            )
            yield from self.ask(serial, side, stamp, operation, credentials)
            return
        # data of the instrument: the platform confirms them by 9014, a notice by 9013
        yield from self._station(side, station, fields.get("ST", ""))
        if password:
            yield from self.ask((9014, serial), side, stamp, None, password)

    def _asks(self, number: int, serial: str, side: Side) -> bool:
        """Is it a request? An instrument sends data under the number it was asked by."""
        if number not in range(1000, 4000):
            return False
        asked = any(a.key == serial and a.side != side for a in self._open)
        return not asked and side == "server"

    def _password(self, secret: str, station: str, side: Side) -> tuple[Credential, ...]:
        key = (secret, station, side)
        if not secret or key in self._told or len(self._told) >= MAX_STATIONS:
            return ()
        self._told.add(key)
        return (Credential(kind="password", username=station or None, secret=secret, cleartext=True),)

    def _station(self, side: Side, station: str, system: str) -> Iterator[Observation]:
        key = ("station", station, system)
        if not _MN.fullmatch(station) or key in self._told or len(self._told) >= MAX_STATIONS:
            return
        self._told.add(key)
        yield Fact(side=side, name="id:mn", value=station, field="MN")
        if system in _SYSTEMS:
            yield Fact(side=side, name="role", value="sensor", field="ST")
            yield Fact(side=side, name="monitored", value=_SYSTEMS[system], field="ST")

    def _answer(self, side: Side, number: int, serial: str, params: dict[str, str]) -> Iterator[Observation]:
        word = params.get("QnRtn" if number == 9011 else "ExeRtn", "")
        if not word.isdigit():
            return
        result, names = int(word), _REQUEST if number == 9011 else _EXECUTION
        if result == 1 and number == 9011:
            self._begun.append(serial)
            return
        outcome: Outcome = "accepted" if result == 1 else "refused"
        exception = None if result == 1 else (result, names.get(result, f"error_{result}"))
        asked = self.take(serial, side)
        if asked is None:
            return
        told = list(close(asked, outcome, exception))
        for one in told:
            # a request that was carried out badly had the right password all the same
            if isinstance(one, Credential) and number == 9012:
                yield from close(Asked(serial, asked.side, None, (one,), asked.stamp), "accepted")
            elif isinstance(one, Credential) and result not in (1, 3):
                yield from close(Asked(serial, asked.side, None, (one,), asked.stamp), "unknown")
            else:
                yield one

    def _unanswered(self, asked: Asked) -> Iterator[Observation]:
        if asked.key in self._begun:
            yield from close(asked, "accepted")
        else:
            yield from super()._unanswered(asked)
