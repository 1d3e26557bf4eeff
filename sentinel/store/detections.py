"""Alerts, what people said of them, and chains, in the catalogue of the embedded store.

An alert is kept once under its id, however often the capture that gave it is scanned. A chain is
replaced in place under its id, so that a reader sees it grow.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from typing import TYPE_CHECKING, Any

from sentinel.errors import UserError
from sentinel.query import Compare, In, Node, fold, matches
from sentinel.store.search import narrow, outermost, terms, times

if TYPE_CHECKING:
    from sentinel.model.store import Detected, Mark, Written

ALERT_TEXTS = {
    "rule.id": "rule",
    "source.ip": "source",
    "destination.ip": "destination",
    "source.asset": "source_asset",
    "destination.asset": "destination_asset",
}
"""Fields of an alert with a column that holds their text as it is compared, and an index `alert_COLUMN`."""

CHAIN_COLUMNS = {"id": "id", "score": "score", "state": "state"}

_ROWS = 1_000
_FIRST_ROWS = 256
_ESTIMATE = 10_000
"""Rows that are counted to choose an index."""
MAX_STREAMS = 32
"""Values that are looked up each for itself and merged by time."""
_END = "\U0010ffff"


def append_alerts(db: sqlite3.Connection, alerts: Iterable[bytes], floor: str = "") -> Written:
    """Add alerts that are not there; those of before `floor` are counted as expired. To be called in a
    transaction."""
    from sentinel.model.store import Written
    from sentinel.store.heads import Refused
    from sentinel.store.heads import alerts as heads

    refused, expired, rows = Refused(), 0, []
    for head, doc in heads(alerts, refused):
        if head.time < floor:
            expired += 1
            continue
        texts = (head.rule, head.source, head.destination, head.source_asset, head.destination_asset)
        folded = (text if text is None else fold(text) for text in texts)
        rows.append((head.id, head.time, 1 if head.severity is None else head.severity, *folded, doc))
    before = db.total_changes
    db.executemany("INSERT OR IGNORE INTO alert VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return Written(db.total_changes - before, expired, tuple(refused.lines), refused.count)


@dataclass(frozen=True, slots=True)
class _Index:
    """A column that the query gives some values of."""

    column: str
    values: tuple[Any, ...]
    marks: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "marks", ", ".join("?" * len(self.values)))

    def estimate(self, db: sqlite3.Connection) -> int:
        """How many alerts have one of the values; not more than `_ESTIMATE`."""
        sql = f"SELECT count(*) FROM (SELECT 1 FROM alert WHERE {self.column} IN ({self.marks}) LIMIT ?)"  # noqa: S608
        return int(db.execute(sql, (*self.values, _ESTIMATE)).fetchone()[0])


def alerts(
    db: sqlite3.Connection, query: Node | None = None, after: Mark | None = None, *, newest: bool = False
) -> Iterator[dict[str, Any]]:
    """Alerts that fit a query, by time and id from behind `after` on (or backwards), with `sentinel.ack`
    where a person has seen to one."""
    indexes = list(_indexes(db, query))
    streams = [_stream(db, query, after, newest, indexes, None, None)]
    few = [index for index in indexes if len(index.values) <= MAX_STREAMS]
    if few:
        best = min(few, key=lambda index: index.estimate(db))
        rest = [index for index in indexes if index is not best]
        streams = [_stream(db, query, after, newest, rest, best.column, value) for value in best.values]
    for _, _, doc, *ack in merge(*streams, key=lambda row: row[:2], reverse=newest):
        document = _with_ack(doc, ack)
        if query is None or matches(query, document):
            yield document


def _indexes(db: sqlite3.Connection, query: Node | None) -> Iterator[_Index]:
    for name, column in ALERT_TEXTS.items():
        if (found := terms(query, name)) is not None:
            yield _Index(column, tuple(found))
    # what has no severity stands under 1 in its column, and fits a `!=`
    graded = [
        item
        for item in outermost(query)
        if isinstance(item, Compare | In) and item.field == "event.severity"
        if isinstance(item, In) or item.op != "!="
    ]
    if graded and (known := _severities(db)) is not None:
        fits = [s for s in known if all(matches(item, {"event.severity": s}) for item in graded)]
        if fits != known:
            yield _Index("severity", tuple(fits))


def _severities(db: sqlite3.Connection) -> list[int] | None:
    """Severities there are; None if they are too many for separate look-ups."""
    found: list[int] = []
    sql = "SELECT min(severity) FROM alert WHERE severity > ?"
    while (row := db.execute(sql, (found[-1] if found else -(1 << 62),)).fetchone())[0] is not None:
        found.append(row[0])
        if len(found) > MAX_STREAMS:
            return None
    return found


def _stream(
    db: sqlite3.Connection,
    query: Node | None,
    after: Mark | None,
    newest: bool,
    also: list[_Index],
    column: str | None,
    value: Any,
) -> Iterator[tuple[Any, ...]]:
    """Alerts with one value of a column (or all) by time and id. Read in short statements: a reader that
    is slow does not keep the writer's log from being carried over."""
    first, last = times(query)
    order, beyond, until = ("DESC", "<", "time >= ?") if newest else ("ASC", ">", "time <= ?")
    start: Mark = (last, _END) if newest else (first, "")
    at = start if after is None else (min(start, after) if newest else max(start, after))
    where = [f"(time, id) {beyond} (?, ?)", until]
    values: list[Any] = []
    for index in also:
        where.append(f"{index.column} IN ({index.marks})")
        values += index.values
    if column is not None:
        where.append(f"{column} = ?")
        values.append(value)
    sql = (
        "SELECT time, id, doc, a.at, a.user, a.note"  # noqa: S608
        f" FROM alert INDEXED BY alert_{column or 'time'}"
        " LEFT JOIN (SELECT alert, time AS at, user, note FROM ack) a ON a.alert = id"
        f" WHERE {' AND '.join(where)} ORDER BY time {order}, id {order} LIMIT ?"
    )
    page = _FIRST_ROWS
    while True:
        rows = db.execute(sql, (*at, first if newest else last, *values, page)).fetchall()
        yield from rows
        if len(rows) < page:
            return
        at, page = rows[-1][:2], _ROWS


def _with_ack(doc: str, ack: list[str | None]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(doc)
    if ack[0] is not None:
        names = ("sentinel.ack.time", "sentinel.ack.user", "sentinel.ack.note")
        document |= dict(zip(names, ack, strict=True))
    return document


def alert_documents(db: sqlite3.Connection) -> Iterator[list[bytes]]:
    """All alerts as they were written, by time and id, some at a time."""
    at: Mark = ("", "")
    sql = "SELECT time, id, doc FROM alert WHERE (time, id) > (?, ?) ORDER BY time, id LIMIT ?"
    while rows := db.execute(sql, (*at, _ROWS)).fetchall():
        yield [doc.encode() for _, _, doc in rows]
        at = rows[-1][:2]


def acknowledge(db: sqlite3.Connection, alert: str, time: str, user: str, note: str) -> None:
    """Note that a person has seen to an alert; the last word stands."""
    if db.execute("SELECT 1 FROM alert WHERE id = ?", (alert,)).fetchone() is None:
        raise UserError(f"{alert}: no such alert (`sentinel alerts list` shows them)")
    db.execute("INSERT OR REPLACE INTO ack VALUES (?, ?, ?, ?)", (alert, time, user, note))


def put_chains(db: sqlite3.Connection, chains: Iterable[bytes]) -> None:
    """Take over chains in place of what is there under their ids."""
    db.executemany(
        "INSERT OR REPLACE INTO chain VALUES "
        "(?1 ->> 'id', coalesce(?1 ->> 'score', 0.0), ?1 ->> 'state', ?1 ->> 'last', ?1)",
        ((chain.decode(),) for chain in chains),
    )


def replace_chains(db: sqlite3.Connection, chains: Iterable[bytes]) -> None:
    """Take over chains in place of all there are."""
    db.execute("DELETE FROM chain")
    put_chains(db, chains)


def chains(db: sqlite3.Connection, query: Node | None = None) -> Iterator[dict[str, Any]]:
    """Chains that fit a query, the highest score first."""
    narrowed = narrow(query, CHAIN_COLUMNS)
    narrowed.install(db)
    sql = f"SELECT doc FROM chain WHERE {narrowed.sql} ORDER BY score DESC, id"  # noqa: S608
    rows = db.execute(sql)
    while some := rows.fetchmany(_ROWS):
        for (doc,) in some:
            document: dict[str, Any] = json.loads(doc)
            if query is None or matches(query, document):
                yield document


def expire(db: sqlite3.Connection, before: str) -> None:
    """Delete alerts of before a time, and chains that ended before it."""
    db.execute("DELETE FROM ack WHERE alert IN (SELECT id FROM alert WHERE time < ?)", (before,))
    db.execute("DELETE FROM alert WHERE time < ?", (before,))
    db.execute("DELETE FROM chain WHERE last < ?", (before,))


def counted(db: sqlite3.Connection, column: str) -> dict[str, int]:
    """How many alerts have each value of a column (as it is compared)."""
    return dict(db.execute(f"SELECT {column}, count(*) FROM alert WHERE {column} NOT NULL GROUP BY 1"))  # noqa: S608


def state(db: sqlite3.Connection, name: str) -> bytes | None:
    """What was kept under a name (baselines, open windows), or None."""
    row = db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def put_state(db: sqlite3.Connection, name: str, value: bytes | None) -> None:
    """Keep something under a name; None forgets it."""
    if value is None:
        db.execute("DELETE FROM state WHERE name = ?", (name,))
    else:
        db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))


def document(db: sqlite3.Connection, kind: Detected, id: str) -> dict[str, Any] | None:
    """The alert or chain with this id, or the only one whose id begins so; None if there is none."""
    source = "alert" if kind == "alert" else "chain"
    rows = db.execute(
        f"SELECT id, doc FROM {source} WHERE id >= ?1 AND id < ?1 || char(0x10ffff) ORDER BY id LIMIT 2",  # noqa: S608
        (id,),
    ).fetchall()
    if not rows or (len(rows) > 1 and rows[0][0] != id):
        return None
    found, doc = rows[0]
    if kind == "chain":
        chain: dict[str, Any] = json.loads(doc)
        return chain
    ack = db.execute("SELECT time, user, note FROM ack WHERE alert = ?", (found,)).fetchone()
    return _with_ack(doc, list(ack or (None, None, None)))
