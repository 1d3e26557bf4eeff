"""What was read: sources, their observations, the ledger of ids, counters.

The sources' documents are written last and are what makes a run known; a crash before that leaves a blob
that the next commit of the same sources does not need, and `verify` names.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from sentinel.errors import UserError
from sentinel.model.store import Doc
from sentinel.store.elastic import bulk
from sentinel.store.elastic.blobs import Blobs
from sentinel.store.elastic.client import Client, segment
from sentinel.store.elastic.layout import Layout
from sentinel.store.elastic.search import Search, document

LEDGER = "ledger"
RUN_BITS = 53
"""Numbers of runs are whole numbers that JSON keeps everywhere."""
BY_PLACE = [{"sha256": {"order": "asc"}}, {"site": {"order": "asc"}}, {"sensor": {"order": "asc"}}]


class Runs:
    """The runs of a sensor."""

    def __init__(
        self, client: Client, requests: bulk.Bulk, layout: Layout, blobs: Blobs, sensor: str
    ) -> None:
        self._client, self._bulk, self._layout = client, requests, layout
        self._blobs, self._sensor = blobs, sensor

    def keep(self, observations: bytes) -> int:
        """Write observations. Returns the number of their run."""
        run = secrets.randbits(RUN_BITS)
        self._blobs.put(_blob(run), observations)
        return run

    def remember(self, ids: Iterable[tuple[str, str]]) -> None:
        """Add to the ledger what is not in it."""
        new = list(ids)
        if not new:
            return
        known = dict(self.ledger())
        before = len(known)
        for identity, asset in new:
            known.setdefault(identity, asset)
        if len(known) > before:
            self._blobs.put(LEDGER, msgspec.json.encode(list(known.items())))

    def ledger(self) -> list[tuple[str, str]]:
        """(identity, asset id) in the order they were first seen."""
        kept = self._blobs.get(LEDGER)
        return [] if kept is None else msgspec.json.decode(kept, type=list[tuple[str, str]])

    def count(self, name: str, counted: bytes) -> None:
        """Keep counters of this sensor."""
        own = {
            "kind": "counters",
            "sensor": self._sensor,
            "name": name,
            "counted": msgspec.json.decode(counted),
        }
        id = segment(f"counters/{self._sensor}/{name}")
        self._client.json("PUT", f"/{segment(self._layout.state)}/_doc/{id}", own)

    def take_over(self, sources: list[Doc], run: int | None, instead_of: set[int]) -> None:
        """Make a run known by its sources, and forget others."""
        lines = [
            bulk.index(
                self._id(_content(doc), doc.get("site", "")),
                msgspec.json.encode(
                    {
                        "sensor": self._sensor,
                        "run": run,
                        "sha256": doc["sha256"],
                        "site": doc["site"],
                        "doc": doc,
                    }
                ),
            )
            for doc in sources
        ]
        kept = {id for id, _ in lines}
        if instead_of:
            lines += [
                bulk.delete(id) for id, found in self._all() if found["run"] in instead_of and id not in kept
            ]
        outcome = self._bulk.write(self._layout.sources, lines)
        if outcome.refused:
            raise UserError(f"{self._client.url}: {outcome.refused[0][1]}")
        for old in instead_of - {run}:
            self._blobs.forget(_blob(old))

    def knows(self, sha256: str, site: str) -> bool:
        """True if this source was read to its end."""
        found = self._client.maybe(
            "GET", f"/{segment(self._layout.sources)}/_doc/{segment(self._id(sha256, site))}"
        )
        return bool(found and found.get("found")) and not found["_source"]["doc"].get("partial")

    def together(self, known: Iterable[tuple[str, str]]) -> set[int]:
        """Runs that read these (sha256, site). Raises `UserError` if one of them read others too."""
        wanted = set(known)
        there = [found for _, found in self._all()]
        runs = {found["run"] for found in there if (found["sha256"], found["site"]) in wanted}
        for found in there:
            if found["run"] in runs and (found["sha256"], found["site"]) not in wanted:
                name = found["doc"]["name"]
                raise UserError(f"{name} was scanned together with what is to be scanned again: name it too")
        return runs

    def observations(self, without: Iterable[int]) -> Iterator[bytes]:
        """Observations of every run but those `without`, by the contents of their sources."""
        left_out = set(without)
        runs: dict[int, str] = {}
        for _, found in self._all():
            place = found["sha256"] + found["site"]
            runs[found["run"]] = min(place, runs.get(found["run"], place))
        for run in sorted(runs, key=lambda number: runs[number]):
            if run not in left_out:
                kept = self._blobs.get(_blob(run))
                if kept is None:
                    raise UserError(
                        f"{self._client.url}: the observations of a run are missing (`store verify`)"
                    )
                yield kept

    def _all(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Own sources by (id, document)."""
        index = self._layout.sources
        if self._client.maybe("POST", f"/{segment(index)}/_refresh") is None:
            return
        mine = {"term": {"sensor": self._sensor}}
        for hit in Search(self._client).pages(index, mine, BY_PLACE):
            yield hit.id, document(hit.source)

    def _id(self, sha256: str, site: str) -> str:
        return hashlib.sha256(f"{self._sensor}/{sha256}/{site}".encode()).hexdigest()


def _content(source: Doc) -> str:
    """What a source is known by: its content, its name where it has no end."""
    return str(source.get("sha256") or source["name"])


def _blob(run: int) -> str:
    return f"run {run}"
