"""The forms a part of events has or had, and how each is written. What was made by an older version is
read and written as it is until it expires; nothing is converted."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel.errors import UserError
from sentinel.model.database import version
from sentinel.store.search import EVENT_COLUMNS

if TYPE_CHECKING:
    from sentinel.store.heads import Row

SEGMENT = 32_768
"""Events of a segment. Fewer make a look-up dearer (each segment is asked), more the newest events, which
are in none yet."""

COMMON = SEGMENT // 4
"""A value that more events of a segment have is counted only: reading them all is no dearer."""

FIELDS = ("dataset", "action", "operation", "source", "destination")
"""Columns whose values are terms of a segment; the place is the number in `term.field`."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a part is laid out."""

    columns: dict[str, str]
    """Fields of an event and their columns."""
    insert: str
    """?1 to ?8 are a `Row`."""
    count: str
    segmented: bool


FORMS = (
    Form(
        {name: column for name, column in EVENT_COLUMNS.items() if column != "operation"},
        "INSERT OR IGNORE INTO event (id, time, dataset, action, source, destination, doc)"
        " VALUES (?2, ?1, ?3, ?4, ?6, ?7, ?8)",
        "SELECT count(*) FROM event",
        segmented=False,
    ),
    Form(
        dict(EVENT_COLUMNS),
        "INSERT OR IGNORE INTO event (time, id, dataset, action, operation, source, destination, doc)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        "SELECT coalesce(max(number), 0) FROM event",  # numbers have no gaps: a part loses no event
        segmented=True,
    ),
)


def form(db: sqlite3.Connection, path: Path) -> Form:
    """The form of a part. Raises `UserError` if a newer version made it."""
    try:
        return FORMS[version(db, len(FORMS) - 1)]
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


def insert(db: sqlite3.Connection, form: Form, rows: list[Row]) -> int:
    """Add events that are not there. Returns how many were new. To be called in a transaction."""
    before = db.total_changes
    db.executemany(form.insert, rows)
    return db.total_changes - before


def folded(value: str) -> str:
    """SQL for a text as it is compared: only what is not ASCII needs Python's `fold`."""
    return f"CASE WHEN {value} GLOB '*[^ -~]*' THEN fold({value}) ELSE lower({value}) END"


def close_segments(db: sqlite3.Connection) -> None:
    """Make segments of the events that are in none, as far as they fill one. To be called in the
    transaction that wrote the events. The connection needs the function `fold`."""
    (closed,) = db.execute("SELECT count(*) FROM segment").fetchone()
    (top,) = db.execute(FORMS[-1].count).fetchone()
    while top - closed * SEGMENT >= SEGMENT:
        _close(db, closed)
        closed += 1


def _close(db: sqlite3.Connection, segment: int) -> None:
    base = segment * SEGMENT
    db.execute(
        "CREATE TEMP TABLE fresh AS"  # noqa: S608
        f" SELECT number - ?1 AS n, time, substr(id, -8) AS tail, {', '.join(FIELDS)}"
        " FROM event WHERE number > ?1 AND number <= ?2",
        (base, base + SEGMENT),
    )
    db.execute("INSERT INTO segment SELECT ?, min(time), max(time) FROM fresh", (segment,))
    db.execute("INSERT INTO ident SELECT ?, lower(tail), n FROM fresh ORDER BY 2, 3", (segment,))
    for place, name in enumerate(FIELDS):
        # folded after they are grouped: values are fewer than events
        db.execute(
            f"INSERT INTO term SELECT ?1, ?2, {folded('v')}, c, CASE WHEN c <= ?3 THEN e END FROM"  # noqa: S608
            f" (SELECT {name} AS v, count(*) AS c, group_concat(n) AS e FROM fresh GROUP BY v)"
            " WHERE v NOT NULL ON CONFLICT DO UPDATE SET count = count + excluded.count,"
            " events = events || ',' || excluded.events",
            (segment, place, COMMON),
        )
    db.execute("DROP TABLE fresh")
