"""Alerts in the order sensors gave them to the server, each round of them by event time.

Every write to a shard has a number (`_seq_no`). All up to a shard's global checkpoint are done on every
copy, so that what lies between two checkpoints is complete once the shard is refreshed: nothing can come
in between later. A round is all that lies between the checkpoints of the round before and those of now,
over all indices of alerts; it is read page by page by (time, id). A person's word on an alert gives it a
new number: those are told by their version, and by a bounded memory of what was read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from sentinel.store.elastic.client import Client, segment
from sentinel.store.elastic.layout import Layout
from sentinel.store.elastic.mappings import TIME_FORMAT

SITE = "sentinel.site"
DEFAULT = "default"
"""Site of an alert that names none."""
PAGE = 1000
REMEMBERED = 50_000
"""Alerts of a generation; two generations are remembered."""


class _Hit(msgspec.Struct, gc=False):
    source: msgspec.Raw = msgspec.field(name="_source")
    version: int = msgspec.field(name="_version", default=1)
    sort: tuple[str, str] = ("", "")


class _Hits(msgspec.Struct):
    hits: list[_Hit] = []


class _Found(msgspec.Struct):
    hits: _Hits = msgspec.field(default_factory=_Hits)


_found = msgspec.json.Decoder(_Found).decode


class Round(msgspec.Struct):
    """What is being read: up to which number of each shard, and from behind which alert on."""

    bounds: dict[str, tuple[str, int, int]]
    """(index, shard, number) by the shard's name."""
    mark: tuple[str, str] | None = None


class Place(msgspec.Struct):
    """How far alerts were read; kept with the chains."""

    cursors: dict[str, int] = {}
    """Number read up to, by shard: `uuid of the index/shard`."""
    round: Round | None = None
    seen: list[bytes] = msgspec.field(default_factory=lambda: [b"", b""])
    """Digests (8 octets each) of alerts read, two generations."""
    newest: list[str] = msgspec.field(default_factory=lambda: ["", ""])
    """Newest time of each generation."""
    forgotten: str = ""
    """Newest time of alerts that are no longer remembered."""


class Arrivals:
    """Alerts of a site as they arrive."""

    def __init__(self, client: Client, layout: Layout, site: str, place: Place | None = None) -> None:
        self._client, self._layout, self._site = client, layout, site
        self.place = place or Place()
        self._seen = [set(_digests(some)) for some in self.place.seen]
        self.time = ""
        """Time of the newest alert of the last page."""
        self.again = 0
        """Alerts that were given again since somebody had seen to them: passed over."""

    def page(self) -> list[bytes] | None:
        """The next alerts; None if there are no new ones. What `place` is then counts them as read."""
        place = self.place
        if place.round is None:
            place.round = self._begin()
            if place.round is None:
                return None
        hits, more = self._read(place.round)
        out = [bytes(hit.source) for hit in hits if self._is_new(hit)]
        self.time = hits[-1].sort[0] if hits else ""
        if more:
            place.round.mark = hits[-1].sort
        else:
            for name, (_, _, number) in place.round.bounds.items():
                place.cursors[name] = number
            place.round = None
        return out

    def kept(self) -> Place:
        """The place, with what is remembered, to be kept."""
        self.place.seen = [b"".join(sorted(some)) for some in self._seen]
        return self.place

    def _begin(self) -> Round | None:
        pattern = f"{self._layout.alerts}-*"
        path = "filter_path=indices.*.uuid,indices.*.shards.*.routing,indices.*.shards.*.seq_no"
        found = self._client.maybe("GET", f"/{pattern}/_stats/docs?level=shards&{path}") or {}
        bounds: dict[str, tuple[str, int, int]] = {}
        there: set[str] = set()
        for index, one in (found.get("indices") or {}).items():
            for shard, copies in one["shards"].items():
                for copy in copies:
                    if not copy["routing"].get("primary"):
                        continue
                    name = f"{one['uuid']}/{shard}"
                    there.add(name)
                    number = int(copy["seq_no"]["global_checkpoint"])
                    if number > self.place.cursors.get(name, -1):
                        bounds[name] = (index, int(shard), number)
        if found.get("indices"):
            self.place.cursors = {n: at for n, at in self.place.cursors.items() if n in there}
        if not bounds:
            return None
        # what is up to the checkpoint is done; a refresh makes it visible
        indices = sorted({index for index, _, _ in bounds.values()})
        for some in _parts(indices, 40):
            self._client.raw("POST", f"/{','.join(map(segment, some))}/_refresh?ignore_unavailable=true")
        return Round(bounds)

    def _read(self, now: Round) -> tuple[list[_Hit], bool]:
        """A page over all shards, and whether there is more."""
        shards = sorted({shard for _, shard, _ in now.bounds.values()})
        hits: list[_Hit] = []
        more = False
        for shard in shards:
            got = self._search(now, shard, alone=len(shards) == 1)
            more = more or len(got) == PAGE
            hits += got
        hits.sort(key=lambda hit: hit.sort)
        return hits[:PAGE], more or len(hits) > PAGE

    def _search(self, now: Round, shard: int, *, alone: bool) -> list[_Hit]:
        ranges = [
            {"bool": {"filter": [
                {"term": {"_index": index}},
                {"range": {"_seq_no": {"gt": self.place.cursors.get(name, -1), "lte": number}}},
            ]}}
            for name, (index, at, number) in now.bounds.items()
            if at == shard
        ]  # fmt: skip
        body: dict[str, Any] = {
            "query": {"bool": {"filter": [{"bool": {"should": ranges}}, of_site(self._site)]}},
            "sort": [
                {"@timestamp": {"order": "asc", "format": TIME_FORMAT, "unmapped_type": "date_nanos"}},
                {"event.id": {"order": "asc", "unmapped_type": "keyword"}},
            ],
            "size": PAGE,
            "version": True,
            "track_total_hits": False,
        }
        if now.mark is not None:
            body["search_after"] = list(now.mark)
        indices = sorted({index for index, at, _ in now.bounds.values() if at == shard})
        how = "ignore_unavailable=true&allow_partial_search_results=false"
        if not alone:
            how += f"&preference=_shards:{shard}"
        target = f"/{','.join(map(segment, indices))}" if len(indices) <= 40 else f"/{self._layout.alerts}-*"
        return _found(
            self._client.raw("POST", f"{target}/_search?{how}", msgspec.json.encode(body))
        ).hits.hits

    def _is_new(self, hit: _Hit) -> bool:
        time, id = hit.sort
        digest = hashlib.blake2b(id.encode(), digest_size=8).digest()
        if hit.version > 1 and (any(digest in some for some in self._seen) or time <= self.place.forgotten):
            self.again += 1
            return False
        newest = self.place.newest
        self._seen[0].add(digest)
        newest[0] = max(newest[0], time)
        if len(self._seen[0]) >= REMEMBERED:
            self.place.forgotten = max(self.place.forgotten, newest[1])
            self._seen = [set(), self._seen[0]]
            self.place.newest = ["", newest[0]]
        return True


def of_site(site: str) -> dict[str, Any]:
    """Query for the alerts of a site."""
    named: dict[str, Any] = {"term": {SITE: site}}
    if site != DEFAULT:
        return named
    return {"bool": {"should": [named, {"bool": {"must_not": [{"exists": {"field": SITE}}]}}]}}


def _digests(packed: bytes) -> Iterator[bytes]:
    return (packed[at : at + 8] for at in range(0, len(packed), 8))


def _parts(some: list[str], most: int) -> Iterator[list[str]]:
    return (some[at : at + most] for at in range(0, len(some), most))
