"""Tables of the embedded store, by version. A change of form is a new entry of `MIGRATIONS`."""

from __future__ import annotations

import sqlite3

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (number INTEGER PRIMARY KEY, observations BLOB NOT NULL) STRICT;
    CREATE TABLE sources (
        sha256 TEXT NOT NULL, site TEXT NOT NULL, run INTEGER NOT NULL REFERENCES runs,
        partial INTEGER NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (sha256, site)
    ) STRICT;
    CREATE TABLE ids (number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, asset TEXT NOT NULL) STRICT;
    CREATE TABLE asset (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, vendor TEXT, type TEXT, level REAL,
        doc TEXT NOT NULL
    ) STRICT;
    CREATE TABLE alias (alias TEXT PRIMARY KEY, id TEXT NOT NULL) STRICT;
    CREATE TABLE conversation (number INTEGER PRIMARY KEY, doc TEXT NOT NULL) STRICT;
    CREATE TABLE credential (number INTEGER PRIMARY KEY, doc TEXT NOT NULL) STRICT;
    CREATE TABLE operation (number INTEGER PRIMARY KEY, doc TEXT NOT NULL) STRICT;
    CREATE TABLE counters (name TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT;
    """,
    """
    CREATE TABLE alert (
        id TEXT PRIMARY KEY, time TEXT NOT NULL, severity INTEGER NOT NULL, rule TEXT, source TEXT,
        destination TEXT, doc TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX alert_time ON alert (time, id);
    CREATE TABLE ack (
        alert TEXT PRIMARY KEY, time TEXT NOT NULL, user TEXT NOT NULL, note TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE chain (
        id TEXT PRIMARY KEY, score REAL NOT NULL, state TEXT NOT NULL, last TEXT NOT NULL, doc TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX chain_score ON chain (score DESC, id);
    CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    """,
)
"""SQL that takes the catalogue from version n to n + 1, statements ended by `;`."""

EVENTS = """
    CREATE TABLE IF NOT EXISTS event (
        id TEXT PRIMARY KEY, time TEXT NOT NULL, dataset TEXT, action TEXT, source TEXT, destination TEXT,
        doc TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS event_time ON event (time, id);
"""
"""One day of events."""


def migrate(db: sqlite3.Connection) -> None:
    """Bring a catalogue to the newest version. Raises `ValueError` if it is newer than this program."""
    if _version(db) == len(MIGRATIONS):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        # looked at again behind the lock: another process may have been quicker
        for number in range(_version(db), len(MIGRATIONS)):
            for sql in MIGRATIONS[number].split(";"):
                db.execute(sql)
            db.execute(f"PRAGMA user_version = {number + 1}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _version(db: sqlite3.Connection) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise ValueError(f"made by a newer sentinel (version {version}, this one knows {len(MIGRATIONS)})")
    return int(version)
