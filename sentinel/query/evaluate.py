"""What a query means, over plain documents: slow, simple, and the measure of every store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import ge, gt, le, lt
from typing import Any

from sentinel.query.nodes import And, Compare, Exists, In, Node, Not, Op, Or, Scalar
from sentinel.query.operand import (
    AddressOperand,
    NetworkOperand,
    PatternOperand,
    TimeOperand,
    address_number,
    fold,
    glob,
    is_canonical_time,
    number,
    operand,
    spelling,
)

_ORDER: dict[Op, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def matches(node: Node, document: Mapping[str, Any]) -> bool:
    """True if the document fits the query."""
    match node:
        case And(items):
            return all(matches(item, document) for item in items)
        case Or(items):
            return any(matches(item, document) for item in items)
        case Not(item):
            return not matches(item, document)
        case Exists(field):
            return any(True for _ in leaves(document, field, below=True))
        case In(field, values):
            return any(_equal(leaf, value) for leaf in leaves(document, field) for value in values)
        case Compare(field, "=", value):
            return any(_equal(leaf, value) for leaf in leaves(document, field))
        case Compare(field, "!=", value):
            return not any(_equal(leaf, value) for leaf in leaves(document, field))
        case Compare(field, op, value):
            return any(_ordered(leaf, _ORDER[op], value) for leaf in leaves(document, field))


def leaves(value: Any, field: str, *, below: bool = False) -> Iterator[Scalar]:
    """Every scalar of a document under a field; lists are walked through, null is nothing.

    A field reaches its value by one key (`{"source.ip": …}`) or by several (`{"source": {"ip": …}}`).
    With `below`, scalars deeper down count too.
    """
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item, field, below=below)
    elif isinstance(value, Mapping):
        if not field:
            if below:
                for item in value.values():
                    yield from leaves(item, "", below=True)
            return
        at = 0
        while at != -1:
            at = field.find(".", at + 1)
            key, rest = (field, "") if at == -1 else (field[:at], field[at + 1 :])
            if key in value:
                yield from leaves(value[key], rest, below=below)
    elif not field and isinstance(value, str | int | float):
        yield value


def _equal(leaf: Scalar, value: Scalar) -> bool:
    if isinstance(leaf, bool):
        return fold(spelling(value)) == spelling(leaf)
    if isinstance(leaf, int | float):
        wanted = number(value)
        return wanted is not None and leaf == wanted
    meaning = operand(value)
    match meaning:
        case PatternOperand(parts):
            return glob(parts, fold(leaf))
        case AddressOperand(wide, folded):
            found = address_number(leaf)
            return found == wide if found is not None else fold(leaf) == folded
        case NetworkOperand(first, last, folded):
            found = address_number(leaf)
            return first <= found <= last if found is not None else fold(leaf) == folded
        case TimeOperand(text, folded):
            return leaf == text if is_canonical_time(leaf) else fold(leaf) == folded
        case _:
            return fold(leaf) == meaning.folded


def _ordered(leaf: Scalar, order: Callable[[Any, Any], bool], value: Scalar) -> bool:
    if isinstance(leaf, bool):
        return False
    if isinstance(leaf, int | float):
        wanted = number(value)
        return wanted is not None and order(leaf, wanted)
    meaning = operand(value, wildcards=False)
    match meaning:
        case AddressOperand(wide, folded):
            found = address_number(leaf)
            return order(found, wide) if found is not None else order(fold(leaf), folded)
        case TimeOperand(text, folded):
            return order(leaf, text) if is_canonical_time(leaf) else order(fold(leaf), folded)
        case PatternOperand():
            return False
        case _:
            return order(fold(leaf), meaning.folded)
