"""GB/T 26875.3-2011: fire protection, from the user's transmission device to the centre, over TCP or UDP.

Frame: 40 40, serial number 2, version 2, time 6, source 6, destination 6, length 2 (low byte first),
command 1, data, sum of everything between start and itself 1, 23 23. The device dials the centre;
commands: 1 control, 2 send, 3 confirm, 4 request, 5 answer, 6 deny.

Written from GB/T 26875.3-2011 (7 and 8).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from sentinel.model.words import Action
from sentinel.probes.contract import (
    Check,
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

_CONTROL, _SEND, _CONFIRM, _REQUEST, _ANSWER, _DENY = 1, 2, 3, 4, 5, 6
_ORDERS: dict[int, tuple[str, Action]] = {
    61: ("read_system_state", "read"),
    62: ("read_part_state", "read"),
    63: ("read_part_analogue", "read"),
    64: ("read_system_operations", "read"),
    65: ("read_system_version", "identify"),
    66: ("read_system_configuration", "read"),
    67: ("read_part_configuration", "read"),
    68: ("read_system_time", "read"),
    81: ("read_device_state", "read"),
    84: ("read_device_operations", "read"),
    85: ("read_device_version", "identify"),
    86: ("read_device_configuration", "read"),
    88: ("read_device_time", "read"),
    89: ("initialise_device", "factory-reset"),
    90: ("set_device_time", "set-time"),
    91: ("check_presence", "diagnose"),
}
"""Types of what the centre orders."""


class Gb26875(Dialogue):
    """Orders are paired with answers by serial number."""

    name: ClassVar[str] = "gb26875"
    title: ClassVar[str] = "GB/T 26875.3 fire protection"
    signature: ClassVar[Signature] = Signature(
        transports=("tcp", "udp"),
        rank=118,
        shapes=(
            Shape(
                patterns=(Pattern(0, b"@@"), Pattern(26, b"\x00", b"\xf8")),
                length=Length(offset=24, width=2, add=30),
                check=Check("sum8", back=3, start=2),
                last=0x23,
                min_len=30,
                strong=True,
            ),
        ),
    )
    facts: ClassVar[tuple[str, ...]] = ("role", "id:fire-device", "firmware", "protocol_version")
    operations: ClassVar[tuple[str, ...]] = tuple(sorted(name for name, _ in _ORDERS.values()))
    source: ClassVar[str] = "GB/T 26875.3-2011"
    level: ClassVar[int] = 5
    mark: ClassVar[bytes] = b"@@"
    most: ClassVar[int] = 1054

    def size(self, data: bytes) -> int | None:
        """By the length field; the standard allows 1024 bytes of data."""
        if len(data) < 27:
            return None
        length = int.from_bytes(data[24:26], "little")
        return 0 if length > 1024 or (not 1 <= data[26] <= 6 and data[26] < 128) else length + 30

    def sound(self, frame: bytes) -> bool:
        """End and sum are right."""
        return frame[-2:] == b"##" and frame[-3] == sum(frame[2:-3]) & 0xFF

    def message(self, side: Side, frame: bytes, stamp: Stamp) -> Iterator[Observation]:
        """What one frame says."""
        serial, command, data = int.from_bytes(frame[2:4], "little"), frame[26], frame[27:-3]
        source, target = frame[12:18][::-1].hex().upper(), frame[18:24][::-1].hex().upper()
        kind = data[0] if data else None
        # types up to 60 are what devices send, from 61 on what the centre orders
        if command in (_SEND, _ANSWER) and kind is not None and kind <= 60:
            yield Fact(side=side, name="role", value="gateway", field="type flag")
            if source.strip("0"):
                yield Fact(side=side, name="id:fire-device", value=source, field="source address")
            yield Fact(side=side, name="protocol_version", value=f"{frame[4]}.{frame[5]}", field="version")
            if kind == 25 and len(data) >= 4:
                version = f"{data[2]}.{data[3]}"
                yield Fact(side=side, name="firmware", value=version, field="25 software version")
        if command in (_CONTROL, _REQUEST) and kind in _ORDERS:
            name, action = _ORDERS[kind]
            operation = Operation(
                name=name,
                action=action,
                code=kind,
                unit=target,
                notable=command == _CONTROL and action not in ("read", "identify", "diagnose"),
            )
            yield from self.ask(serial, side, stamp, operation)
        elif command in (_CONFIRM, _ANSWER):
            yield from self.settle(serial, side, "accepted")
        elif command == _DENY:
            yield from self.settle(serial, side, "refused", (_DENY, "denied"))
