"""Tables of the embedded store, by version. A change of form is a new entry of `MIGRATIONS`."""

from __future__ import annotations

import sqlite3

from sentinel.model import database
from sentinel.query import fold

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
    """
    CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX alias_id ON alias (id);
    CREATE TABLE address (address TEXT, id TEXT, PRIMARY KEY (address, id)) STRICT, WITHOUT ROWID;
    CREATE INDEX address_id ON address (id);
    INSERT OR IGNORE INTO address SELECT lower(a.value), asset.id FROM asset, json_each(doc, '$.ip') a;
    INSERT OR IGNORE INTO address SELECT lower(a.value), asset.id FROM asset, json_each(doc, '$.mac') a;
    ALTER TABLE conversation ADD COLUMN key TEXT;
    CREATE UNIQUE INDEX conversation_key ON conversation (key);
    ALTER TABLE credential ADD COLUMN key TEXT;
    CREATE UNIQUE INDEX credential_key ON credential (key);
    ALTER TABLE operation ADD COLUMN key TEXT;
    CREATE UNIQUE INDEX operation_key ON operation (key);
    ALTER TABLE alert RENAME TO alert_2;
    DROP INDEX alert_time;
    CREATE TABLE alert (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time TEXT NOT NULL, severity INTEGER NOT NULL,
        rule TEXT, source TEXT, destination TEXT, source_asset TEXT, destination_asset TEXT,
        doc TEXT NOT NULL
    ) STRICT;
    INSERT INTO alert SELECT NULL, id, time, severity, fold(rule), fold(source), fold(destination),
        fold(doc ->> '$."source.asset"'), fold(doc ->> '$."destination.asset"'), doc
        FROM alert_2 ORDER BY time, id;
    DROP TABLE alert_2;
    CREATE UNIQUE INDEX alert_time ON alert (time, id);
    CREATE INDEX alert_severity ON alert (severity, time, id);
    CREATE INDEX alert_rule ON alert (rule, time, id);
    CREATE INDEX alert_source ON alert (source, time, id);
    CREATE INDEX alert_destination ON alert (destination, time, id);
    CREATE INDEX alert_source_asset ON alert (source_asset, time, id);
    CREATE INDEX alert_destination_asset ON alert (destination_asset, time, id);
    CREATE INDEX chain_last ON chain (last);
    """,
)
"""SQL that takes the catalogue from version n to n + 1, statements ended by `;`. Columns of alerts hold
text as it is compared (`fold`)."""

EVENTS = """
    CREATE TABLE event (
        number INTEGER PRIMARY KEY, time TEXT NOT NULL, id TEXT NOT NULL, dataset TEXT, action TEXT,
        operation TEXT, source TEXT, destination TEXT, doc TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX event_time ON event (time, id);
    CREATE TABLE segment (number INTEGER PRIMARY KEY, first TEXT NOT NULL, last TEXT NOT NULL) STRICT;
    CREATE TABLE ident (
        segment INTEGER, tail TEXT, event INTEGER, PRIMARY KEY (segment, tail, event)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE term (
        segment INTEGER, field INTEGER, value TEXT, count INTEGER NOT NULL, events TEXT,
        PRIMARY KEY (segment, field, value)
    ) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;
"""
"""A part of events, version 1. Version 0 (a table `event` by id, without segments) is read and written as
it is until it expires (`sentinel.store.forms`).

`event` is only appended to and its one index is led by the time, so that a write touches the end of both
however large they are. What would be written all over the place, ids and addresses, is looked up in
segments of SEGMENT events: `ident` and `term` are sorted within a segment, and segments are appended.
"""


def migrate(db: sqlite3.Connection) -> None:
    """Bring a catalogue to the newest version. Raises `ValueError` if it is newer than this program."""
    db.create_function("fold", 1, lambda text: None if text is None else fold(text), deterministic=True)
    database.migrate(db, MIGRATIONS)
