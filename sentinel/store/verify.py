"""Whether the files of a store are sound: SQLite's own checks, and what must hold between tables."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sentinel.store.events import read_only

MAX_LINES = 100
"""Faults named of one file."""

CATALOGUE = {
    "a source without its run": "SELECT count(*) FROM sources WHERE run NOT IN (SELECT number FROM runs)",
    "a run without a source": "SELECT count(*) FROM runs WHERE number NOT IN (SELECT run FROM sources)",
    "an alias of no asset": "SELECT count(*) FROM alias WHERE id NOT IN (SELECT id FROM asset)",
    "an acknowledgement of no alert": "SELECT count(*) FROM ack WHERE alert NOT IN (SELECT id FROM alert)",
    "a document that is no JSON": " UNION ALL ".join(
        f"SELECT count(*) FROM {kind} WHERE NOT json_valid(doc)"  # noqa: S608
        for kind in (
            "asset",
            "conversation",
            "credential",
            "operation",
            "sources",
            "counters",
            "alert",
            "chain",
        )
    ),
}
DAY = {
    "a document that is no JSON": "SELECT count(*) FROM event WHERE NOT json_valid(doc)",
    "an event of another day": "SELECT count(*) FROM event WHERE substr(time, 1, 10) != :day",
}
"""What must be nowhere, and the query that counts it."""


def verify(catalogue: Path, days: list[Path]) -> list[str]:
    """What is wrong, one line each."""
    wrong = []
    for path in (catalogue, *days):
        try:
            with closing(sqlite3.connect(read_only(path), uri=True)) as db:
                found = _checked(db) or _held(db, DAY if path != catalogue else CATALOGUE, path.stem)
                wrong += [f"{path}: {line}" for line in found]
                if path == catalogue and not found:
                    wrong += [f"{path}: {line}" for line in _unpacked(db)]
        except sqlite3.Error as error:
            wrong.append(f"{path}: {error}")
    return wrong


def _checked(db: sqlite3.Connection) -> list[str]:
    lines = [str(line) for (line,) in db.execute(f"PRAGMA integrity_check({MAX_LINES})")]
    return [line for line in lines if line != "ok"]


def _held(db: sqlite3.Connection, nowhere: dict[str, str], day: str) -> list[str]:
    out = []
    for what, sql in nowhere.items():
        count = sum(row[0] for row in db.execute(sql, {"day": day}))
        if count:
            out.append(f"{what} ({count:,} times)")
    return out


def _unpacked(db: sqlite3.Connection) -> Iterator[str]:
    for number, packed in db.execute("SELECT number, observations FROM runs"):
        try:
            zlib.decompress(packed)
        except zlib.error:
            yield f"the observations of run {number} cannot be unpacked"
