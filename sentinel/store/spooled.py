"""A writer that takes everything while its store is away: events and alerts wait in a spool, in order;
of chains, records and state the last word waits in memory.

It tries the store again with growing waits, whenever `drain` is called. What is appended while something
waits goes behind it, so that the order stays.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import msgspec

from sentinel._native import EventBatch
from sentinel.errors import StoreAwayError, UserError
from sentinel.model.store import Keyed, Kind, Writer, Written
from sentinel.store import spool as spools
from sentinel.store.spool import Spool

FIRST_WAIT = 1.0
LONGEST_WAIT = 15.0
"""Seconds until the store is tried again, doubled from the first on and spread by half."""
DRAIN_SECONDS = 0.5
"""Seconds that are spent on what waits before something is added to it."""
CHUNK = 4 << 20
"""Octets of waiting events that are written at once."""
READS = frozenset("knows together observations ledger alert_documents expire shrink commit".split())
"""What of a writer needs the store."""
MOST_STATE = 256
"""Names whose last state waits in memory."""


class SpooledWriter:
    """A writer in front of that of a store that may be away. `open_writer` opens that: it is called when the
    store is tried. One thread uses it. Use it as a context manager."""

    def __init__(
        self,
        open_writer: Callable[[], AbstractContextManager[Writer]],
        spool: Spool,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open, self.spool, self._clock = open_writer, spool, clock
        self._held = ExitStack()
        self._writer: Writer | None = None
        self._wait = FIRST_WAIT
        self._next_try = 0.0
        self.why = ""
        """Why the store is away; empty while it is there."""
        self.drained = Written(0)
        """What became of documents that had waited, since the start."""
        self._chains: dict[str, bytes] = {}
        self._all_chains = False
        self._state: dict[str, bytes | None] = {}
        self._records: dict[Kind, dict[str, bytes | None]] = {}
        self.lost_state = 0
        """States for which there was no room."""

    def __enter__(self) -> SpooledWriter:
        """Raises `UserError` if the store is not the right one; one that is away is waited for."""
        self._reach(begin=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()
        self.spool.close()

    @property
    def is_there(self) -> bool:
        """True if the store answers."""
        return self._writer is not None

    @property
    def waits(self) -> bool:
        """True if anything waits to be written."""
        last_words = (self._chains, self._all_chains, self._state, self._records)
        return bool(self.spool.records or any(last_words))

    def spooled(self) -> dict[str, Any]:
        """What waits: `records` and `bytes` on disk, `age` of the oldest in seconds, octets `lost` to damage,
        `away` with the reason while the store is."""
        at = self.spool
        return {
            "records": at.records,
            "bytes": at.bytes,
            "age": at.age,
            "lost": at.lost,
            "away": self.why or None,
        }

    # --- events and alerts ----------------------------------------------------------------------------

    def append_events(self, events: bytes | EventBatch) -> Written:
        """Add events, to the store or behind what waits. Raises `SpoolFullError` if neither has room."""
        if isinstance(events, bytes):
            count = events.count(b"\n") + (events[-1:] not in (b"", b"\n"))
            return self._append("event", lambda: events, lambda writer: writer.append_events(events), count)
        return self._append("event", events.ndjson, lambda writer: writer.append_events(events), len(events))

    def append_alerts(self, alerts: list[bytes]) -> Written:
        """Add alerts likewise."""
        if not alerts:
            return Written(0)
        return self._append(
            "alert", lambda: _joined(alerts), lambda writer: writer.append_alerts(alerts), len(alerts)
        )

    def _append(
        self, kind: spools.Kind, data: Callable[[], bytes], write: Callable[[Writer], Written], count: int
    ) -> Written:
        if not count:
            return Written(0)
        if self.spool.records:
            self.drain(DRAIN_SECONDS)
        if not self.spool.records and (writer := self._reach()) is not None:
            try:
                return write(writer)
            except StoreAwayError as error:
                self._is_away(error)
        self.spool.append(kind, data())
        return Written(count)

    # --- the last word counts -------------------------------------------------------------------------

    def put_chains(self, chains: Iterable[bytes]) -> None:
        """Take over chains; while the store is away the last form of each waits."""
        self._chains.update((_id(chain), chain) for chain in chains)
        self._write_the_rest()

    def replace_chains(self, chains: Iterable[bytes]) -> None:
        """Take over chains in place of all there are."""
        self._chains, self._all_chains = {_id(chain): chain for chain in chains}, True
        self._write_the_rest()

    def put_state(self, name: str, value: bytes | None) -> None:
        """Keep something under a name."""
        if name not in self._state and len(self._state) >= MOST_STATE:
            self.lost_state += 1
            return
        self._state[name] = value
        self._write_the_rest()

    def update(self, kind: Kind, changed: Iterable[Keyed], gone: Iterable[str] = ()) -> None:
        """Take over records that changed."""
        waiting = self._records.setdefault(kind, {})
        for key in gone:
            waiting.pop(key, None)
            waiting[key] = None
        for key, doc in changed:
            if waiting.get(key, b"") is None:
                del waiting[key]  # it comes back as a new one, behind all others
            waiting[key] = doc
        self._write_the_rest()

    def _write_the_rest(self) -> None:
        """Write what waits in memory, if the store is there. What is written waits no more."""
        if (writer := self._reach()) is None:
            return
        try:
            for kind in list(self._records):
                some = self._records[kind]
                changed = [(key, doc) for key, doc in some.items() if doc is not None]
                writer.update(kind, changed, [key for key, doc in some.items() if doc is None])
                del self._records[kind]
            if self._all_chains:
                writer.replace_chains(self._chains.values())
            elif self._chains:
                writer.put_chains(self._chains.values())
            self._chains, self._all_chains = {}, False
            for name in list(self._state):
                writer.put_state(name, self._state[name])
                del self._state[name]
        except StoreAwayError as error:
            self._is_away(error)

    # --- the way back ---------------------------------------------------------------------------------

    def drain(self, seconds: float = 1.0) -> bool:
        """Write what waits, for about so long, if the store is there or it is time to try it. True if nothing
        waits any more. To be called now and then: nothing is drained otherwise."""
        until = self._clock() + seconds
        while self.spool.records and self._clock() < until:
            writer = self._reach()
            if writer is None:
                return False
            try:
                self._drain_some(writer)
            except StoreAwayError as error:
                self._is_away(error)
                return False
        if not self.spool.records:
            self._write_the_rest()
        return not self.waits

    def _drain_some(self, writer: Writer) -> None:
        """Write the oldest records of one kind together."""
        some: list[spools.Waiting] = []
        size = 0
        for one in self.spool.waiting():
            if some and (one.kind != some[0].kind or size + len(one.data) > CHUNK):
                break
            some.append(one)
            size += len(one.data)
        if not some:  # what is counted cannot be read any more
            self.spool.records = 0
            return
        lines = b"".join(one.data if one.data.endswith(b"\n") else one.data + b"\n" for one in some)
        if some[0].kind == "event":
            written = writer.append_events(lines)
        else:
            written = writer.append_alerts([line for line in lines.split(b"\n") if line])
        self.spool.drained(some[-1].behind, len(some))
        before = self.drained
        self.drained = Written(
            before.new + written.new,
            before.expired + written.expired,
            (before.refused + written.refused)[-20:],
            before.lost + written.lost,
        )

    def _reach(self, *, begin: bool = False) -> Writer | None:
        """The store's writer, if it is there or it is time to try. What is wrong with a store that was
        right at the start (a certificate has ended, a right was taken) may be put right: it is away."""
        if self._writer is None and self._clock() >= self._next_try:
            held = ExitStack()
            try:
                self._writer = held.enter_context(self._open())
            except UserError as error:
                held.close()
                if begin and not isinstance(error, StoreAwayError):
                    raise
                self._is_away(error)
            else:
                self._held, self._wait, self.why = held, FIRST_WAIT, ""
        return self._writer

    def _is_away(self, error: UserError) -> None:
        self._let_go()
        self.why = error.message
        self._next_try = self._clock() + self._wait * random.uniform(0.5, 1.0)  # noqa: S311
        self._wait = min(self._wait * 2, LONGEST_WAIT)

    def _let_go(self) -> None:
        held, self._held, self._writer = self._held, ExitStack(), None
        held.close()

    # --- reading through ------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        """Everything else needs the store: `StoreAwayError` while it is away."""
        if name.startswith("_") or name not in READS:
            raise AttributeError(name)
        writer = self._reach()
        if writer is None:
            raise StoreAwayError(self.why or "the store is away")
        return getattr(writer, name)


class _Id(msgspec.Struct, gc=False):
    id: str


_chain_id = msgspec.json.Decoder(_Id).decode


def _id(chain: bytes) -> str:
    return _chain_id(chain).id


def _joined(documents: Iterable[bytes]) -> bytes:
    return b"".join(document.replace(b"\n", b" ") + b"\n" for document in documents)
