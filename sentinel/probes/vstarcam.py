"""VStarcam (Eye4) cameras: the search for devices on UDP 8600.

A question is 44 48 01 01, an answer 44 48 01 08 and a record of fixed fields: address, mask, gateway, two
name servers (16 bytes of text each), hardware address 6, port 2, identifier 32, name 32. No document of the
maker is public and there is no second source for the places of the fields: each is taken only if it is
what it must be (an address, a hardware address, text).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import ClassVar

from sentinel.probes.contract import (
    Fact,
    HardwareAddress,
    Observation,
    Operation,
    Pattern,
    Probe,
    Shape,
    Side,
    Signature,
    Stamp,
)
from sentinel.probes.dialogue import text

_QUESTION, _ANSWER = b"DH\x01\x01", b"DH\x01\x08"


class Vstarcam(Probe):
    """A question and what answers it."""

    name: ClassVar[str] = "vstarcam"
    title: ClassVar[str] = "VStarcam search"
    signature: ClassVar[Signature] = Signature(
        transports=("udp",),
        ports=(8600,),
        rank=151,
        shapes=(
            Shape(patterns=(Pattern(0, _QUESTION),), min_len=4, strong=True, client=Pattern(0, _QUESTION)),
            Shape(patterns=(Pattern(0, _ANSWER),), min_len=100, strong=True, server=Pattern(0, _ANSWER)),
        ),
    )
    facts: ClassVar[tuple[str, ...]] = ("role", "id:vstarcam", "name")
    operations: ClassVar[tuple[str, ...]] = ("search",)
    source: ClassVar[str] = "traffic of the maker's tool; places of the fields unverified"
    level: ClassVar[int] = 5

    def __init__(self) -> None:
        self._asked: Stamp | None = None

    def feed(self, side: Side, data: bytes, gap: int, time_us: int, frame: int) -> Iterable[Observation]:
        """One datagram."""
        if data[:4] == _QUESTION:
            self._asked = (time_us, frame)
            return ()
        if data[:4] != _ANSWER or len(data) < 100:
            raise ValueError("neither a question nor an answer")
        return list(self._answer(side, data))

    def end(self) -> Iterable[Observation]:
        """A question to all has no answer in its own flow."""
        if self._asked is None:
            return ()
        return (Operation(name="search", action="discover", outcome="unknown", asked=self._asked),)

    def _answer(self, side: Side, data: bytes) -> Iterator[Observation]:
        if self._asked is not None:
            yield Operation(name="search", action="discover", outcome="accepted", asked=self._asked)
            self._asked = None
        address = text(data[4:20], "ascii")
        try:
            ipaddress.IPv4Address(address)
        except ValueError:
            return
        yield Fact(side=side, name="role", value="camera", field="search answer")
        mac = data[84:90]
        if mac.strip(b"\0") and not mac[0] & 1:
            yield HardwareAddress(side=side, mac=mac, address=address)
        identifier = text(data[92:124], "ascii")
        if identifier.isalnum():
            yield Fact(side=side, name="id:vstarcam", value=identifier, field="device id")
            name = text(data[124:156])
            if name:
                yield Fact(side=side, name="name", value=name, field="device name")
