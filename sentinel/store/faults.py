"""Faults of the file system and of SQLite as one line that names the store, and short transactions."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentinel.errors import StoreAwayError, UserError

WAIT = 30.0
"""Seconds a writer waits for another's transaction; an inventory of 100,000 assets takes a few."""

_PASSING = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Turns faults within into `UserError`, those that may pass into `StoreAwayError`."""
    try:
        yield
    except sqlite3.Error as error:
        away = code(error) in _PASSING
        raise (StoreAwayError if away else UserError)(f"{folder}: {error}; {_way_out(error)}") from None
    except OSError as error:
        line = f"{error.filename or folder}: {error.strerror}"
        raise (StoreAwayError if error.errno in _NO_ROOM else UserError)(line) from None


def code(error: sqlite3.Error) -> int:
    """SQLite's primary result code."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _way_out(error: sqlite3.Error) -> str:
    match code(error):
        case sqlite3.SQLITE_FULL:
            return "free some space and scan again"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "another process is busy with it; try again"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return "make the folder writable for this user, or name another store"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return "bring the file back from a copy, or scan into a new folder"
    return "`sentinel store verify` says more"


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
