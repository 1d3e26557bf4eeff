"""What a value of a query means: text, a pattern, an address, a network, a time.

A value is compared as what the document holds: a number against a number (a quoted one too), a
boolean against `true` or `false`, text as follows. Stores that compile queries ask here instead of
looking at the spelling themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

from sentinel.query.nodes import Scalar

_NUMBER = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]{1,300})?")
_TIME = re.compile(
    r"""(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})
        ([Tt\ ](?P<clock>([01][0-9]|2[0-3]):[0-5][0-9])
          (:(?P<second>[0-5][0-9])(\.(?P<fraction>[0-9]{1,9}))?)?
          (?P<zone>[Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?)?""",
    re.VERBOSE,
)
_CANONICAL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_MAPPED = 0xFFFF << 32


class Wildcard(Enum):
    """A part of a pattern that is no text of its own."""

    ANY = "*"
    """Any run of characters, none included."""
    ONE = "?"
    """Exactly one character."""


@dataclass(frozen=True, slots=True)
class TextOperand:
    """Text, compared after folding; order is by code point."""

    folded: str


@dataclass(frozen=True, slots=True)
class PatternOperand:
    """Folded text with wildcards: matches the whole value. For `=`, `!=` and `in` only."""

    parts: tuple[str | Wildcard, ...]


@dataclass(frozen=True, slots=True)
class AddressOperand:
    """An address: compared as a number of 128 bits with text that is an address, as text with other text."""

    number: int
    folded: str


@dataclass(frozen=True, slots=True)
class NetworkOperand:
    """A network: every address in it matches. `first` and `last` are numbers of 128 bits."""

    first: int
    last: int
    folded: str


@dataclass(frozen=True, slots=True)
class TimeOperand:
    """A moment: `text` is its canonical form (RFC 3339, UTC, microseconds), which sorts as text.

    Compared by `text` with text of that form, as folded text with other text.
    """

    text: str
    folded: str


Operand: TypeAlias = TextOperand | PatternOperand | AddressOperand | NetworkOperand | TimeOperand


def fold(text: str) -> str:
    """Text as it is compared: lower case by Unicode, as Elasticsearch's lowercase filter does."""
    return text.lower()


def spelling(value: Scalar) -> str:
    """A value as text: numbers and booleans as the query spells them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def number(value: Scalar) -> int | float | None:
    """A value as a number, None if it is none. Text counts if it is a decimal number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if _NUMBER.fullmatch(value) is None:
        return None
    try:
        return int(value)
    except ValueError:
        return float(value)


def address_number(text: str) -> int | None:
    """An address as a number of 128 bits (version 4 in its mapped form), None if it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return _wide(address) if "%" not in text else None


def canonical_time(text: str) -> str | None:
    """RFC 3339 date or time as UTC with microseconds, None if it is none. Without a zone it is UTC."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    zone = found["zone"] or "Z"
    text = f"{found['day']}T{found['clock'] or '00:00'}:{found['second'] or '00'}"
    try:
        moment = datetime.fromisoformat(text + ("+00:00" if zone in "Zz" else zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    micro = ((found["fraction"] or "") + "000000")[:6]
    return f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}.{micro}Z"


def is_canonical_time(text: str) -> bool:
    """True if text has the form in which documents hold times (the form alone is looked at)."""
    return _CANONICAL_TIME.fullmatch(text) is not None


def _wide(address: IPv4Address | IPv6Address) -> int:
    return int(address) | (_MAPPED if address.version == 4 else 0)


@lru_cache(maxsize=4096, typed=True)
def operand(value: Scalar, *, wildcards: bool = True) -> Operand:
    """What a value means when it is held against text. `wildcards=False` for `<`, `<=`, `>`, `>=`."""
    parts = _parts(spelling(value))
    literal = all(isinstance(part, str) for part in parts)
    if not literal and wildcards:
        return PatternOperand(tuple(fold(part) if isinstance(part, str) else part for part in parts))
    text = "".join(part if isinstance(part, str) else part.value for part in parts)
    folded = fold(text)
    wide = address_number(text)
    if wide is not None:
        return AddressOperand(wide, folded)
    if "/" in text and "%" not in text:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            pass
        else:
            return NetworkOperand(_wide(network[0]), _wide(network[-1]), folded)
    time = canonical_time(text)
    if time is not None:
        return TimeOperand(time, folded)
    return TextOperand(folded)


def _parts(text: str) -> list[str | Wildcard]:
    """Text and wildcards in turn. A backslash before `*`, `?` or a backslash makes it plain."""
    parts: list[str | Wildcard] = []
    plain: list[str] = []
    characters = iter(range(len(text)))
    for at in characters:
        character = text[at]
        if character == "\\" and text[at + 1 : at + 2] in ("*", "?", "\\"):
            plain.append(text[next(characters)])
        elif character in "*?":
            if plain:
                parts.append("".join(plain))
                plain.clear()
            parts.append(Wildcard(character))
        else:
            plain.append(character)
    if plain or not parts:
        parts.append("".join(plain))
    return parts


def glob(parts: tuple[str | Wildcard, ...], text: str) -> bool:
    """True if the whole folded text fits the pattern. Time is at most length of text x length of pattern."""
    pattern = [c for part in parts for c in (part if isinstance(part, str) else (part,))]
    at = in_text = 0
    star, mark = -1, 0
    while in_text < len(text):
        here = pattern[at] if at < len(pattern) else None
        if here is Wildcard.ANY:
            star, mark = at, in_text
            at += 1
        elif here is Wildcard.ONE or (here is not None and here == text[in_text]):
            at += 1
            in_text += 1
        elif star >= 0:
            mark += 1
            at, in_text = star + 1, mark
        else:
            return False
    return all(part is Wildcard.ANY for part in pattern[at:])
