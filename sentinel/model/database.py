"""SQLite as it is used here: one way to connect, short transactions, tables by version."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

WAIT = 30.0
"""Seconds a writer waits for another's transaction; an inventory of 100,000 assets takes a few."""


def code(error: sqlite3.Error) -> int:
    """SQLite's primary result code."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def connect(path: Path, synchronous: str) -> sqlite3.Connection:
    """A connection for writing, WAL, transactions by hand. The file is 0600."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, isolation_level=None, timeout=WAIT, check_same_thread=False)
    try:
        if path.stat().st_size == 0:
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {synchronous}")
        db.execute("PRAGMA journal_size_limit = 67108864")
    except BaseException:
        db.close()
        raise
    return db


def read_only(path: Path) -> str:
    """The URI by which SQLite opens a file for reading only, whatever its name holds."""
    return f"{path.resolve().as_uri()}?mode=ro"


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All that is done within, or nothing of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def migrate(db: sqlite3.Connection, migrations: Sequence[str]) -> None:
    """Bring a file to the newest version. `migrations` is SQL that takes it from version n to n + 1,
    statements ended by `;`. Raises `ValueError` if the file is newer than this program."""
    if version(db, len(migrations)) == len(migrations):
        return
    with transaction(db):
        # looked at again behind the lock: another process may have been quicker
        for number in range(version(db, len(migrations)), len(migrations)):
            for sql in migrations[number].split(";"):
                db.execute(sql)
            db.execute(f"PRAGMA user_version = {number + 1}")


def version(db: sqlite3.Connection, newest: int) -> int:
    """Version of a file. Raises `ValueError` if it is newer than the newest that is known."""
    (found,) = db.execute("PRAGMA user_version").fetchone()
    if found > newest:
        raise ValueError(f"made by a newer sentinel (version {found}, this one knows {newest})")
    return int(found)
