"""Q/GDW 1376.1-2013 (and its forerunners Q/GDW 376.1, GB/T 698.41 of the same frame): collecting terminals
of the power grid and their master station, over TCP or UDP.

Frame: 68 L 2 L 2 68 C A 5 AFN SEQ DA 2 DT 2 data … [PW 16] [Tp 6] CS 16. L: the two low bits tell the
edition, the others the length from C to before CS. What the master station changes carries a
password of 16 bytes.

Written from Q/GDW 1376.1-2013 (4 and 5). The places of the version fields of AFN 09 F1 have no second source.
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
from sentinel.probes.dialogue import Dialogue, text

_UP = 0x80
_FUNCTIONS: dict[int, tuple[str, Action, Category | None]] = {
    0x01: ("reset", "restart", None),
    0x02: ("link_test", "authenticate", None),
    0x03: ("relay_command", "other", "control"),
    0x04: ("set_parameters", "configure", None),
    0x05: ("control", "force", None),
    0x06: ("authentication", "authenticate", None),
    0x08: ("cascade_request", "read", None),
    0x09: ("request_terminal_information", "identify", None),
    0x0A: ("query_parameters", "read", None),
    0x0B: ("request_task_data", "read", None),
    0x0C: ("request_real_time_data", "read", None),
    0x0D: ("request_history_data", "read", None),
    0x0E: ("request_events", "read", None),
    0x0F: ("file_transfer", "firmware", None),
    0x10: ("data_forwarding", "other", "control"),
}
_ORDERS: dict[tuple[int, int], tuple[str, Action]] = {
    (0x01, 1): ("reset_hardware", "restart"),
    (0x01, 2): ("clear_data", "clear"),
    (0x01, 3): ("factory_reset", "factory-reset"),
    (0x01, 4): ("reset_parameters", "factory-reset"),
    (0x02, 1): ("terminal_login", "authenticate"),
    (0x02, 2): ("terminal_logout", "authenticate"),
    (0x02, 3): ("heartbeat", "authenticate"),
    (0x05, 1): ("trip", "disconnect-load"),
    (0x05, 2): ("close_permit", "reconnect-load"),
    (0x05, 25): ("keep_power", "lock"),
    (0x05, 33): ("keep_power_release", "unlock"),
    (0x05, 31): ("set_time", "set-time"),
}
"""Orders by AFN and Fn."""

_WITH_PASSWORD = (0x01, 0x04, 0x05, 0x0F, 0x10)


class Qgdw1376(Dialogue):
    """Requests and answers are paired by terminal and the sequence number."""

    name: ClassVar[str] = "qgdw1376"
    title: ClassVar[str] = "Q/GDW 1376.1 power collecting terminal"
    industrial: ClassVar[bool] = True
    signature: ClassVar[Signature] = Signature(
        transports=("tcp", "udp"),
        rank=114,
        shapes=(
            Shape(
                patterns=(Pattern(0, b"\x68"), Pattern(5, b"\x68")),
                length=Length(offset=1, width=2, mask=0xFFFC, shift=2, add=8),
                check=Check("sum8", back=2, start=6),
                last=0x16,
                min_len=20,
                strong=True,
            ),
        ),
    )
    facts: ClassVar[tuple[str, ...]] = (
        "id:terminal", "vendor_code", "serial", "firmware", "hardware", "protocol_version",
    )  # fmt: skip
    credentials: ClassVar[tuple[str, ...]] = ("password",)
    operations: ClassVar[tuple[str, ...]] = tuple(
        sorted({n for n, *_ in _FUNCTIONS.values()} | {n for n, _ in _ORDERS.values()})
    )
    source: ClassVar[str] = "Q/GDW 1376.1-2013"
    level: ClassVar[int] = 5
    mark: ClassVar[bytes] = b"\x68"
    most: ClassVar[int] = 16391

    def size(self, data: bytes) -> int | None:
        """By the length field, if it stands there twice."""
        if len(data) < 6:
            return None
        if data[5] != 0x68 or data[1:3] != data[3:5]:
            return 0
        length = int.from_bytes(data[1:3], "little") >> 2
        return length + 8 if length >= 12 else 0

    def sound(self, frame: bytes) -> bool:
        """End and sum are right."""
        return frame[-1] == 0x16 and frame[-2] == sum(frame[6:-2]) & 0xFF

    def message(self, side: Side, frame: bytes, stamp: Stamp) -> Iterator[Observation]:
        """What one frame says."""
        up, function, sequence = frame[6] & _UP, frame[12], frame[13]
        terminal = f"{frame[8]:02X}{frame[7]:02X}{int.from_bytes(frame[9:11], 'little'):04X}"
        points = _points(frame[16:18])
        data = frame[18:-2]
        if up and terminal[4:] != "FFFF":
            yield Fact(side=side, name="id:terminal", value=terminal, field="A1-A2")
            if function == 0x09 and points == [1]:
                yield from _versions(side, data)
        key = (terminal, sequence & 0x0F)
        # the station answers a log-in too: who asked is told by PRM
        if not frame[6] & 0x40:
            if function == 0x00 and points and points[0] == 2:
                yield from self.settle(key, side, "refused", (2, "all_denied"))
            elif function == 0x00 and points and points[0] == 3 and len(data) > 5 and data[5]:
                yield from self.settle(key, side, "refused", (data[5], "item_denied"))
            else:
                yield from self.settle(key, side, "accepted")
            return
        if function not in _FUNCTIONS or not points:
            return
        name, action, category = _FUNCTIONS[function]
        if (function, points[0]) in _ORDERS:
            name, action = _ORDERS[function, points[0]]
        if name == "heartbeat":
            return
        credentials: tuple[Credential, ...] = ()
        if not up and function in _WITH_PASSWORD:
            tail = 6 if sequence & 0x80 else 0
            secret = data[len(data) - 16 - tail : len(data) - tail] if len(data) >= 16 + tail else b""
            if secret:
                shown = text(secret, "ascii") or secret.hex().upper()
                credentials = (
                    Credential(kind="password", secret=shown, cleartext=True, detail={"terminal": terminal}),
                )
        operation = Operation(
            name=name,
            action=action,
            category=category,
            code=function,
            unit=terminal,
            target=f"F{points[0]}",
            notable=function in _WITH_PASSWORD,
        )
        yield from self.ask(key, side, stamp, operation, credentials)


def _points(dt: bytes) -> list[int]:
    """Numbers n of Fn that DT names: a bit each in the first byte, the group in the second."""
    return [dt[1] * 8 + bit + 1 for bit in range(8) if dt[0] >> bit & 1]


def _versions(side: Side, data: bytes) -> Iterator[Observation]:
    """Vendor 4, device number 8, software 4 and date 3, capacity 11, protocol 4, hardware 4 and date 3."""
    if len(data) < 41:
        return
    places = (
        ("vendor_code", 0, 4),
        ("serial", 4, 12),
        ("firmware", 12, 16),
        ("protocol_version", 30, 34),
        ("hardware", 34, 38),
    )
    for name, start, end in places:
        value = text(data[start:end], "ascii")
        if value:
            yield Fact(side=side, name=name, value=value, field="AFN 09 F1")
