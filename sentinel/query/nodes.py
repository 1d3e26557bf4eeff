"""The tree of a query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Scalar: TypeAlias = str | int | float | bool
"""A value as the query spells it. In text `*` and `?` are wildcards unless a backslash stands before
them; `sentinel.query.operand` says what a value means."""

Op: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Compare:
    """Any value of the field compares so. `!=` is the exact opposite of `=`: it holds for a document
    without the field."""

    field: str
    op: Op
    value: Scalar


@dataclass(frozen=True, slots=True)
class In:
    """Any value of the field equals any of these, wildcards and networks included."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """The field, or anything below it, has a value."""

    field: str


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    item: Node


Node: TypeAlias = Compare | In | Exists | And | Or | Not


def fields_of(node: Node) -> Iterator[str]:
    """Every field a query names, in order, repeated where it is."""
    match node:
        case And(items) | Or(items):
            for item in items:
                yield from fields_of(item)
        case Not(item):
            yield from fields_of(item)
        case _:
            yield node.field
