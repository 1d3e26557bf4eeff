"""Stores that older versions made, by the tables those versions had."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sentinel.query import parse
from sentinel.store.schema import MIGRATIONS
from tests.store.conformance import ASSETS, alert, encoded, event, ids, in_order, lines
from tests.store.conftest import at

VERSION_1 = """
CREATE TABLE runs (number INTEGER PRIMARY KEY, observations BLOB NOT NULL) STRICT;
CREATE TABLE sources (
    sha256 TEXT NOT NULL, site TEXT NOT NULL, run INTEGER NOT NULL REFERENCES runs,
    partial INTEGER NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (sha256, site)
) STRICT;
CREATE TABLE ids (number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, asset TEXT NOT NULL) STRICT;
CREATE TABLE asset (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, vendor TEXT, type TEXT, level REAL, doc TEXT NOT NULL
) STRICT;
CREATE TABLE alias (alias TEXT PRIMARY KEY, id TEXT NOT NULL) STRICT;
CREATE TABLE conversation (number INTEGER PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE credential (number INTEGER PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE operation (number INTEGER PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE counters (name TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT;
"""
VERSION_2 = (
    VERSION_1
    + """
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
"""
)
EVENTS_0 = """
CREATE TABLE event (
    id TEXT PRIMARY KEY, time TEXT NOT NULL, dataset TEXT, action TEXT, source TEXT, destination TEXT,
    doc TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX event_time ON event (time, id);
"""
OLD = [
    event(
        n,
        f"2026-01-0{n % 2 + 1}T00:00:{n:02}.000000Z",
        source_ip=f"10.0.0.{n}",
        ot_action="write",
        event_dataset="sentinel.modbus",
    )
    for n in range(1, 31)
]
ALERTS = [
    alert(n, f"2026-01-01T00:00:{n:02}.000000Z", severity=n % 5 + 1, source_asset="a-plc") for n in range(10)
]


def made(folder: Path, version: int) -> Path:
    """A store as version 1 or 2 left it, with events of two days."""
    (folder / "events").mkdir(parents=True)
    with closing(sqlite3.connect(folder / "store.db")) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript({1: VERSION_1, 2: VERSION_2}[version])
        for n, doc in enumerate(ASSETS):
            known = (doc.get("vendor"), doc.get("type"), doc.get("level"), json.dumps(doc))
            db.execute("INSERT INTO asset VALUES (?, ?, ?, ?, ?, ?)", (n + 5, doc["id"], *known))
        db.execute("INSERT INTO alias VALUES ('a-old', 'a-plc')")
        db.execute("INSERT INTO conversation VALUES (1, '{\"packets\": 3}')")
        if version == 2:
            for doc in ALERTS:
                columns = (doc["event.id"], doc["@timestamp"], doc["event.severity"], json.dumps(doc))
                db.execute("INSERT INTO alert VALUES (?1, ?2, ?3, 'r1', NULL, NULL, ?4)", columns)
            db.execute("INSERT INTO ack VALUES (?, '2026-01-02', 'ana', 'seen')", (ALERTS[3]["event.id"],))
            db.execute("INSERT INTO state VALUES ('baseline', x'00ff')")
        db.execute(f"PRAGMA user_version = {version}")
        db.commit()
    for day in ("2026-01-01", "2026-01-02"):
        with closing(sqlite3.connect(folder / "events" / f"{day}.db")) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(EVENTS_0)
            for e in OLD:
                if e["@timestamp"].startswith(day):
                    row = (
                        e["event.id"],
                        e["@timestamp"],
                        e["event.dataset"],
                        e["source.ip"],
                        json.dumps(e),
                    )
                    db.execute("INSERT INTO event VALUES (?1, ?2, ?3, NULL, ?4, NULL, ?5)", row)
            db.commit()
    return folder


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_store_is_read_and_written(tmp_path: Path, version: int) -> None:
    folder = made(tmp_path / "store", version)
    store = at(folder)
    assert store.verify() == []
    with closing(sqlite3.connect(folder / "store.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert list(store.documents("asset")) == ASSETS
    assert ids(store.at_address("10.0.0.2")) == ["a-hmi", "a-cam"]
    assert (store.asset("a-old") or {})["id"] == "a-plc"
    alerts = ALERTS if version == 2 else []
    assert ids(store.alerts()) == ids(alerts)
    assert ids(store.alerts(parse("source.asset = A-PLC AND event.severity = 5"))) == ids(
        a for a in alerts if a["event.severity"] == 5
    )
    assert ids(store.alerts(parse("sentinel.ack.note = seen"))) == ids(alerts[3:4])
    assert store.state("baseline") == (b"\x00\xff" if version == 2 else None)
    # old days are read as they are, by time and by what a query names, and written to
    assert ids(store.search()) == ids(in_order(OLD))
    assert ids(store.search(newest=True)) == ids(in_order(OLD)[::-1])
    assert ids(store.search(parse("source.ip = 10.0.0.7 AND ot.action = write"))) == [f"{7:032x}"]
    assert ids(store.search(parse(f"event.id in ({7:032x}, {8:032x})"), newest=True)) == [
        f"{7:032x}",
        f"{8:032x}",
    ]
    assert store.histogram("event", "event.dataset") == [("sentinel.modbus", 30)]
    assert store.histogram("event", "ot.action") == [("write", 30)]
    late = event(99, "2026-01-01T12:00:00.000000Z", ot_action="stop")
    new = event(100, "2026-01-03T12:00:00.000000Z")
    with store.writer() as writer:
        assert writer.append_events(lines([*OLD, late, new])).new == 2
        assert writer.append_alerts(encoded(ALERTS)).new == len(ALERTS) - len(alerts)
        writer.update("conversation", [("k", b'{"packets": 4}')])
    assert ids(store.search(parse("ot.action = stop"))) == ids([late])
    assert store.counts()["event"] == 32
    assert [d["packets"] for d in store.documents("conversation")] == [3, 4]
    assert store.parts() == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert at(folder).verify() == []


def test_an_older_store_stays_one_of_days(tmp_path: Path) -> None:
    from sentinel.store.sqlite import SqliteStore

    store = SqliteStore(made(tmp_path / "store", 2), create=True, part="hour")
    with store.writer() as writer:
        writer.append_events(lines([event(1, "2026-01-05T10:00:00.000000Z")]))
    assert store.parts() == ["2026-01-01", "2026-01-02", "2026-01-05"]


def test_a_part_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    from sentinel.errors import UserError

    folder = made(tmp_path / "store", 2)
    with closing(sqlite3.connect(folder / "events" / "2026-01-02.db")) as db:
        db.execute("PRAGMA user_version = 99")
    store = at(folder)
    with store.writer() as writer, pytest.raises(UserError, match=r"2026-01-02\.db: made by a newer"):
        writer.append_events(lines([event(1, "2026-01-02T10:00:00.000000Z")]))
    with pytest.raises(UserError, match="made by a newer"):
        list(store.search())
