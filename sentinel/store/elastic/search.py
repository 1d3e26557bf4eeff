"""Reading: page by page by sort values, each document decided by the evaluator.

Pages go on behind the last sort values, which name one document. Events and alerts are never changed in
place, so their pages need no snapshot; records are read within a point in time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from sentinel.model.store import Doc, Mark
from sentinel.query import Node, matches
from sentinel.store.elastic import faults
from sentinel.store.elastic.client import Client
from sentinel.store.elastic.compile import ALL, NONE, Query, Types, both, compile
from sentinel.store.elastic.layout import TIME
from sentinel.store.elastic.mappings import TIME_FORMAT

FIRST_PAGE = 128
"""Documents of the first page: what a person looks at comes at once."""
LARGEST_PAGE = 5000
"""Documents of a page, doubled twice from page to page up to this."""
KEEP_ALIVE = "2m"
TOO_MUCH = ("too_complex_to_determinize_exception", "too_many_nested_clauses", "too_many_clauses")
"""What a server says of a query that is more than it evaluates: then documents are read and decided here."""

_EARLIEST = "0000-01-01T00:00:00.000000Z"


class _Hit(msgspec.Struct, gc=False):
    index: str = msgspec.field(name="_index")
    id: str = msgspec.field(name="_id")
    source: msgspec.Raw = msgspec.field(name="_source", default=msgspec.Raw(b"{}"))
    sort: list[Any] = []


class _Hits(msgspec.Struct):
    hits: list[_Hit] = []


class _Found(msgspec.Struct):
    hits: _Hits = msgspec.field(default_factory=_Hits)
    timed_out: bool = False
    shards: dict[str, Any] = msgspec.field(name="_shards", default_factory=dict)


_found = msgspec.json.Decoder(_Found).decode


def document(raw: bytes | msgspec.Raw) -> Doc:
    """A document, as `json` reads it."""
    try:
        value: Doc = msgspec.json.decode(raw)
    except (msgspec.DecodeError, msgspec.ValidationError):
        value = json.loads(bytes(raw))
    return value


def _by_time(order: str) -> list[Any]:
    return [
        {"@timestamp": {"order": order, "format": TIME_FORMAT, "unmapped_type": "date_nanos"}},
        {"event.id": {"order": order, "unmapped_type": "keyword"}},
    ]


class Search:
    """Searches of a client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def timed(
        self, index: str, types: Types, node: Node | None, after: Mark | None, *, newest: bool
    ) -> Iterator[Doc]:
        """Events or alerts that fit, by time and id."""
        for raw in self.timed_raw(index, types, node, after, newest=newest):
            found = document(raw)
            mark = (found["@timestamp"], found["event.id"])
            if after is not None and (mark >= after if newest else mark <= after):
                continue
            if node is None or matches(node, found):
                yield found

    def timed_raw(
        self, index: str, types: Types, node: Node | None, after: Mark | None, *, newest: bool = False
    ) -> Iterator[msgspec.Raw]:
        """Documents that may fit, likewise."""
        sort = _by_time("desc" if newest else "asc")
        query = both(compile(node, types).upper, _behind(after, newest=newest))
        # a mark of its own decides in `timed`: here it only bounds what is read
        for hit in self.pages(index, query, sort):
            yield hit.source

    def fitting(self, index: str, types: Types, query: Query, node: Node | None) -> Iterator[Doc]:
        """Events that fit a query of the server's own and a node, by time and id."""
        for hit in self.pages(index, both(compile(node, types).upper, query), _by_time("asc")):
            found = document(hit.source)
            if node is None or matches(node, found):
                yield found

    def records(
        self,
        index: str,
        types: Types,
        node: Node | None,
        sort: Sequence[Any],
        most: int | None = None,
        *,
        within: Query = ALL,
    ) -> Iterator[Doc]:
        """Records that fit, in an order that names one document; only those that `within` finds."""
        query = both(compile(node, types).upper, within)
        with self.snapshot(index) as pit:
            for hit in self.pages(index, query, sort, pit=pit, first=most):
                found = document(hit.source)
                if node is None or matches(node, found):
                    yield found

    def pages(
        self, index: str, query: Query, sort: Sequence[Any], *, pit: str | None = None,
        first: int | None = None, source: Any = True,
    ) -> Iterator[_Hit]:  # fmt: skip
        """All hits of a query, page by page."""
        size = min(max(first or FIRST_PAGE, 1), LARGEST_PAGE)
        body: dict[str, Any] = {
            "query": query,
            "sort": list(sort),
            "track_total_hits": False,
            "_source": source,
        }
        target = f"/{index}/_search?ignore_unavailable=true"
        if pit is not None:
            body["pit"] = {"id": pit, "keep_alive": KEEP_ALIVE}
            target = "/_search?allow_partial_search_results=false"
        else:
            target += "&allow_partial_search_results=false"
        while True:
            body["size"] = size
            try:
                found = _found(self._client.raw("POST", target, msgspec.json.encode(body)))
            except faults.AnswerError as error:
                if body["query"] == ALL or not any(word in error.kind + error.reason for word in TOO_MUCH):
                    raise
                body["query"] = ALL
                continue
            yield from found.hits.hits
            if len(found.hits.hits) < size:
                return
            body["search_after"] = found.hits.hits[-1].sort
            size = min(size * 4, LARGEST_PAGE)

    @contextmanager
    def snapshot(self, index: str) -> Iterator[str | None]:
        """A point in time of an index; None if it is not there."""
        opened = self._client.maybe("POST", f"/{index}/_pit?keep_alive={KEEP_ALIVE}")
        if opened is None:
            yield None
            return
        try:
            yield opened["id"]
        finally:
            try:
                self._client.maybe("DELETE", "/_pit", {"id": opened["id"]})
            except faults.AnswerError:
                pass

    def count(self, index: str, query: Query) -> int:
        """How many documents a query finds."""
        found = self._client.maybe("POST", f"/{index}/_count?ignore_unavailable=true", {"query": query})
        return int(found["count"]) if found else 0


def _behind(after: Mark | None, *, newest: bool) -> Query:
    """What may be behind a mark, which need not be that of a document."""
    if after is None:
        return ALL
    time, id = after
    if TIME.fullmatch(time) is None:
        full = (time + _EARLIEST[len(time) :])[: len(_EARLIEST)]
        if TIME.fullmatch(full) is None or not full.startswith(time):
            return ALL
        return {"range": {"@timestamp": {"lte" if newest else "gte": full}}}
    if not 1970 <= int(time[:4]) <= 2261:
        return ALL
    op, same = ("lt", "lt") if newest else ("gt", "gt")
    return {
        "bool": {
            "should": [
                {"range": {"@timestamp": {op: time}}},
                {"bool": {"filter": [{"term": {"@timestamp": time}}, {"range": {"event.id": {same: id}}}]}},
            ]
        }
    }


__all__ = ["NONE", "Search", "document"]
