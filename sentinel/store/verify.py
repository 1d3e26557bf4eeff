"""Whether the files of a store are sound: SQLite's own checks, and what must hold between tables."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sentinel.errors import UserError
from sentinel.model.database import read_only
from sentinel.store import forms
from sentinel.store.forms import FIELDS, form

MAX_LINES = 100
"""Faults named of one file."""

_DOCUMENTS = ("asset", "conversation", "credential", "operation", "sources", "counters", "alert", "chain")

CATALOGUE = {
    "a source without its run": "SELECT count(*) FROM sources WHERE run NOT IN (SELECT number FROM runs)",
    "a run without a source": "SELECT count(*) FROM runs WHERE number NOT IN (SELECT run FROM sources)",
    "an alias of no asset": "SELECT count(*) FROM alias WHERE id NOT IN (SELECT id FROM asset)",
    "an address of no asset": "SELECT count(*) FROM address WHERE id NOT IN (SELECT id FROM asset)",
    "an address that is not looked up": "SELECT count(*) FROM asset, json_each(doc, '$.ip') a"
    " WHERE (lower(a.value), asset.id) NOT IN (SELECT address, id FROM address)",
    "an acknowledgement of no alert": "SELECT count(*) FROM ack WHERE alert NOT IN (SELECT id FROM alert)",
    "an alert under another id or time": "SELECT count(*) FROM alert WHERE id IS NOT doc ->> '$.\"event.id\"'"
    " OR time IS NOT doc ->> '$.\"@timestamp\"'",
    "an asset under another id": "SELECT count(*) FROM asset WHERE id IS NOT doc ->> 'id'",
    "a chain under another id": "SELECT count(*) FROM chain WHERE id IS NOT doc ->> 'id'",
}
PART = {
    "an event of another time": "SELECT count(*) FROM event WHERE substr(time, 1, :length) != :name",
    "an event under another id or time": "SELECT count(*) FROM event WHERE id IS NOT doc ->> '$.\"event.id\"'"
    " OR time IS NOT doc ->> '$.\"@timestamp\"'",
}
SEGMENTS = {
    "a gap between events": "SELECT max(number) - count(*) FROM event",
    "a gap between segments": "SELECT max(number) + 1 - count(*) FROM segment",
    "an event that should be in a segment": "SELECT max((SELECT max(number) FROM event)"
    " - (SELECT count(*) + 1 FROM segment) * :segment + 1, 0)",
    "a segment without all its ids": "SELECT count(*) FROM segment s WHERE"
    " (SELECT count(*) FROM ident WHERE segment = s.number) != :segment",
    "an id of a segment that is another event's": "SELECT count(*) FROM ident JOIN event"
    " ON number = segment * :segment + event"
    " WHERE substr(lower(id), -8) != tail AND id NOT GLOB '*[^ -~]*'",
}
_VALUES = (
    "SELECT count(*) FROM (SELECT s.number AS n, (SELECT coalesce(sum(count), 0) FROM term"
    " WHERE segment = s.number AND field = {place}) AS had FROM segment s) WHERE had !="
    " (SELECT count({name}) FROM event WHERE number > n * :segment AND number <= (n + 1) * :segment)"
)
for _place, _name in enumerate(FIELDS):
    SEGMENTS[f"a segment without all its values of {_name}"] = _VALUES.format(place=_place, name=_name)
"""What must be nowhere, and the query that counts it."""


def verify(catalogue: Path, parts: list[Path], length: int) -> list[str]:
    """What is wrong, one line each. `length` is how much of a time names its part."""
    wrong = []
    for path in (catalogue, *parts):
        try:
            with closing(sqlite3.connect(read_only(path), uri=True)) as db:
                found = _checked(db)
                if not found and path == catalogue:
                    found = [*_no_json(db, _DOCUMENTS)] or [*_held(db, CATALOGUE, {}), *_unpacked(db)]
                elif not found:
                    nowhere = {**PART, **(SEGMENTS if form(db, path).segmented else {})}
                    values = {"name": path.stem, "length": length, "segment": forms.SEGMENT}
                    found = [*_no_json(db, ("event",))] or [*_held(db, nowhere, values)]
                wrong += [f"{path}: {line}" for line in found]
        except sqlite3.Error as error:
            wrong.append(f"{path}: {error}")
        except UserError as error:
            wrong.append(error.message)
    return wrong


def _checked(db: sqlite3.Connection) -> list[str]:
    lines = [str(line) for (line,) in db.execute(f"PRAGMA integrity_check({MAX_LINES})")]
    return [line for line in lines if line != "ok"]


def _no_json(db: sqlite3.Connection, tables: tuple[str, ...]) -> Iterator[str]:
    for table in tables:
        count = db.execute(f"SELECT count(*) FROM {table} WHERE NOT json_valid(doc)").fetchone()[0]  # noqa: S608
        if count:
            yield f"a document that is no JSON ({count:,} times, {table})"


def _held(db: sqlite3.Connection, nowhere: dict[str, str], values: dict[str, object]) -> Iterator[str]:
    for what, sql in nowhere.items():
        count = db.execute(sql, values).fetchone()[0]
        if count:
            yield f"{what} ({count:,} times)"


def _unpacked(db: sqlite3.Connection) -> Iterator[str]:
    for number, packed in db.execute("SELECT number, observations FROM runs"):
        try:
            zlib.decompress(packed)
        except zlib.error:
            yield f"the observations of run {number} cannot be unpacked"
