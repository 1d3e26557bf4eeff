"""Names as they are compared, and the names of a certificate that constraints look at.

Names are compared as RFC 5280, 7.1 has it: kinds of text alike, without regard to case and to the number
of blanks. Names of other authorities may hold any attribute, so this works on DER alone.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TypeAlias

from sentinel.ca.x509 import der

Canonical: TypeAlias = tuple[frozenset[tuple[str, str | bytes]], ...]

_TEXT = {der.UTF8: "utf-8", der.PRINTABLE: "ascii", der.IA5: "ascii", 0x14: "latin-1", 0x1E: "utf-16-be"}
EMAIL_ADDRESS = "1.2.840.113549.1.9.1"

EMAIL, DNS, DIRECTORY, URI, IP = 0x81, 0x82, 0xA4, 0x86, 0x87
"""Tags of GeneralName (4.2.1.6)."""

MOST_NAMES = 1024
"""General names of one certificate, subtrees of one constraint."""


@lru_cache(maxsize=4096)
def canonical(name: bytes) -> Canonical:
    """A form of a Name that is equal where names match. `DerError` for what is no Name."""
    outer = der.Reader(name)
    each = outer.enter()
    outer.end()
    parts = []
    while each.peek() is not None:
        relative = each.enter(der.SET)
        pairs = set()
        while relative.peek() is not None:
            pair = relative.enter()
            number, tag = pair.oid(), pair.peek()
            value = pair.read()
            pair.end()
            pairs.add((number, _folded(tag, value)))
        parts.append(frozenset(pairs))
    return tuple(parts)


def _folded(tag: int | None, value: bytes) -> str | bytes:
    if tag not in _TEXT:
        return value
    try:
        text = value.decode(_TEXT[tag])
    except UnicodeDecodeError:
        raise der.DerError(f"text of tag {tag} that is none") from None
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def same(one: bytes, other: bytes) -> bool:
    """Whether two Names match."""
    return one == other or canonical(one) == canonical(other)


def email_addresses(name: bytes) -> list[bytes]:
    """Contents of the emailAddress attributes of a Name."""
    each = der.Reader(name).enter()
    found = []
    while each.peek() is not None:
        relative = each.enter(der.SET)
        while relative.peek() is not None:
            pair = relative.enter()
            number, value = pair.oid(), pair.read()
            if number == EMAIL_ADDRESS:
                found.append(value)
    return found


def general_names(value: bytes) -> list[tuple[int, bytes]]:
    """Members of a GeneralNames: tag and contents; of a directory name the whole Name."""
    outer = der.Reader(value)
    each = outer.enter()
    outer.end()
    found = []
    while each.peek() is not None:
        found.append(general_name(each))
        if len(found) > MOST_NAMES:
            raise der.DerError(f"more than {MOST_NAMES} names")
    return found


def general_name(each: der.Reader) -> tuple[int, bytes]:
    """The next GeneralName."""
    tag = each.peek()
    contents = each.read()
    assert tag is not None
    return tag, contents
