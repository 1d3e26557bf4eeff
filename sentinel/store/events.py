"""Events, one SQLite file per day of event time. Writing an event twice keeps it once."""

from __future__ import annotations

import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from sentinel.store.schema import EVENTS

MAX_OPEN = 32
"""Day files held open; events of a capture rarely span more."""


class _Head(msgspec.Struct, gc=False):
    """What of an event has a column of its own."""

    time: str = msgspec.field(name="@timestamp")
    id: str = msgspec.field(name="event.id")
    dataset: str | None = msgspec.field(name="event.dataset", default=None)
    action: str | None = msgspec.field(name="event.action", default=None)
    source: str | None = msgspec.field(name="source.ip", default=None)
    destination: str | None = msgspec.field(name="destination.ip", default=None)


_head = msgspec.json.Decoder(_Head).decode


class DayFiles:
    """The files `YYYY-MM-DD.db` of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: OrderedDict[str, sqlite3.Connection] = OrderedDict()

    def files(self) -> list[Path]:
        """The days there are, oldest first."""
        return sorted(self._folder.glob("????-??-??.db"))

    def append(self, ndjson: bytes) -> int:
        """Add events, one document a line; one transaction a day. Returns how many were new."""
        days: dict[str, list[tuple[str | None, ...]]] = {}
        for line in ndjson.splitlines():
            h = _head(line)
            row = (h.id, h.time, h.dataset, h.action, h.source, h.destination, line.decode())
            days.setdefault(h.time[:10], []).append(row)
        new = 0
        for day, rows in days.items():
            db = self._day(day)
            db.execute("BEGIN IMMEDIATE")
            try:
                before = db.total_changes
                db.executemany("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
                new += db.total_changes - before
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        return new

    def _day(self, day: str) -> sqlite3.Connection:
        if day in self._open:
            self._open.move_to_end(day)
            return self._open[day]
        path = self._folder / f"{day}.db"
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(EVENTS)
        self._open[day] = db
        if len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)[1].close()
        return db

    def close(self) -> None:
        """Close the files that are open for writing."""
        while self._open:
            self._open.popitem()[1].close()

    def count(self) -> int:
        """Events there are."""
        return sum(row[0] for path in self.files() for row in _read(path, "SELECT count(*) FROM event"))

    def lines(self, after: tuple[str, str] | None = None, where: str = "1", values: tuple[str, ...] = ()) -> Iterator[tuple[str, str, str]]:
        """(time, id, document) by time and id, from behind `after` on; `where` narrows by columns."""
        for path in self.files():
            if after and path.stem < after[0][:10]:
                continue
            time, id_ = after or ("", "")
            sql = f"SELECT time, id, doc FROM event WHERE (time, id) > (?, ?) AND {where} ORDER BY time, id"  # noqa: S608
            yield from _read(path, sql, (time, id_, *values))

    def remove(self, path: Path) -> None:
        """Delete a day."""
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def read_only(path: Path) -> str:
    """The URI by which SQLite opens a file for reading only, whatever its name holds."""
    return f"{path.resolve().as_uri()}?mode=ro"


def _read(path: Path, sql: str, values: tuple[str, ...] = ()) -> Iterator[tuple]:  # type: ignore[type-arg]
    db = sqlite3.connect(read_only(path), uri=True)
    try:
        rows = db.execute(sql, values)
        while some := rows.fetchmany(1000):
            yield from some
    finally:
        db.close()
