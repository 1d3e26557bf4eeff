"""The embedded store: a folder with a catalogue and files of events by time, SQLite in WAL mode.

What is kept of a source is its observations, as bytes; assets, conversations, credentials and
operations are worked out from all of them together, so that the order of scans changes nothing. One
process writes at a time; readers never wait for it.

Durability: the catalogue is written with synchronous=FULL, a commit survives a power cut. Events are
written with NORMAL unless FULL is asked for: a call to `append_events` that returned survives any end of
the process, a power cut may take the last seconds (docs/decisions/0006-embedded-store.md).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sentinel.errors import UserError
from sentinel.model.database import connect, read_only, transaction, version
from sentinel.query import Node, leaves
from sentinel.query.operand import fold
from sentinel.store import detections, records
from sentinel.store.faults import told
from sentinel.store.forms import FIELDS
from sentinel.store.lookup import Search, counted
from sentinel.store.parts import Parts
from sentinel.store.schema import MIGRATIONS, migrate
from sentinel.store.search import EVENT_COLUMNS, decided

if TYPE_CHECKING:
    from sentinel.model.store import Detected, Kind, Mark
    from sentinel.store.writer import Writer

KINDS = records.KINDS


class SqliteStore:
    """A store in a folder (0700), made when `create` is set. Files are 0600.

    `part` is what one file of events is of, in a store that is made. With `sync` "full" events too
    survive a power cut.
    """

    def __init__(
        self,
        folder: Path,
        *,
        create: bool = False,
        part: Literal["hour", "day"] = "day",
        sync: Literal["normal", "full"] = "normal",
    ) -> None:
        self.folder = folder
        self._catalogue = folder / "store.db"
        with told(folder):
            if folder.exists() and not folder.is_dir():
                raise UserError(f"{folder}: is a file, a store is a folder")
            if not self._catalogue.exists():
                if not create:
                    raise UserError(
                        f"{folder}: no store here; `sentinel scan CAPTURE --store {self.url}` makes one"
                    )
                self._make()
            kept = self._part() or self._prepare(part)
        self.events = Parts(folder / "events", kept, sync.upper())

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

    def _part(self) -> str | None:
        """What a file of events is of. None if the catalogue is not of this version: who only reads does
        not wait for a writer, and asks without a lock."""
        if not self._catalogue.exists():
            return None
        with self.reader() as db:
            if not self._is_current(db):
                return None
            row = db.execute("SELECT value FROM setting WHERE name = 'part'").fetchone()
        return row and str(row[0])

    def _is_current(self, db: sqlite3.Connection) -> bool:
        try:
            return version(db, len(MIGRATIONS)) == len(MIGRATIONS)
        except ValueError as error:
            raise UserError(f"{self.folder}: {error}") from None

    def _prepare(self, part: str) -> str:
        """Make the catalogue, or bring it to this version. Files of events were by the day before there
        was a choice."""
        with closing(connect(self._catalogue, "FULL")) as db:
            self._is_current(db)
            migrate(db)
            old = any((self.folder / "events").glob("*.db"))
            with transaction(db):
                db.execute("INSERT OR IGNORE INTO setting VALUES ('part', ?)", ("day" if old else part,))
            return str(db.execute("SELECT value FROM setting WHERE name = 'part'").fetchone()[0])

    def key(self) -> bytes:
        """Key of the keyed hash of secrets: 32 random bytes in `secret.key`, made once."""
        import secrets

        path = self.folder / "secret.key"
        with told(self.folder):
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
        from sentinel.store.writer import Writer

        return Writer(self.folder, self.events)

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """A read-only connection to the catalogue."""
        with told(self.folder):
            db = sqlite3.connect(read_only(self._catalogue), uri=True, isolation_level=None)
            try:
                yield db
            finally:
                db.close()

    def documents(
        self, kind: Kind, query: Node | None = None, *, limit: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Records of a kind that fit a query, in the order of the document; at most `limit`."""
        with self.reader() as db:
            yield from records.documents(db, kind, query, limit)

    def asset(self, name: str) -> dict[str, Any] | None:
        """The asset with this id or alias, or None."""
        with self.reader() as db:
            return records.asset(db, name)

    def at_address(self, address: str) -> list[dict[str, Any]]:
        """Assets that have this IP or hardware address."""
        with self.reader() as db:
            return records.at_address(db, address)

    def search(
        self, query: Node | None = None, after: Mark | None = None, *, newest: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Events that fit a query, by (time, id) from behind `after` on; with `newest` backwards."""
        wanted = Search(query, after, newest)
        with told(self.folder):
            for name in wanted.wanted(self.events.names(), self.events.length):
                with self.events.reading(name) as part:
                    if part is not None:
                        yield from decided(query, wanted.documents(part))

    def alerts(
        self, query: Node | None = None, after: Mark | None = None, *, newest: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Alerts that fit a query, likewise."""
        with self.reader() as db:
            yield from detections.alerts(db, query, after, newest=newest)

    def chains(self, query: Node | None = None) -> Iterator[dict[str, Any]]:
        """Chains that fit a query, the highest score first."""
        with self.reader() as db:
            yield from detections.chains(db, query)

    def detection(self, kind: Detected, id: str) -> dict[str, Any] | None:
        """The `alert` or `chain` with this id, or the only one whose id begins so."""
        with self.reader() as db:
            return detections.document(db, kind, id)

    def acknowledge(self, alert: str, time: str, user: str, note: str) -> None:
        """Note that a person has seen to an alert: a short transaction beside those of a writer."""
        with told(self.folder), closing(connect(self._catalogue, "FULL")) as db, transaction(db):
            detections.acknowledge(db, alert, time, user, note)

    def histogram(
        self, kind: Literal["event", "alert"], field: str, query: Node | None = None, *, most: int = 100
    ) -> list[tuple[str, int]]:
        """Values of a field and how many documents have each: the most frequent first, then by value."""
        found: Counter[Any] = Counter()
        column = EVENT_COLUMNS.get(field)
        if kind == "alert" and query is None and field in detections.ALERT_TEXTS:
            with self.reader() as db:
                found.update(detections.counted(db, detections.ALERT_TEXTS[field]))
        elif kind == "event" and query is None and column in FIELDS:
            with told(self.folder):
                for name in self.events.names():
                    with self.events.reading(name) as part:
                        if part is not None and column in part.form.columns.values():
                            found.update(counted(part, FIELDS.index(column)))
                        elif part is not None:
                            _count(found, field, decided(None, Search(None).documents(part)))
        else:
            _count(found, field, self.search(query) if kind == "event" else self.alerts(query))
        order = sorted(found.items(), key=lambda item: (-item[1], isinstance(item[0], str), item[0]))
        return [(str(value), count) for value, count in order[:most]]

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
        tables = {kind: kind for kind in (*KINDS, "alert", "chain")} | {"source": "sources"}
        with self.reader() as db:
            found = {
                kind: int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
                for kind, table in tables.items()
            }
        with told(self.folder):
            found["event"] = self.events.count()
        return found

    def parts(self) -> list[str]:
        """Times that events are kept of, oldest first."""
        return self.events.names()

    def sizes(self) -> dict[str, int]:
        """Bytes of events by part, oldest first."""
        with told(self.folder):
            return self.events.sizes()

    def size(self) -> int:
        """Bytes of all files."""
        total = 0
        for path in self.folder.rglob("*"):
            try:
                total += path.stat().st_size if path.is_file() else 0
            except FileNotFoundError:
                continue  # it expired, or a log was carried over
        return total

    def verify(self) -> list[str]:
        """What is wrong with the files, one line each; nothing if they are sound."""
        from sentinel.store.verify import verify

        return verify(self._catalogue, self.events.files(), self.events.length)

    def close(self) -> None:
        """Every method gives its connections back itself."""


def _count(found: Counter[Any], field: str, documents: Iterable[dict[str, Any]]) -> None:
    for document in documents:
        found.update({fold(v) if isinstance(v, str) else v for v in leaves(document, field)})
