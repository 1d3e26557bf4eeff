"""Records of the inventory: each a document with its place, changed one by one.

What was written is known by a digest, so that a commit sends only what changed. A record's `_id` is made
of the sensor and its key: several sensors of one store never touch each other's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from sentinel.model.store import Keyed
from sentinel.store.elastic import bulk
from sentinel.store.elastic.client import Client
from sentinel.store.elastic.layout import Layout
from sentinel.store.elastic.mappings import KEPT
from sentinel.store.elastic.search import Search, document

ORDER = [{f"{KEPT}.order": {"order": "asc", "unmapped_type": "long"}},
         {f"{KEPT}.sensor": {"order": "asc", "unmapped_type": "keyword"}}]  # fmt: skip
SOME = 5000
"""Documents that are made ready at once."""

Place: TypeAlias = tuple[int, str]
"""(order, digest) of a record that is there."""


class _Id(msgspec.Struct, gc=False):
    id: str


_id = msgspec.json.Decoder(_Id).decode


class Requests(Protocol):
    """What sends documents: `bulk.Bulk`, or one who adds to them."""

    def write(self, index: str, lines: Sequence[bulk.Line]) -> bulk.Outcome:
        """As `bulk.Bulk.write`."""


class Records:
    """The records a sensor's writer keeps."""

    def __init__(self, client: Client, requests: Requests, layout: Layout, sensor: str) -> None:
        self._client, self._bulk, self._layout, self._sensor = client, requests, layout, sensor
        self._places: dict[str, dict[str, Place]] = {}
        self._doubted: set[str] = set()

    def replace(self, kind: str, records: Iterable[bytes | Keyed]) -> None:
        """Take over records in place of all there are of a kind."""
        before = self._known(kind)
        after: dict[str, Place] = {}
        changed: list[bulk.Line] = []
        index = self._layout.records(kind)
        for order, one in enumerate(records):
            key, doc = one if isinstance(one, tuple) else (_key(kind, one, order), one)
            place = (order, _digest(doc))
            after[key] = place
            if before.get(key) != place:
                changed.append(self._line(key, place, doc))
            if len(changed) >= SOME:
                self._write(index, changed)
                changed = []
        changed += [bulk.delete(self._name(key)) for key in before if key not in after]
        self._write(index, changed)
        self._places[kind] = after

    def update(self, kind: str, changed: Iterable[Keyed], gone: Iterable[str]) -> None:
        """Take over some, forget some. New ones come last."""
        places = self._known(kind)
        last = max((order for order, _ in places.values()), default=-1)
        lines = []
        new: dict[str, Place] = {}
        for key, doc in changed:
            there = new.get(key) or places.get(key)
            if there is None:
                last += 1
            place = (there[0] if there else last, _digest(doc))
            new[key] = place
            if there != place:
                lines.append(self._line(key, place, doc))
        lost = [key for key in gone if key in places and key not in new]
        lines += [bulk.delete(self._name(key)) for key in lost]
        self._write(self._layout.records(kind), lines)
        places.update(new)
        for key in lost:
            del places[key]

    def forget(self) -> None:
        """What is there may be other than what was thought: look again."""
        self._places.clear()

    def doubt(self, kind: str) -> None:
        """What is there of a kind is written again at the next chance, as if it were other than it is."""
        self._doubted.add(kind)
        self._places.pop(kind, None)

    def _write(self, index: str, lines: list[bulk.Line]) -> None:
        if not lines:
            return
        try:
            outcome = self._bulk.write(index, lines)
        except BaseException:
            self.forget()
            raise
        if outcome.refused:
            from sentinel.errors import UserError

            self.forget()
            id, why = outcome.refused[0]
            raise UserError(f"{self._client.url}: {index}: {id}: {why}")

    def _known(self, kind: str) -> dict[str, Place]:
        if kind not in self._places:
            index = self._layout.records(kind)
            self._client.maybe("POST", f"/{index}/_refresh")
            mine = {"term": {f"{KEPT}.sensor": self._sensor}}
            found: dict[str, Place] = {}
            for hit in Search(self._client).pages(index, mine, ORDER, first=SOME, source=[KEPT]):
                kept = document(hit.source)[KEPT]
                found[kept["key"]] = (kept["order"], "" if kind in self._doubted else kept["hash"])
            self._places[kind] = found
            self._doubted.discard(kind)
        return self._places[kind]

    def _name(self, key: str) -> str:
        name = f"{self._sensor}/{key}"
        return name if len(name.encode()) <= 400 else hashlib.sha256(name.encode()).hexdigest()

    def _line(self, key: str, place: Place, doc: bytes) -> bulk.Line:
        kept: dict[str, Any] = {"key": key, "order": place[0], "sensor": self._sensor, "hash": place[1]}
        inside = doc.strip()[1:].lstrip()
        comma = b"" if inside.startswith(b"}") else b","
        own = b'{"%b":%b%b%b' % (KEPT.encode(), msgspec.json.encode(kept), comma, inside.replace(b"\n", b" "))
        return bulk.index(self._name(key), own)


def _key(kind: str, doc: bytes, order: int) -> str:
    return _id(doc).id if kind == "asset" else f"#{order}"


def _digest(doc: bytes) -> str:
    return hashlib.blake2b(doc, digest_size=12).hexdigest()
