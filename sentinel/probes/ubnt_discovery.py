"""Ubiquiti discovery: beacons and answers on UDP 10001 by which airOS and UniFi gear is found.

Version 1: 01 00 length, then type-length-value fields; without fields it is the question. Version 2:
02 command length: 6 announces, 8 asks, 9 and 11 answer. No standard is published; the field numbers
are those of the maker's own discovery tools, checked against captures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from sentinel.probes.contract import (
    Credential,
    Fact,
    HardwareAddress,
    Length,
    Observation,
    Operation,
    Pattern,
    Probe,
    Shape,
    Side,
    Signature,
)

MAX_FIELDS = 128
"""Fields read of one datagram."""

_MAC, _MAC_IP, _FIRMWARE, _USERNAME, _HOSTNAME, _PLATFORM, _ESSID = 0x01, 0x02, 0x03, 0x06, 0x0B, 0x0C, 0x0D
_MODE, _SYSTEM_ID, _SOURCE_MAC, _MODEL_NAME, _MODEL, _VERSION, _DEFAULT = (
    0x0E, 0x10, 0x13, 0x14, 0x15, 0x16, 0x17,
)  # fmt: skip
_TEXTS = {
    _HOSTNAME: (("hostname",), "hostname"),
    _PLATFORM: (("platform",), "platform"),
    _ESSID: (("essid",), "essid"),
    _MODEL_NAME: (("product",), "model_name"),
    _MODEL: (("model",), "model"),
    _VERSION: (("firmware_version",), "version"),
}
"""Facts made of fields that hold text."""

_BUILD = re.compile(r"^(.+?\.v\d+(?:\.\d+)*)\.\d{6}\.\d{4}$")
"""A firmware image's name with the date and time of its build behind the version."""

_LENGTH = Length(offset=2, width=2, big_endian=True, add=4)


def _shape(version: int, command: int, first: bytes) -> Shape:
    """A message that begins with a field of this type and length."""
    head = bytes((version, command))
    return Shape(
        patterns=(Pattern(0, head), Pattern(4, first)), length=_LENGTH, min_len=4 + len(first), strong=True
    )


class UbntDiscovery(Probe):
    """Announcements and answers say who the sender is; questions are operations."""

    name: ClassVar[str] = "ubnt-discovery"
    title: ClassVar[str] = "Ubiquiti discovery"
    industrial: ClassVar[bool] = False
    signature: ClassVar[Signature] = Signature(
        transports=("udp",),
        ports=(10001,),
        rank=150,
        shapes=(
            # a hardware address (6 bytes), or one with an IP address (10 bytes), goes first
            *(_shape(1, 0, first) for first in (b"\x01\x00\x06", b"\x02\x00\x0a")),
            *(_shape(2, c, f) for c in (6, 9, 11) for f in (b"\x01\x00\x06", b"\x02\x00\x0a")),
            # questions and other orders: on the port only
            Shape(patterns=(Pattern(0, b"\x01\x00"),), length=_LENGTH, min_len=4),
            Shape(patterns=(Pattern(0, b"\x02\x00", b"\xff\xf0"),), length=_LENGTH, min_len=4),
        ),
    )
    facts: ClassVar[tuple[str, ...]] = (
        "vendor",
        "product",
        "model",
        "firmware",
        "firmware_version",
        "firmware_image",
        "hostname",
        "platform",
        "essid",
        "interface",
        "role",
        "system_id",
        "factory_default",
    )
    credentials: ClassVar[tuple[str, ...]] = ("user",)
    operations: ClassVar[tuple[str, ...]] = ("discovery_request",)
    level: ClassVar[int] = 5
    proofs: ClassVar[tuple[str, ...]] = ("ndpi/pcap/ubntac2.pcap",)
    source: ClassVar[str] = "field numbers of the maker's discovery tools; captures"

    def feed(self, side: Side, data: bytes, gap: int, time_us: int, frame: int) -> Iterable[Observation]:
        """One datagram. Raises ValueError if it is no message of this protocol."""
        if len(data) < 4 or data[0] not in (1, 2):
            raise ValueError("no header of version 1 or 2")
        version, command = data[0], data[1]
        body = data[4 : 4 + int.from_bytes(data[2:4], "big")]
        fields = list(_fields(body))
        if not fields or (version == 2 and command == 8):
            return [Operation(name="discovery_request", action="discover", code=command, by=side)]
        found: list[Observation] = []
        own = False
        paired = any(kind == _MAC_IP for kind, _ in fields)
        for kind, value in fields:
            if paired and kind in (_MAC, _SOURCE_MAC):
                continue  # the device's first address, perhaps not that of the sending interface
            if kind == _USERNAME:
                name = _text(value)
                if name:
                    found.append(Credential(kind="user", username=name))
                continue
            more = list(_observe(side, kind, value))
            own = own or bool(more)
            found.extend(more)
        if own:
            found.append(Fact(side=side, name="vendor", value="Ubiquiti", field="header"))
        return found


def _fields(body: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, value) of each field; one that is cut short ends it."""
    at = 0
    for _ in range(MAX_FIELDS):
        length = int.from_bytes(body[at + 1 : at + 3], "big")
        if at + 3 + length > len(body):
            return
        yield body[at], body[at + 3 : at + 3 + length]
        at += 3 + length


def _text(value: bytes) -> str:
    return value.split(b"\0", 1)[0].decode("utf-8", "replace").strip()


def _observe(side: Side, kind: int, value: bytes) -> Iterator[Observation]:
    """What one field says of the sender."""
    if kind in _TEXTS:
        text = _text(value)
        names, field = _TEXTS[kind]
        for name in names if text else ():
            yield Fact(side=side, name=name, value=text, field=field)
    elif kind == _FIRMWARE:
        text = _text(value)
        if text:
            built = _BUILD.match(text)
            yield Fact(side=side, name="firmware", value=built[1] if built else text, field="firmware_image")
            yield Fact(side=side, name="firmware_image", value=text, field="firmware_image")
    elif kind == _MAC_IP and len(value) == 10:
        address = ".".join(map(str, value[6:]))
        yield HardwareAddress(side=side, mac=value[:6], address=address)
        yield Fact(side=side, name="interface", value=f"{value[:6].hex(':')} {address}", field="mac_ip")
    elif kind in (_MAC, _SOURCE_MAC) and len(value) == 6:
        yield HardwareAddress(side=side, mac=value)
    elif kind == _MODE and value:
        mode = value[-1]
        if mode == 3:
            yield Fact(side=side, name="role", value="access-point", field="wireless_mode")
    elif kind == _SYSTEM_ID and len(value) == 2:
        yield Fact(side=side, name="system_id", value=value.hex(), field="system_id")
    elif kind == _DEFAULT and value and value[-1] == 1:
        yield Fact(side=side, name="factory_default", value="yes", field="default")
