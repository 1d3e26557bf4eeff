"""Events, one SQLite file per day of event time. Writing an event twice keeps it once."""

from __future__ import annotations

import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from sentinel.query import Node
from sentinel.store.schema import EVENTS
from sentinel.store.search import EVENT_COLUMNS, Narrowing, days, decided, narrow

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
        if not path.exists():
            self._make(path)
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA synchronous = NORMAL")
        self._open[day] = db
        if len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)[1].close()
        return db

    def _make(self, path: Path) -> None:
        """Make a day's file under another name: a process that is killed leaves none without its table."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        part = path.with_suffix(".part")
        self.remove(part)
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(part, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(EVENTS)
        part.replace(path)

    def close(self) -> None:
        """Close the files that are open for writing."""
        while self._open:
            self._open.popitem()[1].close()

    def count(self) -> int:
        """Events there are."""
        return sum(row[0] for path in self.files() for row in _read(path, "SELECT count(*) FROM event"))

    def search(
        self, node: Node | None = None, after: tuple[str, str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Events that fit a query, by time and id, from behind `after` on."""
        narrowed = narrow(node, EVENT_COLUMNS)
        first, last = days(node)
        if after:
            first = max(first, after[0][:10])
        where = f"(time, id) > (?, ?) AND {narrowed.sql}"
        sql = f"SELECT doc FROM event WHERE {where} ORDER BY time, id"  # noqa: S608
        for path in self.files():
            if first <= path.stem <= last:
                rows = _read(path, sql, (*(after or ("", "")), *narrowed.values), narrowed)
                yield from decided(node, (doc for (doc,) in rows))

    def remove(self, path: Path) -> None:
        """Delete a day. Its log goes first: left alone it would be taken for that of a new file."""
        for suffix in ("-wal", "-shm", ""):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def read_only(path: Path) -> str:
    """The URI by which SQLite opens a file for reading only, whatever its name holds."""
    return f"{path.resolve().as_uri()}?mode=ro"


def _read(
    path: Path, sql: str, values: tuple[Any, ...] = (), narrowed: Narrowing | None = None
) -> Iterator[tuple[Any, ...]]:
    with closing(sqlite3.connect(read_only(path), uri=True)) as db:
        if narrowed is not None:
            narrowed.install(db)
        rows = db.execute(sql, values)
        while some := rows.fetchmany(1000):
            yield from some
