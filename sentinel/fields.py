"""The field table: every field an event may have.

`fields.toml` holds one line for each, declared where it is produced. Mappings, columns, checks of
rules and the reference derive from it; the wire engine reads the same file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

TYPES = ("keyword", "text", "long", "double", "boolean", "ip", "date")
"""Types a field may have: those of Elasticsearch's mapping."""

_NAME = re.compile(r"@?[a-z0-9_]+([.-][a-z0-9_]+)*")
_KEYS = frozenset({"type", "help", "by", "secret"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `by` names the protocols (or parts of sentinel) that fill it; a `secret` one is masked."""

    name: str
    type: str
    help: str
    by: tuple[str, ...]
    secret: bool = False


class FieldTableError(ValueError):
    """The table itself is wrong: names the field and what is wrong with it."""


@cache
def fields() -> Mapping[str, Field]:
    """The table by name, sorted. Read once."""
    return parse(files("sentinel").joinpath("fields.toml").read_text(encoding="utf-8"))


def parse(text: str) -> Mapping[str, Field]:
    """A table from its text. Raises `FieldTableError` at the first line that breaks a rule."""
    table = tomllib.loads(text)
    return MappingProxyType({name: _field(name, table[name]) for name in sorted(table)})


def _field(name: str, entry: Any) -> Field:
    if _NAME.fullmatch(name) is None:
        raise FieldTableError(f"{name}: a name is lower case, digits and _, in parts joined by dots")
    if not isinstance(entry, dict) or not {"type", "help", "by"} <= entry.keys() <= _KEYS:
        raise FieldTableError(f"{name}: needs type, help and by, and may have secret")
    if entry["type"] not in TYPES:
        raise FieldTableError(f"{name}: type {entry['type']!r} is none of {' '.join(TYPES)}")
    if not isinstance(entry["help"], str) or not entry["help"].strip():
        raise FieldTableError(f"{name}: help is empty")
    by = entry["by"]
    if not isinstance(by, list) or not by or not all(isinstance(one, str) and one for one in by):
        raise FieldTableError(f"{name}: by is a list of at least one name")
    if not isinstance(entry.get("secret", False), bool):
        raise FieldTableError(f"{name}: secret is true or false")
    return Field(name, entry["type"], entry["help"], tuple(sorted(by)), entry.get("secret", False))
