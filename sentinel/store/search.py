"""Queries on a store: columns and terms narrow what is read, the evaluator decides.

A record's columns hold the values of some of its fields. Of a query, the parts on those fields are
known without reading the document, the others are not: SQL's three-valued logic works out what
follows, and a row is read unless the query is surely false. `sentinel.query.matches` then has the
last word, so that a stored search cannot differ from it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from sentinel.query import (
    AddressOperand,
    And,
    Compare,
    Exists,
    In,
    Node,
    Not,
    Or,
    Scalar,
    TextOperand,
    TimeOperand,
    fields_of,
    fold,
    matches,
    operand,
)

EVENT_COLUMNS = {
    "@timestamp": "time",
    "event.id": "id",
    "event.dataset": "dataset",
    "event.action": "action",
    "ot.action": "operation",
    "source.ip": "source",
    "destination.ip": "destination",
}
"""Fields of an event with a column. Events are flat: a field has one value, under its own name."""

ASSET_COLUMNS = {"id": "id", "vendor": "vendor", "type": "type", "level": "level"}

FIRST, LAST = "0000-00-00", "9999-99-99"
"""Before and behind every time."""

MAX_PARTS = 200
"""Comparisons of a query that is narrowed; a longer one (SQLite bounds depth) the evaluator decides alone."""

MAX_TERMS = 500
"""Values of a query that are looked up; more of them are decided row by row."""

_MAPPED = 0xFFFF << 32
_REMEMBERED = 65_536


@dataclass(slots=True)
class Narrowing:
    """A condition that no wanted row fails."""

    sql: str = "1"
    parts: list[Node] = field(default_factory=list)
    """Comparisons that the SQL function `part(number, value)` evaluates."""

    def install(self, db: sqlite3.Connection) -> None:
        """Give a connection the function `part`."""
        parts = [(node, node.field) for node in self.parts if isinstance(node, Compare | In | Exists)]

        @lru_cache(_REMEMBERED)
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


def outermost(node: Node | None) -> tuple[Node, ...]:
    """The whole query holds only if each of these does."""
    if node is None:
        return ()
    return node.items if isinstance(node, And) else (node,)


def terms(node: Node | None, name: str) -> set[str] | None:
    """Texts as they are compared, of which the field has one in every document that fits. None if that
    cannot be said. Addresses are canonical by contract."""
    found: set[str] | None = None
    for item in outermost(node):
        if isinstance(item, In) and item.field == name:
            values = item.values
        elif isinstance(item, Compare) and item.field == name and item.op == "=":
            values = (item.value,)
        else:
            continue
        spelled = [_spellings(value) for value in values]
        if len(spelled) <= MAX_TERMS and all(spelled):
            here = {text for texts in spelled for text in texts}
            found = here if found is None else found & here
    return found


def _spellings(value: Scalar) -> tuple[str, ...]:
    match operand(value):
        case TextOperand(folded):
            return (folded,)
        case AddressOperand(wide, folded):
            forms = {folded, fold(str(IPv6Address(wide)))}
            if wide >> 32 == _MAPPED >> 32:
                plain = str(IPv4Address(wide & 0xFFFF_FFFF))
                forms |= {plain, f"::ffff:{plain}"}
            return tuple(forms)
        case TimeOperand(text, folded):
            return (fold(text), folded)
    return ()


def times(node: Node | None) -> tuple[str, str]:
    """First and last `@timestamp` that a document that fits can have."""
    first, last = FIRST, LAST
    for item in outermost(node):
        if isinstance(item, Compare) and item.field == "@timestamp" and item.op != "!=":
            meaning = operand(item.value, wildcards=item.op == "=")
            if isinstance(meaning, TimeOperand):
                if item.op in ("=", ">", ">="):
                    first = max(first, meaning.text)
                if item.op in ("=", "<", "<="):
                    last = min(last, meaning.text)
    return first, last


def decided(node: Node | None, docs: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The documents that fit."""
    for doc in docs:
        document: dict[str, Any] = json.loads(doc)
        if node is None or matches(node, document):
            yield document
