"""Faults of the file system and of SQLite as one line that names the store."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentinel.errors import StoreAwayError, UserError
from sentinel.model.database import code

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
