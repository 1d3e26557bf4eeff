"""Whether a store in Elasticsearch is sound: templates, indices, shards, and that every document is where
its own time and id say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sentinel.config.sections import ElasticSettings
from sentinel.store.elastic import templates
from sentinel.store.elastic.client import Client, segment
from sentinel.store.elastic.layout import Layout
from sentinel.store.elastic.search import Search, document

MOST = 100
"""Faults named of one kind."""


def verify(
    client: Client, layout: Layout, settings: ElasticSettings, refresh: Callable[[], None]
) -> list[str]:
    """What is wrong, one line each. Documents are looked at behind a `refresh`, if every shard is there."""
    wrong = [*_templates(client, layout, settings), *_shards(client, layout)]
    if not any(": red: " in line for line in wrong):
        refresh()
        wrong += [*_fields(client, layout, settings), *_places(client, layout), *_runs(client, layout)]
    return wrong


def _templates(client: Client, layout: Layout, settings: ElasticSettings) -> Iterator[str]:
    for name in templates.wanted(layout, settings):
        found = client.maybe("GET", f"/_index_template/{segment(name)}")
        if not found or not found.get("index_templates"):
            yield f"index template {name}: missing; the next writer puts it there"
        elif "sentinel" not in (found["index_templates"][0]["index_template"].get("_meta") or {}):
            yield f"index template {name}: not sentinel's"


def _shards(client: Client, layout: Layout) -> Iterator[str]:
    found = client.json(
        "GET", f"/_cluster/health/{layout.prefix}-*?level=indices&filter_path=indices.*.status"
    )
    for index, health in sorted((found.get("indices") or {}).items()):
        if health["status"] == "red":
            yield f"{index}: red: a shard of it is missing"
    there = client.maybe("GET", f"/{layout.prefix}-*/_alias") or {}
    if layout.state not in there:
        yield f"{layout.state}: missing"
    for index, one in sorted(there.items()):
        for alias in (layout.events, layout.alerts):
            if index.startswith(f"{alias}-") and alias not in one["aliases"]:
                yield f"{index}: is not in the alias {alias}"


def _fields(client: Client, layout: Layout, settings: ElasticSettings) -> Iterator[str]:
    """Fields that an index was made with otherwise than they are now."""
    made = templates.wanted(layout, settings)
    for alias in (layout.events, layout.alerts):
        wanted = made[alias]["template"]["mappings"]["properties"]
        found = client.maybe("GET", f"/{alias}-*/_mapping") or {}
        for index, one in sorted(found.items()):
            there = one["mappings"].get("properties", {})
            other = sorted(n for n, how in wanted.items() if there.get(n, {}).get("type") != how["type"])
            if other:
                yield f"{index}: {len(other)} fields have another type or none: {', '.join(other[:3])}"


def _places(client: Client, layout: Layout) -> Iterator[str]:
    """Documents that another id or another index should have: by a look at each id and time."""
    search = Search(client)
    sort: list[Any] = [{"@timestamp": {"order": "asc"}}, {"event.id": {"order": "asc"}}]
    for alias, place in ((layout.events, layout.event_index), (layout.alerts, layout.alert_index)):
        count = 0
        for hit in search.pages(f"{alias}-*", {"match_all": {}}, sort, source=["@timestamp", "event.id"]):
            found = document(hit.source)
            if found.get("event.id") != hit.id or place(str(found.get("@timestamp"))) != hit.index:
                count += 1
                if count <= MOST:
                    yield f"{hit.index}: {hit.id}: is not where its time and id belong"
        if count > MOST:
            yield f"{alias}: {count - MOST:,} more documents are not where they belong"


def _runs(client: Client, layout: Layout) -> Iterator[str]:
    search = Search(client)
    sort = [{"sha256": {"order": "asc"}}, {"site": {"order": "asc"}}, {"sensor": {"order": "asc"}}]
    known: set[tuple[str, str]] = set()
    for hit in search.pages(layout.sources, {"match_all": {}}, sort, source=["sensor", "run"]):
        found = document(hit.source)
        known.add((found["sensor"], f"run {found['run']}"))
    blobs: set[tuple[str, str]] = set()
    by_name = [{"name": {"order": "asc"}}, {"sensor": {"order": "asc"}}]
    query = {"bool": {"filter": [{"term": {"kind": "blob"}}, {"prefix": {"name": "run "}}]}}
    for hit in search.pages(layout.state, query, by_name, source=["sensor", "name"]):
        found = document(hit.source)
        blobs.add((found["sensor"], found["name"]))
    for sensor, name in sorted(known - blobs):
        yield f"{layout.sources}: {name} of {sensor} is without its observations"
    for sensor, name in sorted(blobs - known):
        yield f"{layout.state}: {name} of {sensor} is without a source"
