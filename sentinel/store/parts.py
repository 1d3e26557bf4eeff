"""Events in files, one for each hour or day of event time. Writing an event twice keeps it once."""

from __future__ import annotations

import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel.model.database import connect, read_only, transaction
from sentinel.query import fold
from sentinel.store import forms
from sentinel.store.schema import EVENTS

if TYPE_CHECKING:
    from sentinel._native import EventBatch
    from sentinel.model.store import Written
    from sentinel.store.heads import Row

MAX_OPEN = 32
"""Files held open for writing; events rarely come late by more."""

CACHE = 32 << 10
"""KiB of a written file's pages that are held: a segment's events and the ends of its trees."""

PAGE = 8 << 10
"""Octets of a page of a new file. Documents are cut in two less often than with SQLite's 4 KiB and trees have
fewer pages (files 8 % smaller, 7 % less time to write them); with more, a commit of a few events writes too
much."""

WAL = 16 << 20
"""Octets after which the log is carried over into the file."""

WAL_BYTES = 256 << 20
"""A log that readers let grow so long is cut, if they let go for a moment."""

LENGTHS = {"day": 10, "hour": 13}
"""Characters of a time that name its part."""


@dataclass(slots=True)
class Part:
    """A file that is open."""

    db: sqlite3.Connection
    form: forms.Form


class Parts:
    """The files `YYYY-MM-DD.db` or `YYYY-MM-DDTHH.db` of a folder."""

    def __init__(self, folder: Path, part: str = "day", synchronous: str = "NORMAL") -> None:
        self._folder = folder
        self._synchronous = synchronous
        self._open: OrderedDict[str, Part] = OrderedDict()
        self.length = LENGTHS[part]
        """Characters of a time that name its part."""

    def files(self) -> list[Path]:
        """The files there are, oldest first."""
        return sorted(self._folder.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*.db"))

    def names(self) -> list[str]:
        """Times that events are kept of, oldest first."""
        return [path.stem for path in self.files()]

    def path(self, name: str) -> Path:
        """The file of a time."""
        return self._folder / f"{name}.db"

    def append(self, events: bytes | EventBatch, floor: str = "") -> Written:
        """Add events, one document a line or a batch; one transaction a part. Those of parts before `floor`
        are counted as expired."""
        from sentinel.model.store import Written
        from sentinel.store import heads

        refused = heads.Refused()
        expired = 0
        parts, odd = ({}, events) if isinstance(events, bytes) else events.rows(self.length)
        if odd:
            for name, rows in heads.events(odd, self.length, refused).items():
                parts.setdefault(name, []).extend(rows)
        for name in [name for name in parts if name < floor[: self.length]]:
            expired += len(parts.pop(name))
        new = sum(self._append(name, parts[name]) for name in sorted(parts))
        return Written(new, expired, tuple(refused.lines), refused.count)

    def _append(self, name: str, rows: list[Row]) -> int:
        part = self._writable(name)
        with transaction(part.db):
            new = forms.insert(part.db, part.form, rows)
            if part.form.segmented and new:
                forms.close_segments(part.db)
        self._cut_log(name, part.db)
        return new

    def _cut_log(self, name: str, db: sqlite3.Connection) -> None:
        try:
            if self.path(name).with_name(f"{name}.db-wal").stat().st_size < WAL_BYTES:
                return
        except FileNotFoundError:
            return
        db.execute("PRAGMA busy_timeout = 50")  # readers are not waited for
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA busy_timeout = 30000")

    def _writable(self, name: str) -> Part:
        if name in self._open:
            self._open.move_to_end(name)
            return self._open[name]
        path = self.path(name)
        if not path.exists():
            self._make(path)
        db = connect(path, self._synchronous)
        try:
            part = Part(db, forms.form(db, path))
            db.execute(f"PRAGMA cache_size = -{CACHE}")
            (page,) = db.execute("PRAGMA page_size").fetchone()
            db.execute(f"PRAGMA wal_autocheckpoint = {WAL // page}")
            db.execute("PRAGMA temp_store = MEMORY")
            db.create_function("fold", 1, fold, deterministic=True)
        except BaseException:
            db.close()
            raise
        self._open[name] = part
        if len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)[1].db.close()
        return part

    def _make(self, path: Path) -> None:
        """Make a file under another name: a process that is killed leaves none without its table."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        part = path.with_suffix(".part")
        _unlink(part)
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(part, isolation_level=None)) as db:
            db.execute(f"PRAGMA page_size = {PAGE}")
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(EVENTS)
        _unlink(path)  # a reader of a file that expired may have left a log
        part.replace(path)

    def close(self) -> None:
        """Close the files that are open for writing."""
        while self._open:
            self._open.popitem()[1].db.close()

    def count(self) -> int:
        """Events there are."""
        total = 0
        for name in self.names():
            with self.reading(name) as found:
                if found is not None:
                    total += found.db.execute(found.form.count).fetchone()[0]
        return total

    @contextmanager
    def reading(self, name: str) -> Iterator[Part | None]:
        """A file opened for reading only, None if it expired meanwhile. What has it open reads on."""
        path = self.path(name)
        try:
            db = sqlite3.connect(read_only(path), uri=True, isolation_level=None)
        except sqlite3.OperationalError:
            if path.exists():
                raise
            yield None
            return
        with closing(db):
            db.create_function("fold", 1, fold, deterministic=True)
            yield Part(db, forms.form(db, path))

    def sizes(self) -> dict[str, int]:
        """Bytes of each file and its log, oldest first."""
        found = {}
        for path in self.files():
            sides = (path, path.with_name(f"{path.name}-wal"))
            found[path.stem] = sum(side.stat().st_size for side in sides if side.exists())
        return found

    def remove(self, name: str) -> None:
        """Delete a file; who reads it finishes."""
        if name in self._open:
            self._open.pop(name).db.close()
        path = self.path(name)
        # first out of sight: nobody opens it between the parts of it
        gone = path.with_suffix(".part")
        path.replace(gone)
        _unlink(path)
        gone.unlink(missing_ok=True)


def _unlink(path: Path) -> None:
    """Delete a file. Its log goes first: left alone it would be taken for that of a new file."""
    for suffix in ("-wal", "-shm", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
