"""Queries in Elasticsearch's words.

A comparison is compiled to two queries: `upper`, which every document that fits it meets, and `lower`,
which only documents that fit it meet. Often they are the same. NOT turns them around, so that no document
is ever lost by a negation of something that is not known exactly. `sentinel.query.matches` has the last
word on what `upper` finds; `lower` is for counting without reading.

What the server could not index of a document (`_ignored`: too long, of a wrong type) it cannot judge: a
document in which a field of the query is ignored meets `upper` and not `lower`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sentinel.query import And, Compare, Exists, In, Node, Not, Or, fields_of
from sentinel.store.elastic import terms

Query: TypeAlias = dict[str, Any]
Types: TypeAlias = Callable[[str], str | None]
"""Gives the type of a field; None for one that is not indexed at all."""

OTHER = "other"
"""Type of a field that has no line in the table: text, if there is such a field."""
ALL: Query = {"match_all": {}}
NONE: Query = {"match_none": {}}
MAX_PARTS = 300
"""Comparisons of a query that is compiled; of a longer one the evaluator decides alone."""
MAX_DEPTH = 12
"""Levels of a query that are compiled (servers refuse 30 and more of `bool` in each other)."""
META = frozenset(
    "_id _index _source _ignored _routing _field_names _seq_no _version _primary_term _tier _doc_count "
    "_nested_path _feature _data_stream_timestamp _type _ignored_source _size".split()
)
"""Names no field of a document can have: the server refuses such a document."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a query is between."""

    upper: Query
    lower: Query

    @property
    def exact(self) -> bool:
        """True if the server alone decides."""
        return self.upper == self.lower


def compile(node: Node | None, types: Types) -> Bounds:
    """The bounds of a query. None is the query that everything fits."""
    if node is None:
        return Bounds(ALL, ALL)
    names = sorted(set(fields_of(node)))
    if sum(1 for _ in fields_of(node)) > MAX_PARTS:
        return Bounds(ALL, NONE)
    core = _node(node, types, 0)
    ignored: list[Query] = [{"terms": {"_ignored": names}}]
    upper = _any([core.upper, *ignored]) if core.upper != ALL else ALL
    if core.lower == NONE:
        return Bounds(upper, NONE)
    return Bounds(upper, {"bool": {"filter": [core.lower], "must_not": ignored}})


def by_table(table: Mapping[str, str], otherwise: str | None) -> Types:
    """Types by a table; fields that are not in it have the type `otherwise`."""
    return lambda name: table.get(name, otherwise)


def both(*queries: Query) -> Query:
    """What meets all of these."""
    return _all(list(queries))


def without(query: Query, other: Query) -> Query:
    """What meets one query and not another."""
    return (
        NONE
        if other == ALL
        else query
        if other == NONE
        else {"bool": {"filter": [query], "must_not": [other]}}
    )


def _node(node: Node, types: Types, depth: int) -> Bounds:
    if depth > MAX_DEPTH:
        return Bounds(ALL, NONE)
    match node:
        case And(items):
            each = [_node(item, types, depth + 1) for item in items]
            return Bounds(_all([b.upper for b in each]), _all([b.lower for b in each]))
        case Or(items):
            each = [_node(item, types, depth + 1) for item in items]
            return Bounds(_any([b.upper for b in each]), _any([b.lower for b in each]))
        case Not(item):
            inner = _node(item, types, depth + 1)
            return Bounds(_not(inner.lower), _not(inner.upper))
        case Compare(field, "!=", value):
            return _node(Not(Compare(field, "=", value)), types, depth)
    type_ = types(node.field)
    if node.field in META:
        return Bounds(NONE, NONE)
    if type_ is None:
        return Bounds(ALL, NONE)
    kind = "keyword" if type_ == OTHER else type_
    match node:
        case Exists(field):
            there: Query = {"exists": {"field": field}}
            # of a name that has no field, the server looks for fields below it
            return Bounds(there, there if type_ != OTHER else NONE)
        case In(field, values):
            each = [Bounds(*terms.equal(field, kind, value)) for value in values]
            return Bounds(_any([b.upper for b in each]), _any([b.lower for b in each]))
        case Compare(field, "=", value):
            return Bounds(*terms.equal(field, kind, value))
        case Compare(field, op, value):
            return Bounds(*terms.ordered(field, kind, op, value))
    raise AssertionError(node)


def _all(queries: list[Query]) -> Query:
    kept = [query for query in queries if query != ALL]
    if NONE in kept:
        return NONE
    return ALL if not kept else kept[0] if len(kept) == 1 else {"bool": {"filter": kept}}


def _any(queries: list[Query]) -> Query:
    kept = _joined([query for query in queries if query != NONE])
    if ALL in kept:
        return ALL
    return NONE if not kept else kept[0] if len(kept) == 1 else {"bool": {"should": kept}}


def _joined(queries: list[Query]) -> list[Query]:
    """Several terms of one field as one query."""
    wanted: dict[str, list[Any]] = {}
    rest = []
    for query in queries:
        if "term" in query:
            ((field, value),) = query["term"].items()
            wanted.setdefault(field, []).append(value)
        else:
            rest.append(query)
    for field, values in wanted.items():
        rest.append({"term": {field: values[0]}} if len(values) == 1 else {"terms": {field: values}})
    return rest


def _not(query: Query) -> Query:
    return NONE if query == ALL else ALL if query == NONE else {"bool": {"must_not": [query]}}
