"""Searches over parts: by time, or by the terms and ids of segments where a query names some.

What is read of a file is read in short statements, each a few thousand events at most: a reader that is
slow to take what it asked for does not keep the writer's log from being carried over.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sentinel.query import Node
from sentinel.store import forms
from sentinel.store.forms import FIELDS, folded
from sentinel.store.parts import Part
from sentinel.store.search import EVENT_COLUMNS, Narrowing, narrow, terms, times

if TYPE_CHECKING:
    from sentinel.model.store import Mark

FIRST_PAGE, MAX_PAGE = 128, 8_192
"""Events that are looked at in a statement: few at first, for who wants only a page."""

SELECTIVE = 8
"""Segments are asked if at most one event of so many is expected to be in question."""

ASKED = 4
"""Segments that are asked for that estimate."""

_END = "\U0010ffff"
_FIELD_NAMES = {column: name for name, column in EVENT_COLUMNS.items()}


@dataclass(frozen=True, slots=True)
class Found:
    """An event in question."""

    time: str
    id: str
    number: int


@dataclass(slots=True)
class Search:
    """What is looked for, and in which direction."""

    query: Node | None
    after: Mark | None = None
    newest: bool = False
    first: str = ""
    last: str = ""
    ids: set[str] | None = None
    terms: dict[int, set[str]] = field(default_factory=dict)
    """Wanted values by place in `FIELDS`."""

    def __post_init__(self) -> None:
        self.first, self.last = times(self.query)
        self.ids = terms(self.query, "event.id")
        for place, column in enumerate(FIELDS):
            if (found := terms(self.query, _FIELD_NAMES[column])) is not None:
                self.terms[place] = found

    def wanted(self, names: list[str], length: int) -> list[str]:
        """Parts in which there may be something, in the order in which they are read."""
        first, last = self.first[:length], self.last[:length]
        if self.after is not None and self.newest:
            last = min(last, self.after[0][:length])
        elif self.after is not None:
            first = max(first, self.after[0][:length])
        wanted = [name for name in names if first <= name <= last]
        return wanted[::-1] if self.newest else wanted

    def documents(self, part: Part) -> Iterator[str]:
        """Documents of a part that may fit, in order."""
        narrowed = narrow(self.query, part.form.columns)
        narrowed.install(part.db)
        if self.ids is not None and not part.form.segmented:
            return self._by_id(part.db)
        if (self.ids is not None or self.terms) and part.form.segmented:
            segments = _Segments(part.db, self, narrowed)
            if segments.are_worth_it():
                return segments.documents()
        return self._by_time(part.db, narrowed)

    def _by_time(self, db: sqlite3.Connection, narrowed: Narrowing) -> Iterator[str]:
        order, beyond = ("DESC", "<") if self.newest else ("ASC", ">")
        until = "time >= ?" if self.newest else "time <= ?"
        sql = (
            f"SELECT time, id, CASE WHEN {narrowed.sql} THEN doc END FROM event"  # noqa: S608
            f" WHERE (time, id) {beyond} (?, ?) AND {until} ORDER BY time {order}, id {order} LIMIT ?"
        )
        at, end = self._span()
        page = FIRST_PAGE
        while True:
            rows = db.execute(sql, (*at, end, page)).fetchall()
            yield from (doc for _, _, doc in rows if doc is not None)
            if len(rows) < page:
                return
            at = rows[-1][:2]
            page = min(2 * page, MAX_PAGE)

    def _span(self) -> tuple[Mark, str]:
        """Where to begin (itself not included), and the last time."""
        if self.newest:
            at = (self.last, _END)
            return min(at, self.after) if self.after else at, self.first
        at = (self.first, "")
        return max(at, self.after) if self.after else at, self.last

    def _by_id(self, db: sqlite3.Connection) -> Iterator[str]:
        assert self.ids is not None
        marks = ", ".join("?" * len(self.ids))
        sql = f"SELECT time, id, doc FROM event WHERE id IN ({marks})"  # noqa: S608
        rows = [row for row in db.execute(sql, tuple(self.ids)) if self.covers(row[0], row[1])]
        yield from (doc for _, _, doc in sorted(rows, reverse=self.newest))

    def covers(self, time: str, id: str) -> bool:
        """True if an event stands behind the mark and within the times."""
        if not self.first <= time <= self.last:
            return False
        if self.after is None:
            return True
        return (time, id) < self.after if self.newest else (time, id) > self.after


class _Segments:
    """A look-up in the segments of a part. Events that are in none yet are one more segment."""

    def __init__(self, db: sqlite3.Connection, search: Search, narrowed: Narrowing) -> None:
        self._db, self._search, self._narrowed = db, search, narrowed
        self._closed = db.execute("SELECT number, first, last FROM segment ORDER BY number").fetchall()

    def are_worth_it(self) -> bool:
        """True if few events are in question."""
        if not self._closed:
            return False
        if self._search.ids is not None:
            return True
        step = max(len(self._closed) // ASKED, 1)
        asked = [number for number, *_ in self._closed[::step]][:ASKED]
        counts = (self._count(number) for number in asked)
        return sum(counts) * SELECTIVE <= len(asked) * forms.SEGMENT

    def _count(self, segment: int) -> int:
        """Most events of a segment that can be in question."""
        return min(
            sum(count for _, count, _ in self._terms(segment, place, values))
            for place, values in self._search.terms.items()
        )

    def _terms(self, segment: int, place: int, values: set[str]) -> list[tuple[str, int, str | None]]:
        marks = ", ".join("?" * len(values))
        sql = (
            "SELECT value, count, events FROM term WHERE segment = ? AND field = ?"  # noqa: S608
            f" AND value IN ({marks})"
        )
        return self._db.execute(sql, (segment, place, *values)).fetchall()

    def _numbers(self, segment: int) -> list[int]:
        """Places in a segment of the events in question."""
        found: set[int] | None = None
        if self._search.ids is not None:
            tails = {id[-8:] for id in self._search.ids}
            sql = f"SELECT event FROM ident WHERE segment = ? AND tail IN ({', '.join('?' * len(tails))})"  # noqa: S608
            found = {number for (number,) in self._db.execute(sql, (segment, *tails))}
        for place, values in self._search.terms.items():
            if found is not None and not found:
                break
            rows = self._terms(segment, place, values)
            if any(events is None for *_, events in rows):
                continue  # too common to be listed
            here = {int(number) for *_, events in rows for number in str(events).split(",")}
            found = here if found is None else found & here
        return list(range(1, forms.SEGMENT + 1)) if found is None else sorted(found)

    def _load(self, segment: int) -> list[Found]:
        base = segment * forms.SEGMENT
        numbers = self._numbers(segment)
        if len(numbers) > forms.COMMON:
            sql = "SELECT time, id, number FROM event WHERE number > ? AND number <= ?"
            inside = set(numbers)
            rows = [r for r in self._db.execute(sql, (base, base + forms.SEGMENT)) if r[2] - base in inside]
        else:
            sql = "SELECT time, id, number FROM event WHERE number = ?"
            rows = [r for number in numbers for r in self._db.execute(sql, (base + number,))]
        return [Found(*row) for row in rows if self._search.covers(row[0], row[1])]

    def _fresh(self) -> list[Found]:
        """What is in question of the events that are in no segment yet."""
        where = ["number > ?"]
        values: list[object] = [len(self._closed) * forms.SEGMENT]
        named = [] if self._search.ids is None else [("id", self._search.ids)]
        named += [(FIELDS[place], texts) for place, texts in self._search.terms.items()]
        for column, texts in named:  # SQLite's own functions first, Python's for what is left
            where.append(f"{folded(column)} IN ({', '.join('?' * len(texts))})")
            values += texts
        where.append(self._narrowed.sql)
        sql = f"SELECT time, id, number FROM event WHERE {' AND '.join(where)}"  # noqa: S608
        rows = self._db.execute(sql, values).fetchall()
        return [Found(*row) for row in rows if self._search.covers(row[0], row[1])]

    def documents(self) -> Iterator[str]:
        """Documents in question by time and id. Segments may overlap: what one gives is held until no
        later one can give something that comes before it."""
        newest = self._search.newest
        fresh = self._fresh()
        ahead: list[tuple[str, int | None]] = [
            (last if newest else first, number)
            for number, first, last in self._closed
            if first <= self._search.last and last >= self._search.first
        ]
        if fresh:
            ahead.append(((max if newest else min)(f.time for f in fresh), None))
        ahead.sort(key=lambda segment: segment[0], reverse=newest)
        held: list[Found] = []
        for at, (_, number) in enumerate(ahead):
            held += fresh if number is None else self._load(number)
            held.sort(key=lambda f: (f.time, f.id), reverse=newest)
            edge = None if at + 1 == len(ahead) else ahead[at + 1][0]
            ready = 0
            while ready < len(held) and (
                edge is None or (held[ready].time > edge if newest else held[ready].time < edge)
            ):
                ready += 1
            for found in held[:ready]:
                yield self._db.execute("SELECT doc FROM event WHERE number = ?", (found.number,)).fetchone()[
                    0
                ]
            held = held[ready:]


def counted(part: Part, place: int) -> dict[str, int]:
    """How many events of a part have each value of a column (as it is compared)."""
    db, column = part.db, folded(FIELDS[place])
    found: dict[str, int] = {}
    closed = 0
    if part.form.segmented:
        (closed,) = db.execute("SELECT count(*) FROM segment").fetchone()
        found = dict(
            db.execute("SELECT value, sum(count) FROM term WHERE field = ? GROUP BY value", (place,))
        )
    where = "number > ?" if part.form.segmented else "? NOT NULL"
    sql = f"SELECT {column} AS value, count(*) FROM event WHERE {where} AND value NOT NULL GROUP BY value"  # noqa: S608
    for value, count in db.execute(sql, (closed * forms.SEGMENT,)):
        found[value] = found.get(value, 0) + count
    return found
