"""Alerts, what people said of them, and chains, in the catalogue of the embedded store.

An alert is kept once under its id, however often the capture that gave it is scanned. A chain is
replaced in place under its id, so that a reader sees it grow.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from sentinel.query import Node
from sentinel.store.search import decided, narrow

ALERT_COLUMNS = {
    "@timestamp": "time",
    "event.id": "id",
    "event.severity": "severity",
    "rule.id": "rule",
    "source.ip": "source",
    "destination.ip": "destination",
}
CHAIN_COLUMNS = {"id": "id", "score": "score", "state": "state"}

_ROWS = 1000


def append_alerts(db: sqlite3.Connection, alerts: Iterable[bytes]) -> int:
    """Add alerts that are not there. Returns how many were new. To be called in a transaction."""
    before = db.total_changes
    db.executemany(
        """INSERT OR IGNORE INTO alert VALUES (?1 ->> '$."event.id"', ?1 ->> '$."@timestamp"',
        coalesce(?1 ->> '$."event.severity"', 1), ?1 ->> '$."rule.id"', ?1 ->> '$."source.ip"',
        ?1 ->> '$."destination.ip"', ?1)""",
        ((alert.decode(),) for alert in alerts),
    )
    return db.total_changes - before


ALERT = (
    "CASE WHEN a.alert IS NULL THEN doc ELSE json_set(doc, '$.\"sentinel.ack.time\"', a.at,"
    " '$.\"sentinel.ack.user\"', a.user, '$.\"sentinel.ack.note\"', a.note) END FROM alert"
    " LEFT JOIN (SELECT alert, time AS at, user, note FROM ack) a ON a.alert = id"
)
"""An alert with what was said of it."""


def alerts(
    db: sqlite3.Connection, query: Node | None = None, *, newest: bool = False
) -> Iterator[dict[str, Any]]:
    """Alerts that fit a query, by time and id (or the newest first), with `sentinel.ack` where a person
    has seen to one."""
    narrowed = narrow(query, ALERT_COLUMNS)
    narrowed.install(db)
    order = "time DESC, id DESC" if newest else "time, id"
    rows = db.execute(f"SELECT {ALERT} WHERE {narrowed.sql} ORDER BY {order}", narrowed.values)
    while some := rows.fetchmany(_ROWS):
        yield from decided(query, (doc for (doc,) in some))


def alert_documents(db: sqlite3.Connection) -> Iterator[list[bytes]]:
    """All alerts as they were written, by time and id, some at a time."""
    rows = db.execute("SELECT doc FROM alert ORDER BY time, id")
    while some := rows.fetchmany(_ROWS):
        yield [doc.encode() for (doc,) in some]


def acknowledge(db: sqlite3.Connection, alert: str, time: str, user: str, note: str) -> None:
    """Note that a person has seen to an alert; the last word stands."""
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
    rows = db.execute(sql, narrowed.values)
    while some := rows.fetchmany(_ROWS):
        yield from decided(query, (doc for (doc,) in some))


def expire(db: sqlite3.Connection, before: str) -> int:
    """Delete alerts of days before this one, and chains that ended before it. Returns how many alerts."""
    gone = db.execute("DELETE FROM alert WHERE time < ?", (before,)).rowcount
    db.execute("DELETE FROM ack WHERE alert NOT IN (SELECT id FROM alert)")
    db.execute("DELETE FROM chain WHERE last < ?", (before,))
    return gone


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


def document(db: sqlite3.Connection, kind: str, id: str) -> dict[str, Any] | None:
    """The alert or chain with this id, or the only one whose id begins so; None if there is none."""
    what = {"alert": ALERT, "chain": "doc FROM chain"}[kind]
    rows = db.execute(
        f"SELECT {what} WHERE id >= ?1 AND id < ?1 || char(0x10ffff) ORDER BY id LIMIT 2",
        (id,),
    ).fetchall()
    found = [json.loads(doc) for (doc,) in rows]
    exact = [doc for doc in found if id in (doc.get("id"), doc.get("event.id"))]
    return (exact or found)[0] if exact or len(found) == 1 else None
