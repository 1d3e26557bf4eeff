"""How often each value of a field is there: counted by the server where it can judge, read where it
cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sentinel.query import Node, fold, leaves, matches
from sentinel.store.elastic.client import Client
from sentinel.store.elastic.compile import NONE, Query, Types, both, compile, without
from sentinel.store.elastic.search import Search, document

SHARD_SIZE = 10_000
"""Values each shard gives at most before they are added up."""
PAGE = 5000


def histogram(
    client: Client, index: str, types: Types, field: str, node: Node | None, most: int
) -> list[tuple[str, int]]:
    """Values (text in lower case), the most frequent first, then by value; at most `most`."""
    bounds = compile(node, types)
    ignored: Query = {"term": {"_ignored": field}}
    sure = NONE if bounds.lower == NONE else without(bounds.lower, ignored)
    doubtful = both(bounds.upper, {"bool": {"must_not": [sure]}}) if sure != NONE else bounds.upper
    read = list(_read(Search(client), index, doubtful, field, node))
    counted: Counter[Any] = Counter()
    for values in read:
        counted.update(values)
    if sure != NONE:
        top = None if counted else _top(client, index, sure, field, most)
        for value, count in top if top is not None else _all(client, index, sure, field):
            counted[value] += count
    order = sorted(counted.items(), key=lambda item: (-item[1], _rank(item[0])))
    return [(_shown(value), count) for value, count in order[:most]]


def _read(search: Search, index: str, query: Query, field: str, node: Node | None) -> Iterator[set[Any]]:
    sort = [{"@timestamp": {"order": "asc", "unmapped_type": "date_nanos"}},
            {"event.id": {"order": "asc", "unmapped_type": "keyword"}}]  # fmt: skip
    for hit in search.pages(index, query, sort):
        found = document(hit.source)
        if node is None or matches(node, found):
            yield {fold(leaf) if isinstance(leaf, str) else leaf for leaf in leaves(found, field)}


def _top(client: Client, index: str, query: Query, field: str, most: int) -> list[tuple[Any, int]] | None:
    """The most frequent values; None if the shards have too many to be sure."""
    terms = {"field": field, "size": most, "shard_size": max(SHARD_SIZE, most),
             "order": [{"_count": "desc"}, {"_key": "asc"}]}  # fmt: skip
    body = {"size": 0, "query": query, "track_total_hits": False, "aggs": {"values": {"terms": terms}}}
    found = client.json("POST", f"/{index}/_search?ignore_unavailable=true", body)
    if "aggregations" not in found:
        return []
    values = found["aggregations"]["values"]
    if values.get("doc_count_error_upper_bound", 0):
        return None
    return [(_key(bucket), bucket["doc_count"]) for bucket in values["buckets"]]


def _all(client: Client, index: str, query: Query, field: str) -> Iterator[tuple[Any, int]]:
    composite: dict[str, Any] = {"size": PAGE, "sources": [{"value": {"terms": {"field": field}}}]}
    body = {
        "size": 0,
        "query": query,
        "track_total_hits": False,
        "aggs": {"values": {"composite": composite}},
    }
    while True:
        found = client.json("POST", f"/{index}/_search?ignore_unavailable=true", body)
        values = found.get("aggregations", {}).get("values", {})
        for bucket in values.get("buckets", ()):
            yield _key({**bucket, "key": bucket["key"]["value"]}), bucket["doc_count"]
        if "after_key" not in values:
            return
        composite["after"] = values["after_key"]


def _key(bucket: dict[str, Any]) -> Any:
    key = bucket.get("key")
    text = bucket.get("key_as_string")
    if text in ("true", "false"):
        return text == "true"
    if text is not None and isinstance(key, int | float):
        return text
    return int(key) if isinstance(key, float) and key.is_integer() else key


def _rank(value: Any) -> tuple[int, Any]:
    return (1, value) if isinstance(value, str) else (0, value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
