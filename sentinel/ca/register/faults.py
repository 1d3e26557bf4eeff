"""Faults of the register's file as one line that names it."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentinel.errors import StoreAwayError, UserError
from sentinel.model.database import code

_BUSY = "another process is busy with it; try again"
_WRITABLE = "make the CA's folder readable and writable for this user"
_DAMAGED = "restore a backup (`sentinel ca restore`), and keep this file for those who look into it"
_WAYS_OUT = {
    sqlite3.SQLITE_FULL: "nothing was released that the register does not know; free some space, try again",
    sqlite3.SQLITE_IOERR: "nothing was released that the register does not know; look at the disk, try again",
    sqlite3.SQLITE_NOMEM: "free some memory and try again",
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: _WRITABLE,
    sqlite3.SQLITE_CANTOPEN: _WRITABLE,
    sqlite3.SQLITE_PERM: _WRITABLE,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}
_PASSING = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turns faults within into `UserError`, those that may pass into `StoreAwayError`."""
    try:
        yield
    except sqlite3.Error as error:
        primary = code(error)
        way_out = _WAYS_OUT.get(primary, "`sentinel ca audit verify` says more")
        kind = StoreAwayError if primary in _PASSING else UserError
        raise kind(f"{path}: {error}; {way_out}") from None
    except OSError as error:
        kind = StoreAwayError if error.errno in (errno.ENOSPC, errno.EDQUOT) else UserError
        raise kind(f"{error.filename or path}: {error.strerror}") from None
