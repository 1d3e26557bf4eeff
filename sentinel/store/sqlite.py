"""The embedded store: a folder with a catalogue and one file of events per day, SQLite in WAL mode.

What is kept of a source is its observations, as bytes; assets, conversations, credentials and
operations are worked out from all of them together and replaced as a whole, so that the order of
scans changes nothing. One process writes at a time; readers never wait for it.

Durability: the catalogue is written with synchronous=FULL, a commit survives a power cut. Events are
written with NORMAL: a call to `append_events` that returned survives any end of the process, a power
cut may take the last seconds (docs/decisions/0006-embedded-store.md).
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from sentinel.errors import UserError
from sentinel.query import Node
from sentinel.store import detections
from sentinel.store.events import DayFiles, read_only
from sentinel.store.schema import migrate
from sentinel.store.search import ASSET_COLUMNS, decided, narrow

KINDS = ("asset", "conversation", "credential", "operation")
_ROWS = 2000
"""Rows a reader fetches at once, and a writer inserts at once."""


class SqliteStore:
    """A store in a folder (0700), made when `create` is set. Files are 0600."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        self._catalogue = folder / "store.db"
        with _told(folder):
            if folder.exists() and not folder.is_dir():
                raise UserError(f"{folder}: is a file, a store is a folder")
            if not self._catalogue.exists():
                if not create:
                    raise UserError(
                        f"{folder}: no store here; `sentinel scan CAPTURE --store {self.url}` makes one"
                    )
                self._make()
            with closing(_connect(self._catalogue, "FULL")) as db:
                try:
                    migrate(db)
                except ValueError as error:
                    raise UserError(f"{folder}: {error}") from None
        self.events = DayFiles(folder / "events")

    @property
    def url(self) -> str:
        """What names this store on the command line."""
        return f"sqlite://{self.folder}"

    def _make(self) -> None:
        # a folder of events alone is a store whose making was cut short
        if self.folder.is_dir() and any(path.name != "events" for path in self.folder.iterdir()):
            raise UserError(f"{self.folder}: neither empty nor a store; name another folder")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        (self.folder / "events").mkdir(mode=0o700, exist_ok=True)

    def key(self) -> bytes:
        """Key of the keyed hash of secrets: 32 random bytes in `secret.key`, made once."""
        path = self.folder / "secret.key"
        with _told(self.folder):
            if not path.exists():
                part = path.with_suffix(f".{os.getpid()}")
                part.unlink(missing_ok=True)  # of a killed process that had our number
                fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(fd, "wb") as file:
                    file.write(secrets.token_bytes(32))
                    file.flush()
                    os.fsync(file.fileno())
                try:
                    os.link(part, path)
                except FileExistsError:
                    pass
                finally:
                    part.unlink()
            return path.read_bytes()

    def writer(self) -> Writer:
        """The one writer. Raises `UserError` if another process writes."""
        return Writer(self)

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """A read-only connection to the catalogue."""
        with _told(self.folder):
            db = sqlite3.connect(read_only(self._catalogue), uri=True)
            try:
                yield db
            finally:
                db.close()

    def documents(self, kind: str, query: Node | None = None) -> Iterator[dict[str, Any]]:
        """Records of a kind that fit a query, in the order of the document."""
        assert kind in KINDS
        narrowed = narrow(query, ASSET_COLUMNS if kind == "asset" else {})
        with self.reader() as db:
            narrowed.install(db)
            sql = f"SELECT doc FROM {kind} WHERE {narrowed.sql} ORDER BY number"  # noqa: S608
            rows = db.execute(sql, narrowed.values)
            while some := rows.fetchmany(_ROWS):
                yield from decided(query, (doc for (doc,) in some))

    def search(
        self, query: Node | None = None, after: tuple[str, str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Events that fit a query, by time and id, from behind `after` (time, id) on."""
        with _told(self.folder):
            yield from self.events.search(query, after)

    def asset(self, name: str) -> dict[str, Any] | None:
        """The asset with this id or alias, or None."""
        with self.reader() as db:
            row = db.execute(
                "SELECT doc FROM asset WHERE id = ?1 OR id = (SELECT id FROM alias WHERE alias = ?1)", (name,)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def alerts(self, query: Node | None = None, *, newest: bool = False) -> Iterator[dict[str, Any]]:
        """Alerts that fit a query, by time and id or the newest first."""
        with self.reader() as db:
            yield from detections.alerts(db, query, newest=newest)

    def chains(self, query: Node | None = None) -> Iterator[dict[str, Any]]:
        """Chains that fit a query, the highest score first."""
        with self.reader() as db:
            yield from detections.chains(db, query)

    def detection(self, kind: str, id: str) -> dict[str, Any] | None:
        """The `alert` or `chain` with this id, or the only one whose id begins so."""
        with self.reader() as db:
            return detections.document(db, kind, id)

    def state(self, name: str) -> bytes | None:
        """What a writer kept under a name, or None."""
        with self.reader() as db:
            return detections.state(db, name)

    def sources(self) -> list[dict[str, Any]]:
        """What was scanned, in order of first packet."""
        with self.reader() as db:
            docs = [json.loads(doc) for (doc,) in db.execute("SELECT doc FROM sources")]
        return sorted(docs, key=lambda d: (d.get("first", ""), d["name"]))

    def counters(self) -> dict[str, dict[str, int]]:
        """`limits` and `parse_errors` of all sources."""
        with self.reader() as db:
            return {name: json.loads(doc) for name, doc in db.execute("SELECT name, doc FROM counters")}

    def counts(self) -> dict[str, int]:
        """Rows by kind."""
        with self.reader() as db:
            found = {kind: db.execute(f"SELECT count(*) FROM {kind}").fetchone()[0] for kind in KINDS}  # noqa: S608
            for kind in ("alert", "chain"):
                found[kind] = db.execute(f"SELECT count(*) FROM {kind}").fetchone()[0]  # noqa: S608
            found["source"] = db.execute("SELECT count(*) FROM sources").fetchone()[0]
        with _told(self.folder):
            found["event"] = self.events.count()
        return found

    def verify(self) -> list[str]:
        """What is wrong with the files, one line each; nothing if they are sound."""
        from sentinel.store.verify import verify

        return verify(self._catalogue, self.events.files())

    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


class Writer:
    """Holds the store's lock while it is open. Use it as a context manager."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Self:
        folder = self._store.folder
        with _told(folder):
            fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            self._lock = os.fdopen(fd, "r+b")
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = self._lock.read(32).decode("ascii", "replace").strip()
                self._lock.close()
                raise UserError(
                    f"{folder}: process {holder or 'another'} is writing; wait for it to end"
                ) from None
            self._lock.truncate(0)
            self._lock.write(str(os.getpid()).encode())
            self._lock.flush()
            self._db = _connect(folder / "store.db", "FULL")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.events.close()
        self._db.close()
        if self._lock is not None:
            self._lock.truncate(0)
            self._lock.close()

    def knows(self, sha256: str, site: str) -> bool:
        """True if this source was scanned to its end."""
        row = self._db.execute(
            "SELECT partial FROM sources WHERE sha256 = ? AND site = ?", (sha256, site)
        ).fetchone()
        return row is not None and not row[0]

    def append_events(self, ndjson: bytes) -> int:
        """Add events, one flat document a line. Returns how many were new; what returned is kept."""
        with _told(self._store.folder):
            return self._store.events.append(ndjson)

    def append_alerts(self, alerts: list[bytes]) -> int:
        """Add alerts. Returns how many were new; what returned is kept."""
        with _told(self._store.folder), _transaction(self._db) as db:
            return detections.append_alerts(db, alerts)

    def alert_documents(self) -> Iterator[list[bytes]]:
        """All alerts by time and id, some at a time."""
        with _told(self._store.folder):
            yield from detections.alert_documents(self._db)

    def acknowledge(self, alert: str, time: str, user: str, note: str) -> None:
        """Note that a person has seen to an alert."""
        with _told(self._store.folder), _transaction(self._db) as db:
            detections.acknowledge(db, alert, time, user, note)

    def replace_chains(self, chains: Iterable[bytes]) -> None:
        """Take over chains in place of all there are, at once or not at all."""
        with _told(self._store.folder), _transaction(self._db) as db:
            detections.replace_chains(db, chains)

    def put_state(self, name: str, value: bytes | None) -> None:
        """Keep something under a name; None forgets it."""
        with _told(self._store.folder), _transaction(self._db) as db:
            detections.put_state(db, name, value)

    def expire(self, before: str) -> list[str]:
        """Delete events and alerts of days before this one (`YYYY-MM-DD`). Returns the days of events
        that went."""
        gone = []
        with _told(self._store.folder), _transaction(self._db) as db:
            detections.expire(db, before)
        with _told(self._store.folder):
            for path in self._store.events.files():
                if path.stem < before:
                    self._store.events.remove(path)
                    gone.append(path.stem)
        return gone

    def together(self, known: Iterable[tuple[str, str]]) -> set[int]:
        """Runs that read these (sha256, site). Raises `UserError` if one of them read others too."""
        wanted = set(known)
        runs: set[int] = set()
        for sha256, site in wanted:
            row = self._db.execute(
                "SELECT run FROM sources WHERE sha256 = ? AND site = ?", (sha256, site)
            ).fetchone()
            runs.update(row or ())
        for sha256, site, run, doc in self._db.execute("SELECT sha256, site, run, doc FROM sources"):
            if run in runs and (sha256, site) not in wanted:
                name = json.loads(doc)["name"]
                raise UserError(f"{name} was scanned together with what is to be scanned again: name it too")
        return runs

    def commit(
        self,
        sources: list[dict[str, Any]],
        observations: bytes,
        instead_of: set[int],
        ids: Iterable[tuple[str, str]],
        records: dict[str, Iterable[bytes]],
        counters: dict[str, bytes],
    ) -> None:
        """Take over a run: its sources, its observations in place of those of older runs, and the
        inventory of all runs. At once or not at all."""
        with _told(self._store.folder), _transaction(self._db) as db:
            for run in instead_of:
                db.execute("DELETE FROM sources WHERE run = ?", (run,))
                db.execute("DELETE FROM runs WHERE number = ?", (run,))
            if sources:
                packed = (zlib.compress(observations, 1),)
                new_run = db.execute("INSERT INTO runs VALUES (NULL, ?)", packed).lastrowid
                for doc in sources:
                    row = (doc["sha256"], doc["site"], new_run, bool(doc.get("partial")), json.dumps(doc))
                    db.execute("INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?)", row)
            db.executemany("INSERT OR IGNORE INTO ids (identity, asset) VALUES (?, ?)", ids)
            for kind in KINDS:
                db.execute(f"DELETE FROM {kind}")  # noqa: S608
            db.execute("DELETE FROM alias")
            db.executemany(
                "INSERT INTO asset "
                "VALUES (NULL, ?1 ->> 'id', ?1 ->> 'vendor', ?1 ->> 'type', ?1 ->> 'level', ?1)",
                ((doc.decode(),) for doc in records["asset"]),
            )
            db.execute(
                "INSERT OR IGNORE INTO alias "
                "SELECT a.value, asset.id FROM asset, json_each(doc, '$.aliases') a"
            )
            for kind in KINDS[1:]:
                db.executemany(
                    f"INSERT INTO {kind} VALUES (NULL, ?)",  # noqa: S608
                    ((doc.decode(),) for doc in records[kind]),
                )
            for name, counted in counters.items():
                db.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (name, counted.decode()))

    def observations(self, *, without: Iterable[int] = ()) -> Iterator[bytes]:
        """Observations of every run but those `without`, in an order that does not depend on when they
        were made."""
        left_out = set(without)
        order = "SELECT run, min(sha256 || site) FROM sources GROUP BY run ORDER BY 2"
        for run, _ in self._db.execute(order).fetchall():
            if run not in left_out:
                (blob,) = self._db.execute(
                    "SELECT observations FROM runs WHERE number = ?", (run,)
                ).fetchone()
                yield zlib.decompress(blob)

    def ledger(self) -> list[tuple[str, str]]:
        """(identity, asset id) in the order they were first seen."""
        return list(self._db.execute("SELECT identity, asset FROM ids ORDER BY number"))


def _connect(path: Path, synchronous: str) -> sqlite3.Connection:
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.close(fd)
    db = sqlite3.connect(path, isolation_level=None, timeout=10)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {synchronous}")
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Faults of the file system and of SQLite as one line that names the store."""
    try:
        yield
    except sqlite3.Error as error:
        raise UserError(f"{folder}: {error}; {_way_out(error)}") from None
    except OSError as error:
        raise UserError(f"{error.filename or folder}: {error.strerror}") from None


def _way_out(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return "free some space and scan again"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "another process is busy with it; try again"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return "make the folder writable for this user, or name another store"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return "bring the file back from a copy, or scan into a new folder"
    return "`sentinel store verify` says more"
