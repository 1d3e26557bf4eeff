"""The one writer of an embedded store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sentinel.errors import UserError
from sentinel.model.database import connect, transaction
from sentinel.model.store import Keyed, Kind, Written
from sentinel.store import detections
from sentinel.store import records as _records
from sentinel.store.faults import told
from sentinel.store.hold import HeldError, Hold
from sentinel.store.parts import Parts

if TYPE_CHECKING:
    from sentinel._native import EventBatch

VACUUM_PAGES = 8_192
"""Free pages of the catalogue that are given back to the file system at once (32 MB)."""


class Writer:
    """Holds the store's lock while it is open. Use it as a context manager.

    What a method returned from is kept, whatever becomes of the process. A full disk or another's long
    transaction raises `StoreAwayError`: the call may be made again, and writes nothing twice.
    """

    def __init__(self, folder: Path, parts: Parts) -> None:
        self._folder, self._parts = folder, parts
        self._lock: Hold | None = None
        self._floor = self._alert_floor = ""

    def __enter__(self) -> Self:
        with told(self._folder):
            try:
                self._lock = Hold(self._folder / "lock")
            except HeldError as error:
                raise UserError(
                    f"{self._folder}: process {error.holder} is writing; wait for it to end"
                ) from None
            try:
                self._db = connect(self._folder / "store.db", "FULL")
            except BaseException:
                self._lock.release()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._parts.close()
        self._db.close()
        if self._lock is not None:
            self._lock.release()

    def append_events(self, events: bytes | EventBatch) -> Written:
        """Add events, one flat document a line, in any order."""
        with told(self._folder):
            return self._parts.append(events, self._floor)

    def append_alerts(self, alerts: list[bytes]) -> Written:
        """Add alerts."""
        with self._changing() as db:
            return detections.append_alerts(db, alerts, self._alert_floor)

    def alert_documents(self) -> Iterator[list[bytes]]:
        """All alerts by time and id, some at a time."""
        with told(self._folder):
            yield from detections.alert_documents(self._db)

    def put_chains(self, chains: Iterable[bytes]) -> None:
        """Take over chains in place of what is there under their ids."""
        with self._changing() as db:
            detections.put_chains(db, chains)

    def replace_chains(self, chains: Iterable[bytes]) -> None:
        """Take over chains in place of all there are, at once or not at all."""
        with self._changing() as db:
            detections.replace_chains(db, chains)

    def put_state(self, name: str, value: bytes | None) -> None:
        """Keep something under a name; None forgets it."""
        with self._changing() as db:
            detections.put_state(db, name, value)

    def commit(
        self,
        sources: list[dict[str, Any]],
        observations: bytes,
        instead_of: set[int],
        ids: Iterable[tuple[str, str]],
        records: Mapping[str, Iterable[bytes] | Iterable[Keyed]],
        counters: Mapping[str, bytes],
    ) -> None:
        """Take over a run: its sources, its observations in place of those of older runs, and the
        inventory of all runs. At once or not at all."""
        with self._changing() as db:
            _records.commit(db, sources, observations, instead_of, ids, counters)
            for kind in _records.KINDS:
                if kind in records:
                    _records.replace(db, kind, records[kind])

    def update(self, kind: Kind, changed: Iterable[Keyed], gone: Iterable[str] = ()) -> None:
        """Take over records that changed, and forget those under the keys `gone`."""
        with self._changing() as db:
            _records.update(db, kind, changed, gone)

    def knows(self, sha256: str, site: str) -> bool:
        """True if this source was read to its end."""
        with told(self._folder):
            return _records.knows(self._db, sha256, site)

    def together(self, known: Iterable[tuple[str, str]]) -> set[int]:
        """Runs that read these (sha256, site). Raises `UserError` if one of them read others too."""
        with told(self._folder):
            return _records.together(self._db, known)

    def observations(self, *, without: Iterable[int] = ()) -> Iterator[bytes]:
        """Observations of every run but those `without`, in an order that does not depend on when they
        were made."""
        with told(self._folder):
            yield from _records.observations(self._db, without)

    def ledger(self) -> list[tuple[str, str]]:
        """(identity, asset id) in the order they were first seen."""
        with told(self._folder):
            return list(self._db.execute("SELECT identity, asset FROM ids ORDER BY number"))

    def expire(self, before: str) -> list[str]:
        """Delete events and alerts of parts before that of this time, and chains that ended before it.
        Events go first: that is what makes room on a full disk."""
        floor = before[: self._parts.length]
        self._floor, self._alert_floor = max(self._floor, floor), max(self._alert_floor, floor)
        with told(self._folder):
            gone = [name for name in self._parts.names() if name < floor]
            for name in gone:
                self._parts.remove(name)
        with self._changing() as db:
            detections.expire(db, floor)
        with told(self._folder):
            for _ in self._db.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})"):
                pass
        return gone

    def shrink(self, size: int) -> list[str]:
        """Delete the oldest parts of events until they take at most `size` bytes; the newest stays."""
        gone = []
        with told(self._folder):
            sizes = self._parts.sizes()
            total = sum(sizes.values())
            for name in list(sizes)[:-1]:
                if total <= size:
                    break
                self._parts.remove(name)
                gone.append(name)
                total -= sizes[name]
        if gone:
            self._floor = max(self._floor, f"{gone[-1]}\x7f")
        return gone

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with told(self._folder), transaction(self._db) as db:
            yield db
