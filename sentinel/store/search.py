"""Queries on a store: columns narrow what is read, the evaluator decides.

A record's columns hold the values of some of its fields. Of a query, the parts on those fields are
known without reading the document, the others are not: SQL's three-valued logic works out what
follows, and a row is read unless the query is surely false. `sentinel.query.matches` then has the
last word, so that a stored search cannot differ from it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sentinel.query import (
    And,
    Compare,
    Exists,
    In,
    Node,
    Not,
    Or,
    TextOperand,
    TimeOperand,
    fields_of,
    matches,
    operand,
)

EVENT_COLUMNS = {
    "@timestamp": "time",
    "event.id": "id",
    "event.dataset": "dataset",
    "event.action": "action",
    "source.ip": "source",
    "destination.ip": "destination",
}
"""Fields of an event with a column. Events are flat: a field has one value, under its own name."""

ASSET_COLUMNS = {"id": "id", "vendor": "vendor", "type": "type", "level": "level"}

MAX_PARTS = 200
"""Comparisons of a query that is narrowed; a longer one (SQLite bounds depth) the evaluator decides alone."""


@dataclass(slots=True)
class Narrowing:
    """A condition that no wanted row fails."""

    sql: str = "1"
    values: list[Any] = field(default_factory=list)
    parts: list[Node] = field(default_factory=list)
    """Comparisons that the SQL function `part(number, value)` evaluates."""

    def install(self, db: sqlite3.Connection) -> None:
        """Give a connection the function `part`."""
        parts = [(node, node.field) for node in self.parts if isinstance(node, Compare | In | Exists)]

        def part(number: int, value: Any) -> bool:
            node, name = parts[number]
            return matches(node, {} if value is None else {name: value})

        db.create_function("part", 2, part, deterministic=True)


def narrow(node: Node | None, columns: Mapping[str, str]) -> Narrowing:
    """The condition for a query. None is the query that everything fits."""
    found = Narrowing()
    if node is None or sum(1 for _ in fields_of(node)) > MAX_PARTS:
        return found
    condition = _condition(node, columns, found.parts)
    if found.parts:
        found.sql = f"({condition}) IS NOT 0"
    # The whole query holds only if each part of its outermost AND does: these may use an index.
    for item in node.items if isinstance(node, And) else (node,):
        if isinstance(item, Compare) and (indexed := _indexed(item, columns)):
            found.sql += f" AND {indexed[0]}"
            found.values.append(indexed[1])
    return found


def _condition(node: Node, columns: Mapping[str, str], parts: list[Node]) -> str:
    match node:
        case And(items):
            return "(" + " AND ".join(_condition(item, columns, parts) for item in items) + ")"
        case Or(items):
            return "(" + " OR ".join(_condition(item, columns, parts) for item in items) + ")"
        case Not(item):
            return f"(NOT {_condition(item, columns, parts)})"
        case _ if node.field in columns:
            parts.append(node)
            return f"part({len(parts) - 1}, {columns[node.field]})"
        case _:
            return "NULL"


def _indexed(node: Compare, columns: Mapping[str, str]) -> tuple[str, str] | None:
    """A comparison as one that an index serves. Ids are lower case, times canonical (both by contract)."""
    column = columns.get(node.field)
    meaning = operand(node.value, wildcards=node.op in ("=", "!="))
    if column == "time" and isinstance(meaning, TimeOperand) and node.op != "!=":
        return f"time {node.op} ?", meaning.text
    if column == "id" and isinstance(meaning, TextOperand) and node.op == "=":
        return "id = ?", meaning.folded
    return None


def decided(node: Node | None, docs: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The documents that fit."""
    for doc in docs:
        document: dict[str, Any] = json.loads(doc)
        if node is None or matches(node, document):
            yield document


def days(node: Node | None) -> tuple[str, str]:
    """First and last day (`YYYY-MM-DD`) on which an event that fits can be."""
    first, last = "0000-00-00", "9999-99-99"
    items = node.items if isinstance(node, And) else (node,)
    for item in items:
        if isinstance(item, Compare) and item.field == "@timestamp" and item.op != "!=":
            meaning = operand(item.value, wildcards=item.op == "=")
            if isinstance(meaning, TimeOperand):
                if item.op in ("=", ">", ">="):
                    first = max(first, meaning.text[:10])
                if item.op in ("=", "<", "<="):
                    last = min(last, meaning.text[:10])
    return first, last
