"""Records of the inventory in the catalogue of the embedded store, and the runs they were worked out from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from sentinel.errors import UserError
from sentinel.query import Node, address_number
from sentinel.store.search import ASSET_COLUMNS, decided, narrow

if TYPE_CHECKING:
    from sentinel.model.store import Keyed, Kind

KINDS: tuple[Kind, ...] = ("asset", "conversation", "credential", "operation")
_FIRST_ROWS, _ROWS = 256, 2_000
"""Rows that are fetched at once: few at first, for who wants only a page."""

_LISTS = (
    ("alias", "a.value", "aliases"),
    ("address", "lower(a.value)", "ip"),
    ("address", "lower(a.value)", "mac"),
)
"""Tables by which assets are found, and the list of an asset that fills each."""

_ASSET = "?1 ->> 'id', ?1 ->> 'vendor', ?1 ->> 'type', ?1 ->> 'level', ?1"


def documents(
    db: sqlite3.Connection, kind: Kind, query: Node | None, limit: int | None
) -> Iterator[dict[str, Any]]:
    """Records that fit a query, in the order of the document."""
    narrowed = narrow(query, ASSET_COLUMNS if kind == "asset" else {})
    narrowed.install(db)
    rows = db.execute(f"SELECT doc FROM {kind} WHERE {narrowed.sql} ORDER BY number")  # noqa: S608
    found, size = 0, _FIRST_ROWS
    while some := rows.fetchmany(size):
        size = _ROWS
        for document in decided(query, (doc for (doc,) in some)):
            if found == limit:
                return
            found += 1
            yield document


def asset(db: sqlite3.Connection, name: str) -> dict[str, Any] | None:
    """The asset with this id or alias, or None."""
    row = db.execute(
        "SELECT doc FROM asset WHERE id = ?1 OR id = (SELECT id FROM alias WHERE alias = ?1)", (name,)
    ).fetchone()
    return json.loads(row[0]) if row else None


def at_address(db: sqlite3.Connection, address: str) -> list[dict[str, Any]]:
    """Assets that have this IP or hardware address."""
    from ipaddress import ip_address

    name = str(ip_address(address)) if address_number(address) is not None else address
    rows = db.execute(
        "SELECT doc FROM asset WHERE id IN (SELECT id FROM address WHERE address = ?) ORDER BY number",
        (name.lower(),),
    )
    return [json.loads(doc) for (doc,) in rows]


def replace(db: sqlite3.Connection, kind: Kind, records: Iterable[bytes] | Iterable[Keyed]) -> None:
    """Take over records in place of all there are of a kind."""
    keyed = ((None, r.decode()) if isinstance(r, bytes) else (r[0], r[1].decode()) for r in records)
    db.execute(f"DELETE FROM {kind}")  # noqa: S608
    if kind == "asset":
        db.execute("DELETE FROM alias")
        db.execute("DELETE FROM address")
        sql = f"INSERT INTO asset VALUES (NULL, {_ASSET})"  # noqa: S608
        db.executemany(sql, ((doc,) for _, doc in keyed))
        _index(db, "1", ())
    else:
        db.executemany(f"INSERT INTO {kind} (key, doc) VALUES (?, ?)", keyed)  # noqa: S608


def update(db: sqlite3.Connection, kind: Kind, changed: Iterable[Keyed], gone: Iterable[str]) -> None:
    """Take over records that changed, and forget those that are gone."""
    keys = ((key,) for key in gone)
    if kind != "asset":
        db.executemany(f"DELETE FROM {kind} WHERE key = ?", keys)  # noqa: S608
        db.executemany(
            f"INSERT INTO {kind} (key, doc) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET doc = excluded.doc",  # noqa: S608
            ((key, doc.decode()) for key, doc in changed),
        )
        return
    rows = list(changed)
    ids = [*keys]
    db.executemany("DELETE FROM asset WHERE id = ?", ids)
    for table in ("alias", "address"):
        names = chain(ids, ((key,) for key, _ in rows))
        db.executemany(f"DELETE FROM {table} WHERE id = ?", names)  # noqa: S608
    for key, doc in rows:
        db.execute(
            f"INSERT INTO asset (id, vendor, type, level, doc) VALUES ({_ASSET}) ON CONFLICT (id) DO UPDATE"  # noqa: S608
            " SET vendor = excluded.vendor, type = excluded.type, level = excluded.level, doc = excluded.doc",
            (doc.decode(),),
        )
        _index(db, "asset.id = ?", (key,))


def _index(db: sqlite3.Connection, where: str, values: tuple[str, ...]) -> None:
    """Note aliases and addresses of assets."""
    for table, value, name in _LISTS:
        db.execute(
            f"INSERT OR {'REPLACE' if values else 'IGNORE'} INTO {table}"  # noqa: S608
            f" SELECT {value}, asset.id FROM asset, json_each(doc, '$.{name}') a WHERE {where}",
            values,
        )


def commit(
    db: sqlite3.Connection,
    sources: list[dict[str, Any]],
    observations: bytes,
    instead_of: set[int],
    ids: Iterable[tuple[str, str]],
    counters: Mapping[str, bytes],
) -> None:
    """Take over a run: its sources, and its observations in place of those of older runs."""
    import zlib

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
    for name, counted in counters.items():
        db.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (name, counted.decode()))


def knows(db: sqlite3.Connection, sha256: str, site: str) -> bool:
    """True if this source was read to its end."""
    sql = "SELECT partial FROM sources WHERE sha256 = ? AND site = ?"
    row = db.execute(sql, (sha256, site)).fetchone()
    return row is not None and not row[0]


def together(db: sqlite3.Connection, known: Iterable[tuple[str, str]]) -> set[int]:
    """Runs that read these (sha256, site). Raises `UserError` if one of them read others too."""
    wanted = set(known)
    runs: set[int] = set()
    for pair in wanted:
        row = db.execute("SELECT run FROM sources WHERE sha256 = ? AND site = ?", pair).fetchone()
        runs.update(row or ())
    for sha256, site, run, doc in db.execute("SELECT sha256, site, run, doc FROM sources"):
        if run in runs and (sha256, site) not in wanted:
            name = json.loads(doc)["name"]
            raise UserError(f"{name} was scanned together with what is to be scanned again: name it too")
    return runs


def observations(db: sqlite3.Connection, without: Iterable[int]) -> Iterator[bytes]:
    """Observations of every run but those `without`, in an order that does not depend on when they were
    made."""
    import zlib

    left_out = set(without)
    order = "SELECT run, min(sha256 || site) FROM sources GROUP BY run ORDER BY 2"
    for run, _ in db.execute(order).fetchall():
        if run not in left_out:
            (blob,) = db.execute("SELECT observations FROM runs WHERE number = ?", (run,)).fetchone()
            yield zlib.decompress(blob)
