"""An open register."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from sentinel.ca.audit import heads, log
from sentinel.ca.audit.tree import hasher
from sentinel.ca.register import find, rows
from sentinel.ca.register.change import Change
from sentinel.ca.register.faults import told
from sentinel.ca.register.records import Certificate, Entry, Revoked, now
from sentinel.ca.register.schema import MIGRATIONS
from sentinel.errors import UserError
from sentinel.model import database
from sentinel.model.disk import sync_folder

if TYPE_CHECKING:
    from sentinel.ca.keys import Signer

Certificates: TypeAlias = list[Certificate]
Rows: TypeAlias = list[tuple[Any, ...]]
Intents: TypeAlias = list[tuple[str, str, str]]

CHECKPOINT = 4_000
"""Pages in the log of SQLite at which they are copied to the file: what is written often is copied once."""

FEW = 16
"""Certificates that are looked at for one fingerprint: the first octets of two are seldom alike."""

CACHE = 32_768
"""KiB of pages that the writing connection keeps in memory."""


class _Reader(sqlite3.Connection):
    """A thread's connection for reading, closed when the thread has ended."""

    def __del__(self) -> None:
        self.close()


class Register:
    """The register of a CA. Any thread may use it; several processes may have it open, one transaction is
    made at a time. Faults of the file are `UserError`, those that may pass `StoreAwayError`.

    `signer` signs a head of the audit in every transaction, and `unlock` is asked for it when the first one
    is to be signed; without one, entries wait for the next head.
    `published` is called with each head after its transaction.
    """

    def __init__(self, path: Path, *, readonly: bool) -> None:
        self.path, self.readonly = path, readonly
        self.origin = self.digest = ""
        self.signer: Signer | None = None
        self.unlock: Callable[[], Signer | None] | None = None
        self.published: Callable[[heads.Head], None] | None = None
        self._lock, self._joining = threading.RLock(), threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._change: Change | None = None
        self._log: log.Log
        self._own = threading.local()
        self._readers: weakref.WeakSet[_Reader] = weakref.WeakSet()

    @classmethod
    def create(cls, path: Path, *, digest: str = "sha256") -> Register:
        """Make a register. `digest` is that of the audit's tree: sha256 or sm3."""
        hasher(digest)
        if path.exists():
            raise UserError(f"{path}: is there already; a CA has one register")
        with told(path):
            db = database.connect(path, "FULL")
            try:
                database.migrate(db, MIGRATIONS)
                with database.transaction(db):
                    settings = {"origin": secrets.token_hex(16), "digest": digest}
                    db.executemany("INSERT INTO setting VALUES (?, ?)", settings.items())
            finally:
                db.close()
            sync_folder(path.parent)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False) -> Register:
        """Open a register. One that was made by an older version is brought to this one's form, unless it is
        opened for reading only."""
        if not path.is_file():
            raise UserError(f"{path}: no register is there; `sentinel ca init` makes a CA")
        self = cls(path, readonly=readonly)
        with told(path):
            try:
                if readonly:
                    found = database.version(self._reader(), len(MIGRATIONS))
                    if found < len(MIGRATIONS):
                        raise UserError(
                            f"{path}: of an older version; a command that writes brings it to this one's"
                        )
                else:
                    self._writer = database.connect(path, "FULL")
                    self._writer.execute(f"PRAGMA cache_size = -{CACHE}")
                    self._writer.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
                    database.migrate(self._writer, MIGRATIONS)
                settings = dict(self._reader().execute("SELECT name, value FROM setting"))
                self.origin, self.digest = settings["origin"], settings["digest"]
                self._log = log.Log(hasher(self.digest), self.digest, self.origin)
            except (KeyError, ValueError) as error:
                self.close()
                raise UserError(f"{path}: no register of a CA: {error}") from None
            except BaseException:
                self.close()
                raise
        return self

    def close(self) -> None:
        """Close every connection. Nothing is lost without."""
        with self._lock:
            with self._joining:
                readers = list(self._readers)
            for db in (*readers, self._writer):
                if db is not None:
                    db.close()
            self._readers.clear()
            self._writer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[Change]:
        """One transaction: all that is done within is on the disk when the block has ended, or nothing of
        it if the block raises. Other threads and processes wait."""
        with self._lock:
            if self._writer is None:
                raise UserError(f"{self.path}: is open for reading only")
            if self._change is not None:
                raise RuntimeError("a transaction within a transaction")
            head = None
            with told(self.path):
                try:
                    with database.transaction(self._writer) as db:
                        self._log.begin(db)
                        self._change = Change(db, self._log)
                        yield self._change
                        self._change.flush()
                        if self.signer is None and self.unlock is not None:
                            self.signer, self.unlock = self.unlock(), None
                        if self.signer is not None:
                            head = self._log.seal(db, self.signer, self._change.at)
                finally:
                    self._change = None
                self._log.committed()
            if head is not None and self.published is not None:
                self.published(head)

    def commit_many(self, items: Sequence[tuple[Certificate, bytes, Entry]]) -> None:
        """Add certificates with their entries of the audit in one transaction, on the disk at the return.
        All or none; `UserError` names a serial that is there."""
        with self.transaction() as change:
            for certificate, der, entry in items:
                change.add(certificate, der)
                change.audit_entry(entry)

    def certificate(self, serial: str) -> Certificate | None:
        """The certificate of a serial, 40 hexadecimal digits."""
        return self._one("serial = ?", rows.serial(serial))

    def encoded(self, serial: str) -> bytes | None:
        """The certificate of a serial, DER."""
        number = "SELECT number FROM certificate WHERE serial = ?"
        with told(self.path):
            found = self._reader().execute(
                f"SELECT der FROM encoded WHERE number = ({number})",  # noqa: S608
                (rows.serial(serial),),
            )
            row = found.fetchone()
        return None if row is None else bytes(row[0])

    def by_fingerprint(self, sha256: str) -> Certificate | None:
        """The certificate of a SHA-256, hexadecimal."""
        octets = _octets(sha256)
        with told(self.path):
            found = find.by_hash(self._reader(), octets, octets, now(), FEW)
        return next((c for c in found if c.sha256 == sha256.lower()), None)

    def by_key(self, spki_sha256: str) -> Certificates:
        """Certificates of a key, the newest first."""
        return self._all("spki_sha256 = ? ORDER BY number DESC", _octets(spki_sha256))

    def known_keys(self, spki_sha256: Sequence[str]) -> set[str]:
        """Which of these keys have certificates: one look for a whole batch, of 1,000 at the most."""
        with self._near() as db:
            found = rows.known_keys(db, [*map(_octets, spki_sha256)])
        return {each.hex() for each in found}

    def by_subject(self, subject: str) -> list[Certificate]:
        """Certificates of a subject, as its whole text, the newest first."""
        return self._all("subject = ? ORDER BY number DESC", subject)

    def pair(self, pair_id: str) -> Certificates:
        """The certificates of a TLCP pair, in the order they were issued."""
        return self._all("pair_id = ? ORDER BY number", pair_id)

    def list(
        self,
        *,
        state: str | None = None,
        profile: str | None = None,
        expiring: int | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Iterator[Certificate]:
        """Certificates, each condition if it is given; see `find.by_filter` for their order. `expiring`
        is a number of days; `after` the serial of the last of the page before."""
        at = now()
        until = None
        if expiring is not None:
            end = datetime.now(UTC) + timedelta(days=min(expiring, 2_000_000))
            until = end.strftime("%Y-%m-%dT%H:%M:%SZ")
        with told(self.path):
            yield from find.by_filter(
                self._reader(), at, state=state, profile=profile, until=until, limit=limit, after=after
            )

    def search(self, text: str, *, limit: int = 200) -> Certificates:
        """Certificates by a text; see `find.by_text`."""
        with told(self.path):
            return find.by_text(self._reader(), text, now(), limit)

    def by_asset(self, *words: str, limit: int = 200) -> Certificates:
        """Certificates of a device, the newest first: those whose asset, common name, hardware serial, or one
        of whose other names is one of these words (its id, serial number, MAC, host names). MAC addresses
        are alike however they are written."""
        with told(self.path):
            return find.by_words(self._reader(), words, now(), limit)

    def revoked(self, issuer: str, *, since: int | None = None) -> Iterator[Revoked]:
        """Certificates of an issuer that are revoked or held, in the order it was done. With `since`
        (a position), those changed after it, the ones that are valid again too."""
        where = "state != 'valid'" if since is None else "TRUE"
        with told(self.path):
            for serial, state, reason, at, end, position in self._reader().execute(
                "SELECT serial, state, reason, revoked_at, not_after, changed FROM certificate "  # noqa: S608
                f"WHERE issuer = ? AND changed > ? AND {where} ORDER BY changed, number",
                (issuer, -1 if since is None else since),
            ):
                yield Revoked(serial.hex(), state, reason or "removeFromCRL", at or "", end, position)

    def changed(self, issuer: str) -> int:
        """Position of the last change of a state among an issuer's certificates, -1 if there was none: what
        was said of their states before holds as long as this stays."""
        with told(self.path):
            (last,) = (
                self._reader()
                .execute(
                    "SELECT max(changed) FROM certificate WHERE issuer = ? AND changed IS NOT NULL", (issuer,)
                )
                .fetchone()
            )
        return -1 if last is None else int(last)

    def head(self) -> heads.Head | None:
        """The newest signed head of the audit."""
        with told(self.path):
            row = self._reader().execute("SELECT head FROM head ORDER BY size DESC LIMIT 1").fetchone()
        return None if row is None else heads.parse(row[0], self.path)

    def root(self, size: int) -> bytes:
        """Root of the audit over its first `size` entries. `UserError` if there are not so many."""
        with told(self.path):
            if not 0 <= size <= log.size(self._reader()):
                raise UserError(f"{self.path}: the audit has no {size:,} entries")
            return log.load(self._reader(), self._log.hash, size)[0].root()

    def position(self) -> int:
        """The last entry of the audit, -1 if there is none: `since` of a later `revoked`. Take it in the
        transaction, or before the rows are read."""
        with told(self.path):
            return log.size(self._reader()) - 1

    def state(self, name: str) -> bytes | None:
        """What is kept under a name."""
        with told(self.path):
            row = self._reader().execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def intents(self) -> Intents:
        """(id, time, action) of what was going to be done and was not: a crash came between."""
        with told(self.path):
            return list(
                self._reader().execute(
                    "SELECT id, at, action FROM intent WHERE outcome IS NULL ORDER BY at, id"
                )
            )

    def query(self, sql: str, values: Sequence[object] = (), *, near: bool = False) -> Rows:
        """Rows of a table that another module looks after, all at once. With `near` by the connection that
        writes, for what is asked of every group that is written."""
        if near:
            with self._near() as db:
                return db.execute(sql, values).fetchall()
        with told(self.path):
            return self._reader().execute(sql, values).fetchall()

    @contextmanager
    def _near(self) -> Iterator[sqlite3.Connection]:
        """The connection that writes, if there is one, between two transactions: it keeps the pages it wrote,
        where those of others read them again after every transaction."""
        with self._lock, told(self.path):
            yield self._reader() if self._writer is None or self._change is not None else self._writer

    def generation(self) -> int:
        """A number that changes when another connection has changed the register: to keep a cache by."""
        with told(self.path):
            return int(self._reader().execute("PRAGMA data_version").fetchone()[0])

    def _one(self, where: str, value: object) -> Certificate | None:
        found = self._all(where, value)
        return found[0] if found else None

    def _all(self, where: str, value: object) -> Certificates:
        with told(self.path):
            return [*rows.select(self._reader(), f"certificate WHERE {where}", (value,), now())]

    def _reader(self) -> sqlite3.Connection:
        """The connection of this thread: that of its transaction if it is in one."""
        if self._change is not None and self._lock._is_owned():  # type: ignore[attr-defined]
            self._change.flush()
            return self._change.db
        db: _Reader | None = getattr(self._own, "db", None)
        if db is None:
            db = sqlite3.connect(
                database.read_only(self.path),
                uri=True,
                timeout=database.WAIT,
                isolation_level=None,
                check_same_thread=False,
                factory=_Reader,
            )
            db.create_function("holds", 2, find.holds, deterministic=True)
            self._own.db = db
            with self._joining:
                self._readers.add(db)
        return db


def _octets(sha256: str) -> bytes:
    try:
        return bytes.fromhex(sha256)
    except ValueError:
        raise UserError(f"{sha256[:80]}: no SHA-256; write its 64 hexadecimal digits") from None
