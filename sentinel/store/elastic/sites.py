"""What several sensors have of a site together: their observations and ledgers, and whose assets are shown.

Each sensor keeps assets of its own. Where a centre works out the assets of a site from the observations of
all its sensors, readers are shown those of the centre in the place of the sensors'. Which sites these are
is said in the document that every reader looks at when it opens the store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sentinel.model.store import Doc
from sentinel.store.elastic import faults
from sentinel.store.elastic.arrivals import DEFAULT, SITE
from sentinel.store.elastic.blobs import Blobs
from sentinel.store.elastic.client import Client, segment
from sentinel.store.elastic.compile import ALL, Query
from sentinel.store.elastic.fenced import writer_of
from sentinel.store.elastic.layout import Layout
from sentinel.store.elastic.mappings import KEPT
from sentinel.store.elastic.runs import BY_PLACE, LEDGER
from sentinel.store.elastic.search import Search, document

TRIES = 8


def shown(centre: Iterable[str]) -> Query:
    """Query for the assets that are shown: of a centre's sites only those of the centre."""
    hidden = [
        {"bool": {
            "filter": [{"term": {"site": site}}],
            "must_not": [{"term": {f"{KEPT}.sensor": writer_of(site)}}],
        }}
        for site in sorted(centre)
    ]  # fmt: skip
    return {"bool": {"must_not": hidden}} if hidden else ALL


def is_shown(asset: Doc, kept: Mapping[str, Any] | None, centre: frozenset[str]) -> bool:
    """Whether an asset is one that `shown` finds."""
    site = asset.get("site")
    return site not in centre or (kept or {}).get("sensor") == writer_of(str(site))


def announce(client: Client, layout: Layout, site: str) -> None:
    """Have readers be shown the centre's assets of a site."""
    target = f"/{segment(layout.state)}/_doc/layout"
    for _ in range(TRIES):
        found = client.json("GET", target)
        source: dict[str, Any] = found["_source"]
        there = source.get("centre", [])
        if site in there:
            return
        how = f"if_seq_no={found['_seq_no']}&if_primary_term={found['_primary_term']}"
        try:
            client.json("PUT", f"{target}?{how}", {**source, "centre": sorted({*there, site})})
        except faults.AnswerError as error:
            if error.status != 409:
                raise


class Sites:
    """The sites of a store and what its sensors observed there."""

    def __init__(self, client: Client, layout: Layout) -> None:
        self._client, self._layout = client, layout
        self._search = Search(client)

    def known(self) -> list[str]:
        """Sites that sensors or alerts name."""
        found = {site for *_, site in self._sources()}
        if not found and self._has_alerts_without_site():
            found = {DEFAULT}
        return sorted(found)

    def _has_alerts_without_site(self) -> bool:
        query: Query = {"bool": {"must_not": [{"exists": {"field": SITE}}]}}
        pattern = f"{self._layout.alerts}-*"
        self._client.maybe("POST", f"/{pattern}/_refresh")
        return self._search.count(pattern, query) > 0

    def _sources(self) -> Iterator[tuple[str, str, int | None, str]]:
        """(sensor, sha256, run, site) of each source."""
        index = self._layout.sources
        if self._client.maybe("POST", f"/{segment(index)}/_refresh") is None:
            return
        wanted = ["sensor", "sha256", "run", "site"]
        for hit in self._search.pages(index, ALL, BY_PLACE, source=wanted):
            found = document(hit.source)
            yield found["sensor"], found["sha256"], found.get("run"), found.get("site") or DEFAULT

    def observed(self, site: str) -> dict[tuple[str, str], str]:
        """(sensor, name) of what holds observations and ledgers of a site, in an order that does not depend
        on who wrote first; with what tells each from what was under its name before."""
        places: dict[tuple[str, str], str] = {}
        sensors: dict[str, None] = {}
        for sensor, sha256, run, of in self._sources():
            if of == site and run is not None:
                name = (sensor, f"run {run}")
                places[name] = min(places.get(name, sha256), sha256)
                sensors[sensor] = None
        self._client.maybe("POST", f"/{segment(self._layout.state)}/_refresh")
        query: Query = {"bool": {"filter": [{"term": {"kind": "blob"}}], "should": [
            {"prefix": {"name": "run "}}, {"term": {"name": LEDGER}},
        ], "minimum_should_match": 1}}  # fmt: skip
        sort = [{"name": {"order": "asc"}}, {"sensor": {"order": "asc"}}]
        marks: dict[tuple[str, str], str] = {}
        for hit in self._search.pages(
            segment(self._layout.state), query, sort, source=["sensor", "name", "blob"]
        ):
            found = document(hit.source)
            marks[found["sensor"], found["name"]] = found["blob"]
        wanted = [
            *((sensor, LEDGER) for sensor in sorted(sensors)),
            *sorted(places, key=lambda name: (places[name], name)),
        ]
        return {name: marks[name] for name in wanted if name in marks}

    def get(self, sensor: str, name: str) -> bytes | None:
        """What a sensor keeps under a name."""
        return Blobs(self._client, self._layout, sensor).get(name)


def digest(observed: Mapping[tuple[str, str], str]) -> str:
    """What tells one answer of `observed` from another."""
    return hashlib.sha256(repr(list(observed.items())).encode()).hexdigest()
