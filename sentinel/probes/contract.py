"""What a probe written in Python declares, is given and gives back.

A probe declares how its frames look as data (`Signature`); the wire engine evaluates all signatures
and alone decides which flow belongs to whom. Payload of the flows a probe won comes in order, one
instance per flow; what the probe found goes back as observations, the same as native probes give
(`crates/wire/src/model.rs`). Own probes are published by the entry point group `sentinel.probes`.

    class Beacon(Probe):
        name = "acme-beacon"
        title = "ACME discovery beacon"
        signature = Signature(
            transports=("udp",),
            ports=(4000,),
            shapes=(Shape(patterns=(Pattern(0, b"ACME"),), min_len=8, strong=True),),
        )

        def feed(self, side, data, gap, time_us, frame):
            yield Fact(side=side, name="model", value=data[4:8].decode("ascii", "replace"), field="type")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

from sentinel.model.words import Action, Category, CredentialKind, LoginOutcome, Outcome

Side: TypeAlias = Literal["client", "server"]
Value: TypeAlias = bool | int | float | str | list[str] | list[int]
Stamp: TypeAlias = tuple[int, int]
"""(time in microseconds since 1970 UTC, number of the frame): when and where it was asked."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Bytes at a fixed place of the frame. `mask`: the bits that count; empty, all of them."""

    offset: int
    value: bytes
    mask: bytes = b""


@dataclass(frozen=True, slots=True)
class Length:
    """A field of 1 to 4 bytes that says how long the frame is; `add`: bytes it does not count.

    `ascii`: it is written in decimal digits (8 at most). `mask`: the bits that count, 0 for all of
    them; `shift`: how far they are shifted down.
    """

    offset: int
    width: int = 1
    big_endian: bool = False
    add: int = 0
    ascii: bool = False
    mask: int = 0
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """A checksum over the bytes from `start` to its own place, counted `back` from the frame's end.

    `hex`: it is written in hex digits, the highest first.
    """

    kind: Literal["sum8", "xor8", "crc8-szy206", "crc16-modbus", "crc16-x25", "crc16-hj212"]
    back: int
    start: int = 0
    big_endian: bool = False
    hex: bool = False


@dataclass(frozen=True, slots=True)
class Escape:
    """A frame between two `mark` bytes, in which `escape` and a second byte stand for another.

    `pairs`: (second byte, what the two stand for).
    """

    mark: int
    escape: int
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One form of a frame. Everything given must hold; offsets count from behind the filler.

    With `length`, a datagram must be filled by its frames; `last` and `check` need it. A shape is `strong`
    (enough on any port) only if it fixes 24 bits or more, where a length, a last byte and each byte of a
    checksum or mark count 8; else it is accepted on the probe's own ports only, or when both sides agree.
    """

    patterns: tuple[Pattern, ...]
    skip: tuple[int, int] | None = None
    """A filler byte that may go before the frame, and how many of it at most."""
    length: Length | None = None
    last: int | None = None
    """The frame's last byte."""
    check: Check | None = None
    """A checksum in it."""
    escape: Escape | None = None
    """It stands between marks and is escaped: all else is said of its content."""
    min_len: int = 0
    strong: bool = False
    client: Pattern | None = None
    """Holds for frames of the client only, and `server` for those of the server."""
    server: Pattern | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How a probe's frames are recognised; one of `shapes` must fit. Ports are hints, never proof."""

    transports: tuple[Literal["tcp", "udp"], ...]
    shapes: tuple[Shape, ...]
    ports: tuple[int, ...] = ()
    rank: int = 200
    """For ties: the lower wins. Native probes stay below 100, the shipped Python ones below 200."""


class _Found:
    """What all observations share: how they cross the border."""

    __slots__ = ()
    kind_of_observation: ClassVar[str]

    def as_tuple(self) -> tuple[str, dict[str, Any]]:
        """(kind, values), without what was not given."""
        values: dict[str, Any] = {}
        for f in fields(self):  # type: ignore[arg-type]
            value = getattr(self, f.name)
            if value is not None and value != {}:
                values[f.name] = dict(value) if isinstance(value, Mapping) else value
        return self.kind_of_observation, values


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(_Found):
    """Something known of a side, or of another host by its `address`.

    `name`: an asset key (`vendor product model firmware hardware serial os name hostname location`),
    `id:<kind>`, `role` (an asset type), or the protocol's own. `field`: the standard's name of the place.
    """

    kind_of_observation: ClassVar[str] = "fact"
    side: Side
    name: str
    value: str
    field: str = ""
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareAddress(_Found):
    """The side says that this is its hardware address (six bytes).

    With `address`, that of the interface with this IP address: it counts if the side is seen under it.
    """

    kind_of_observation: ClassVar[str] = "mac"
    side: Side
    mac: bytes
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(_Found):
    """A finished operation: the request, with the outcome its answer gave.

    `name`: the standard's own term in snake_case. `by`: who asked, if not the client of the flow.
    `address`: (first, count) in the protocol's own numbering. `asked`: when, if not with this data.
    """

    kind_of_observation: ClassVar[str] = "operation"
    name: str
    action: Action
    category: Category | None = None
    outcome: Outcome = "unknown"
    code: int | None = None
    unit: str | None = None
    address: tuple[int, int] | None = None
    space: str | None = None
    target: str | None = None
    value: Value | None = None
    exception: tuple[int, str] | None = None
    detail: Mapping[str, Value] = field(default_factory=dict)
    by: Side | None = None
    asked: Stamp | None = None
    notable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential(_Found):
    """A secret, or the name of one who logged in. `cleartext`: readable on the wire, or reversibly
    encoded. `hashcat`: (mode, line), for kinds that are cracked offline."""

    kind_of_observation: ClassVar[str] = "credential"
    kind: CredentialKind
    username: str | None = None
    secret: str | None = None
    hashcat: tuple[int, str] | None = None
    outcome: LoginOutcome = "unknown"
    cleartext: bool = False
    detail: Mapping[str, Value] = field(default_factory=dict)
    asked: Stamp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(_Found):
    """Properties of the service that the flow's server offers (`product`, `version` …)."""

    kind_of_observation: ClassVar[str] = "service"
    info: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(_Found):
    """A transaction or an anomaly. `fields`: flat names that stand in `sentinel/fields.toml`."""

    kind_of_observation: ClassVar[str] = "event"
    action: str
    type: str = "info"
    fields: Mapping[str, Value] = field(default_factory=dict)


Observation: TypeAlias = Fact | HardwareAddress | Operation | Credential | Service | Event


class Probe(Protocol):
    """One flow's parser. A probe is a class with these names; deriving from this one gives defaults.

    No I/O, no clock but `time_us`, every table bounded. A `ValueError` out of `feed` says that this
    piece is malformed: it is counted, and after a few of them the probe is taken off the flow, which
    goes on. Any other exception is a fault of the probe: it is taken off for the rest of the scan,
    which goes on, says so in one line and ends with exit code 1.
    """

    name: ClassVar[str]
    """As in the data model: lower case, hyphens."""
    title: ClassVar[str]
    """For people."""
    industrial: ClassVar[bool] = False
    signature: ClassVar[Signature]
    facts: ClassVar[tuple[str, ...]] = ()
    credentials: ClassVar[tuple[str, ...]] = ()
    operations: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = ""
    """Standard it was written from."""
    level: ClassVar[int] = 1
    """How far it goes, each step with those below it: 1 recognises the protocol and claims nothing else,
    2 names every operation that changes something, 3 every field of identity, 4 every credential,
    5 survives loss, reordering, gaps and a bad PDU."""
    proofs: ClassVar[tuple[str, ...]] = ()
    """Captures and folders of the evaluation corpus that show it. None: its crafted scene does."""

    def feed(self, side: Side, data: bytes, gap: int, time_us: int, frame: int) -> Iterable[Observation]:
        """Bytes of a stream in order, or one datagram, sent by `side`; `gap` bytes before it are lost."""
        ...

    def end(self) -> Iterable[Observation]:
        """The flow is over: what is still pending."""
        return ()
