"""The contract of a store: what is read and written, whatever keeps it. Both backends pass one
conformance suite (`tests/store/conformance.py`).

Documents are flat JSON objects as docs/reference/data-model.md names them. Writing anything twice keeps
it once: events and alerts are known by `event.id`, chains and assets by `id`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from sentinel._native import EventBatch

Query: TypeAlias = Any
"""The tree of a query, `sentinel.query.Node`: of a layer above this one."""

Kind: TypeAlias = Literal["asset", "conversation", "credential", "operation"]
"""Kinds of records an inventory gives."""

Detected: TypeAlias = Literal["alert", "chain"]

Doc: TypeAlias = dict[str, Any]

Mark: TypeAlias = tuple[str, str]
"""(time, id) of a document: the place behind which a search goes on."""

Keyed: TypeAlias = tuple[str, bytes]
"""A record under a key that does not change. An asset's key is its id."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of documents that were handed to a writer. What is not listed is kept."""

    new: int
    """Documents that were not there before."""
    expired: int = 0
    """Documents older than retention: counted, not kept."""
    refused: tuple[str, ...] = ()
    """One line for each document that can never be kept (a field of a wrong type), at most 20."""
    lost: int = 0
    """How many were refused."""


class Store(Protocol):
    """Readers. None of them waits for a writer."""

    @property
    def url(self) -> str:
        """What names the store on the command line, without a secret."""

    def key(self) -> bytes:
        """Key of the keyed hash of secrets, the same for all who write to this store."""

    def documents(self, kind: Kind, query: Query | None = None, *, limit: int | None = None) -> Iterator[Doc]:
        """Records of a kind that fit a query, in the order of the document; at most `limit`."""

    def asset(self, name: str) -> Doc | None:
        """The asset with this id or alias, or None."""

    def at_address(self, address: str) -> list[Doc]:
        """Assets that have this IP or hardware address."""

    def search(
        self, query: Query | None = None, after: Mark | None = None, *, newest: bool = False
    ) -> Iterator[Doc]:
        """Events that fit, by (time, id) from behind `after` on; with `newest` backwards."""

    def alerts(
        self, query: Query | None = None, after: Mark | None = None, *, newest: bool = False
    ) -> Iterator[Doc]:
        """Alerts that fit, likewise, with `sentinel.ack.*` where a person has seen to one."""

    def chains(self, query: Query | None = None) -> Iterator[Doc]:
        """Chains that fit, the highest score first."""

    def detection(self, kind: Detected, id: str) -> Doc | None:
        """The alert or chain with this id, or the only one whose id begins so."""

    def histogram(
        self, kind: Literal["event", "alert"], field: str, query: Query | None = None, *, most: int = 100
    ) -> list[tuple[str, int]]:
        """Values of a field (text in lower case, as it is compared) and how many documents that fit have
        each: the most frequent first, then by value; at most `most`."""

    def state(self, name: str) -> bytes | None:
        """What a writer kept under a name, or None."""

    def sources(self) -> list[Doc]:
        """What was read, in order of the first packet."""

    def counters(self) -> Mapping[str, Mapping[str, int]]:
        """`limits` and `parse_errors` of all sources."""

    def counts(self) -> Mapping[str, int]:
        """Documents by kind."""

    def parts(self) -> list[str]:
        """Times that events are kept of, oldest first: `YYYY-MM-DD` or `YYYY-MM-DDTHH`."""

    def size(self) -> int:
        """Bytes it takes."""

    def verify(self) -> list[str]:
        """What is wrong with it, one line each; nothing if it is sound."""

    def writer(self) -> AbstractContextManager[Writer]:
        """The one writer of this sensor. Raises `UserError` if another has it."""

    def acknowledge(self, alert: str, time: str, user: str, note: str) -> None:
        """Note that a person has seen to an alert; the last word stands. Needs no writer: the daemon may
        hold that. Raises `UserError` if there is no such alert."""

    def close(self) -> None:
        """Give connections back."""


@runtime_checkable
class Sized(Protocol):
    """A store that knows how much each part takes."""

    def sizes(self) -> Mapping[str, int]:
        """Bytes of events by part, oldest first."""


class Writer(Protocol):
    """What returned is kept: it survives the end of the process. Faults that pass (the server is away, the
    disk is full) raise `StoreAwayError`; nothing of the call is then promised, it may be made again."""

    def append_events(self, events: bytes | EventBatch) -> Written:
        """Add events, one flat document a line, in any order. A document needs an `event.id` and a
        canonical `@timestamp`; what has none is refused, the others are kept."""

    def append_alerts(self, alerts: list[bytes]) -> Written:
        """Add alerts, likewise. One that is there stays as it is."""

    def put_chains(self, chains: Iterable[bytes]) -> None:
        """Take over chains in place of what is there under their ids."""

    def replace_chains(self, chains: Iterable[bytes]) -> None:
        """Take over chains in place of all there are."""

    def put_state(self, name: str, value: bytes | None) -> None:
        """Keep something under a name; None forgets it."""

    def commit(
        self,
        sources: list[Doc],
        observations: bytes,
        instead_of: set[int],
        ids: Iterable[tuple[str, str]],
        records: Mapping[str, Iterable[bytes] | Iterable[Keyed]],
        counters: Mapping[str, bytes],
    ) -> None:
        """Take over a run: its sources, its observations in place of those of the runs `instead_of`, and
        the inventory of all runs: a kind that `records` names replaces what is there of it, other kinds
        stay; with keys, so that `update` finds them. At once or not at all (Elasticsearch: what is there
        is replaced document by document; a reader may see some of each)."""

    def update(self, kind: Kind, changed: Iterable[Keyed], gone: Iterable[str] = ()) -> None:
        """Take over records that changed since they were committed, and forget those under the keys
        `gone`. New ones come behind all others; one that is there keeps its place."""

    def knows(self, sha256: str, site: str) -> bool:
        """True if this source was read to its end."""

    def together(self, known: Iterable[tuple[str, str]]) -> set[int]:
        """Runs that read these (sha256, site). Raises `UserError` if one of them read others too."""

    def observations(self, *, without: Iterable[int] = ()) -> Iterator[bytes]:
        """Observations of every run but those `without`, in an order that does not depend on when they
        were made."""

    def ledger(self) -> list[tuple[str, str]]:
        """(identity, asset id) in the order they were first seen."""

    def alert_documents(self) -> Iterator[list[bytes]]:
        """All alerts as they were written, by time and id, some at a time."""

    def expire(self, before: str) -> list[str]:
        """Delete events and alerts of parts before that of this time (`YYYY-MM-DD` or `YYYY-MM-DDTHH`),
        and chains that ended before it. This writer takes no more of them: they are counted as expired.
        Returns the parts that went."""

    def shrink(self, size: int) -> list[str]:
        """Delete the oldest parts of events until they take at most `size` bytes; the newest stays. This
        writer takes no more events of their time. Returns the parts that went."""
