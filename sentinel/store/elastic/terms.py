"""One comparison of one field in Elasticsearch's words: (upper, lower), see `compile.py`.

Reasons for a lower bound that is narrower than the upper: text of the index is in lower case by Java's
rules (which differ from Python's in U+0130 and the final sigma), numbers and booleans in a text field are
indexed as text, an address may be spelled in several ways.
"""

from __future__ import annotations

import math
import re
from typing import Any, TypeAlias

from sentinel.query import (
    AddressOperand,
    NetworkOperand,
    Op,
    PatternOperand,
    Scalar,
    TextOperand,
    TimeOperand,
    Wildcard,
    fold,
    number,
    operand,
)
from sentinel.query.operand import spelling
from sentinel.store.elastic.layout import YEARS

Query: TypeAlias = dict[str, Any]
Both: TypeAlias = tuple[Query, Query]

ALL: Query = {"match_all": {}}
NONE: Query = {"match_none": {}}
NOTHING: Both = (NONE, NONE)
LONG = 1 << 63
EXACT = 1 << 53
"""Whole numbers below it a double holds exactly."""
LIKE_NUMBER = re.compile(r"-?[0-9.]*(e[0-9.+-]*)?")
EXPONENT = r"-?[0-9.]+e[-+]?[0-9]+"
_RANGE = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_PREFIX = re.compile(r"(?:[0-9]{1,3}\.){1,3}")
_V6 = r"[0-9a-f:.]*:[0-9a-f:.]*"
"""Every spelling of an address of version 6, and more."""


def equal(field: str, type_: str, value: Scalar) -> Both:
    """`field = value`."""
    return {
        "keyword": _text_equal, "ip": _ip_equal, "long": _long_equal, "double": _double_equal,
        "boolean": _boolean_equal, "date": _date_equal,
    }[type_](field, value)  # fmt: skip


def ordered(field: str, type_: str, op: Op, value: Scalar) -> Both:
    """`field < value` and the like."""
    return {
        "keyword": _text_ordered, "ip": _ip_ordered, "long": _long_ordered, "double": _double_ordered,
        "boolean": _any_ordered, "date": _date_ordered,
    }[type_](field, op, value)  # fmt: skip


def _exists(field: str) -> Query:
    return {"exists": {"field": field}}


def _term(field: str, value: Any) -> Query:
    return {"term": {field: value}}


def _either(*queries: Query) -> Query:
    kept = [query for query in queries if query != NONE]
    return NONE if not kept else kept[0] if len(kept) == 1 else {"bool": {"should": kept}}


def _regexp(field: str, pattern: str) -> Query:
    return {"regexp": {field: {"value": pattern, "flags": "NONE"}}}


def _escaped(text: str) -> str:
    """Text for a regular expression of Lucene."""
    return re.sub(r'([.?+*|(){}\[\]"\\#@&<>~^$-])', r"\\\1", text)


# --- text --------------------------------------------------------------------------------------------


def _risky(text: str) -> bool:
    """True if Java's lower case of a text that folds to this one may be another."""
    return any(c in "ςσ\u0307" or (ord(c) >= 0x1C80 and (c.upper() != c or c.lower() != c)) for c in text)


def _loose(text: str) -> list[str | Wildcard]:
    """Folded text as a pattern that meets Java's lower case too."""
    parts: list[str | Wildcard] = []
    for c in text:
        if c == "\u0307":
            parts.append(Wildcard.ANY)
        elif _risky(c):
            parts.append(Wildcard.ONE)
        else:
            parts.append(c)
    return parts


def _wildcard(field: str, parts: tuple[str | Wildcard, ...]) -> Query:
    if all(part is Wildcard.ANY for part in parts):
        return _exists(field)
    out = []
    for part in parts:
        loose = [part] if isinstance(part, Wildcard) else _loose(part)
        out += [p.value if isinstance(p, Wildcard) else re.sub(r"([*?\\])", r"\\\1", p) for p in loose]
    return {"wildcard": {field: {"value": "".join(out)}}}


def _text_equal(field: str, value: Scalar) -> Both:
    meaning = operand(value)
    match meaning:
        case PatternOperand(parts):
            upper = _wildcard(field, parts)
            literal = "".join(part for part in parts if isinstance(part, str))
            like = not literal or LIKE_NUMBER.fullmatch(literal) or literal in "true false"
            sure = not like and not _risky(literal) and not _could_be_word(parts)
            return upper, upper if sure else NONE
        case AddressOperand(wide, folded):
            terms = {folded, _address(wide)}
            exact = _either(*(_term(field, text) for text in sorted(terms)))
            return _either(exact, _regexp(field, _V6)), exact
        case NetworkOperand(first, last, folded):
            return _either(_term(field, folded), *_network_text(field, first, last)), NONE
        case TimeOperand(text, folded):
            if folded == text.lower():
                return _term(field, folded), _term(field, folded)
            return _either(_term(field, text.lower()), _term(field, folded)), NONE
        case TextOperand(folded):
            loose = _wildcard(field, (folded,)) if _risky(folded) else _term(field, folded)
            wanted = number(value)
            sure = (not _risky(folded) and "e" not in folded[1:]) or not LIKE_NUMBER.fullmatch(folded)
            lower = _term(field, folded) if sure and not _risky(folded) else NONE
            return (loose if wanted is None else _either(loose, _numeral(field, wanted))), lower


def _could_be_word(parts: tuple[str | Wildcard, ...]) -> bool:
    """True if a pattern fits `true` or `false`, which a boolean is indexed as but a pattern does not find."""
    from sentinel.query import glob

    return glob(parts, "true") or glob(parts, "false")


def _numeral(field: str, wanted: int | float) -> Query:
    """Every way a number in JSON is spelled that equals a number."""
    if isinstance(wanted, float) and not wanted.is_integer():
        text = repr(wanted)
        return _exists(field) if "e" in text else _regexp(field, f"{_escaped(text)}0*|{EXPONENT}")
    whole = str(int(wanted))
    sign = "-?" if whole == "0" else ""
    return _regexp(field, f"{sign}{_escaped(whole)}(\\.0+)?|{EXPONENT}")


def _address(wide: int) -> str:
    from ipaddress import IPv4Address, IPv6Address

    return str(IPv4Address(wide & 0xFFFFFFFF)) if wide >> 32 == 0xFFFF else str(IPv6Address(wide))


def _network_text(field: str, first: int, last: int) -> list[Query]:
    out = [_regexp(field, _V6)]
    if first >> 32 <= 0xFFFF <= last >> 32:
        low = _address(max(first, 0xFFFF << 32)).split(".")
        high = _address(min(last, (0xFFFF << 32) | 0xFFFFFFFF)).split(".")
        same = []
        for a, b in zip(low, high, strict=True):
            if a != b:
                break
            same.append(a)
        begin = "".join(f"{octet}\\." for octet in same) if len(same) < 4 else "\\.".join(same)
        out.append(_regexp(field, begin + ("[0-9.]+" if len(same) < 4 else "")))
    return out


def _text_ordered(field: str, op: Op, value: Scalar) -> Both:
    meaning = operand(value, wildcards=False)
    if number(value) is not None or isinstance(meaning, AddressOperand | PatternOperand):
        return _exists(field), NONE
    if isinstance(meaning, TimeOperand) and meaning.folded != meaning.text.lower():
        return _exists(field), NONE
    # Java's lower case of a text may differ from Python's at an i or a sigma: the bound is taken up to there
    bound = re.split("[iσς\u0307]", meaning.folded)[0]
    whole = bound == meaning.folded and not _risky(bound)
    if not whole and any(_risky(c) for c in bound):
        return _exists(field), NONE
    if whole:
        return {"range": {field: {_RANGE[op]: bound}}}, NONE
    return {"range": {field: {"gte": bound} if op in (">", ">=") else {"lte": bound + "\U0010ffff"}}}, NONE


def _any_ordered(field: str, op: Op, value: Scalar) -> Both:
    """Of values that are not ordered as such, only those of another type in such a field may be."""
    return _exists(field), NONE


# --- addresses ---------------------------------------------------------------------------------------


def _ip_equal(field: str, value: Scalar) -> Both:
    meaning = operand(value)
    match meaning:
        case AddressOperand(wide, _):
            found = _term(field, _address(wide))
            return found, found if _is_v4(wide) else NONE
        case NetworkOperand(first, last, _):
            within: Query = {"range": {field: {"gte": _address(first), "lte": _address(last)}}}
            return within, within if _is_v4(first) and _is_v4(last) else NONE
        case PatternOperand(parts):
            return _ip_pattern(field, parts), NONE
        case TextOperand(folded) if "%" in folded:
            return _exists(field), NONE  # the server leaves out the zone
        case _:
            return NOTHING


def _is_v4(wide: int) -> bool:
    """True for version 4, whose addresses have one spelling: `fe80::1%eth0` is `fe80::1` to the server."""
    return wide >> 32 == 0xFFFF


def _ip_pattern(field: str, parts: tuple[str | Wildcard, ...]) -> Query:
    """`10.0.*` is a network; what else has wildcards is looked at one by one."""
    match parts:
        case (str() as text, Wildcard.ANY) if _PREFIX.fullmatch(text):
            octets = [int(octet) for octet in text.rstrip(".").split(".")]
            if max(octets) <= 255:
                low = ".".join(map(str, [*octets, 0, 0, 0][:4]))
                high = ".".join(map(str, [*octets, 255, 255, 255][:4]))
                return {"range": {field: {"gte": low, "lte": high}}}
    return _exists(field)


def _ip_ordered(field: str, op: Op, value: Scalar) -> Both:
    meaning = operand(value, wildcards=False)
    if isinstance(meaning, AddressOperand):
        return {"range": {field: {_RANGE[op]: _address(meaning.number)}}}, NONE
    return _exists(field), NONE


# --- numbers -----------------------------------------------------------------------------------------


def _long_equal(field: str, value: Scalar) -> Both:
    wanted = number(value)
    if wanted is None or not math.isfinite(wanted) or wanted != int(wanted) or not -LONG <= wanted < LONG:
        return NOTHING
    return _term(field, int(wanted)), _term(field, int(wanted))


def _long_ordered(field: str, op: Op, value: Scalar) -> Both:
    wanted = number(value)
    if wanted is None or math.isnan(wanted):
        return NOTHING
    below = op in ("<", "<=")
    if wanted >= LONG or wanted < -LONG:
        return (_exists(field), _exists(field)) if (wanted > 0) == below else NOTHING
    if wanted != int(wanted):  # no whole number is equal to it
        op, wanted = ("<=", math.floor(wanted)) if below else (">=", math.ceil(wanted))
    found: Query = {"range": {field: {_RANGE[op]: int(wanted)}}}
    return found, found


def _double_equal(field: str, value: Scalar) -> Both:
    wanted = number(value)
    if wanted is None:
        return NOTHING
    if abs(wanted) < EXACT:
        return _term(field, wanted), _term(field, wanted)
    return _around(field, wanted, wanted), NONE


def _double_ordered(field: str, op: Op, value: Scalar) -> Both:
    wanted = number(value)
    if wanted is None:
        return NOTHING
    if abs(wanted) < EXACT:
        found: Query = {"range": {field: {_RANGE[op]: wanted}}}
        return found, found
    return (_around(field, None, wanted) if op in ("<", "<=") else _around(field, wanted, None)), NONE


def _around(field: str, low: float | None, high: float | None) -> Query:
    """Doubles between two numbers, one step more on either side."""
    limits: dict[str, float] = {}
    try:
        if low is not None and math.isfinite(found := math.nextafter(float(low), -math.inf)):
            limits["gte"] = found
        if high is not None and math.isfinite(found := math.nextafter(float(high), math.inf)):
            limits["lte"] = found
    except OverflowError:
        return _exists(field)
    return {"range": {field: limits}} if limits else _exists(field)


def _boolean_equal(field: str, value: Scalar) -> Both:
    if isinstance(operand(value), PatternOperand):
        return _exists(field), NONE  # it may find a text `true`, never a boolean
    text = fold(spelling(value))
    return (_term(field, text), _term(field, text)) if text in ("true", "false") else NOTHING


# --- times -------------------------------------------------------------------------------------------


def _date_equal(field: str, value: Scalar) -> Both:
    meaning = operand(value)
    if isinstance(meaning, PatternOperand):
        return _exists(field), NONE
    if not isinstance(meaning, TimeOperand) or not _holds(meaning.text):
        return NOTHING
    return _term(field, meaning.text), _term(field, meaning.text)


def _date_ordered(field: str, op: Op, value: Scalar) -> Both:
    meaning = operand(value, wildcards=False)
    if not isinstance(meaning, TimeOperand):
        return _exists(field), NONE
    if not _holds(meaning.text):
        early = int(meaning.text[:4]) < YEARS[0]
        return (_exists(field), _exists(field)) if early == (op in (">", ">=")) else NOTHING
    found: Query = {"range": {field: {_RANGE[op]: meaning.text}}}
    return found, found


def _holds(time: str) -> bool:
    return YEARS[0] <= int(time[:4]) <= YEARS[1]
