"""Names of vendors as the field uses them: "SIEMENS AG, Automation & Drives" is Siemens."""

import re
from functools import cache

from sentinel.inventory import tables

_LEGAL = frozenset(
    """
    ag gmbh kg kgaa co ltd limited inc incorporated corp corporation llc lp plc sa sas sarl srl spa bv nv ab
    as aps oy oyj kk pte pty sdn bhd company n.v b.v e.v s.a s.r.l s.p.a a.s
    """.split()
)
_SPLIT = re.compile(r"[\s,;()_/]+")
_LONGEST = 120  # characters of a name that are looked at
_KEPT = 4096  # names remembered


@cache
def _spellings() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """Spellings by their first word, the longest first."""
    index: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for vendor, spellings in tables.rows("vendors.tsv"):
        for spelling in spellings.split("|"):
            words = tuple(_words(spelling))
            index.setdefault(words[0], []).append((words, vendor))
    for entries in index.values():
        entries.sort(key=lambda entry: (-len(entry[0]), entry))
    return index


def _words(name: str) -> list[str]:
    words = [word for word in (part.strip(".:*'\"®™") for part in _SPLIT.split(name.lower())) if word]
    return words[1:] if words[:1] == ["the"] else words


@cache
def _names() -> frozenset[str]:
    return frozenset(row[0] for row in tables.rows("vendors.tsv"))


_seen: dict[str, str] = {}


def canonical(name: str) -> str:
    """The name the field uses; a name not in the table loses only its legal form."""
    known = _seen.get(name)
    if known is None:
        known = _canonical(name[:_LONGEST])
        if len(_seen) >= _KEPT:
            _seen.clear()
        _seen[name] = known
    return known


def is_known(name: str) -> bool:
    """True if the name, however spelled, is in the table of vendors."""
    return _match(_words(name[:_LONGEST])) is not None


def _match(words: list[str]) -> str | None:
    if not words:
        return None
    for spelling, vendor in _spellings().get(words[0], ()):
        if tuple(words[: len(spelling)]) == spelling:
            return vendor
    return None


def _canonical(name: str) -> str:
    name = " ".join(name.split())
    if name in _names():
        return name
    vendor = _match(_words(name))
    if vendor is not None:
        return vendor
    parts = name.split(" ")
    while len(parts) > 1 and parts[-1].lower().strip(".,()") in _LEGAL:
        parts.pop()
    # "Co.,LTD" is written without a blank at least as often as with one.
    short = re.sub(
        r"[\s,]+(?:co\.?,?\s*(?:ltd|limited)\.?|s\.?p\.?a\.?|s\.?r\.?l\.?|pty\.?|inc\.?)$",
        "",
        " ".join(parts),
        flags=re.IGNORECASE,
    )
    return short.rstrip(" ,.&") or name
