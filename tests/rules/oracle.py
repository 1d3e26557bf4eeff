"""Sigma by pySigma's parsed conditions, evaluated one after another: slow, independent, plain.

A rule becomes a function from a flat event to whether it fits. Only what a parsed condition holds is
read, so that nothing is shared with the engine but the events.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.rule import SigmaRule
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SpecialChars,
)

Event = dict[str, Any]
Fits = Callable[[Event], bool]
_MISSING = object()


def fits(rule: SigmaRule) -> Fits:
    """Whether an event fits any of a rule's conditions."""
    conditions = [_condition(parsed.parse()) for parsed in rule.detection.parsed_condition]
    return lambda event: any(one(event) for one in conditions)


def _condition(node: Any) -> Fits:
    match node:
        case ConditionAND():
            parts = [_condition(a) for a in node.args]
            return lambda event: all(p(event) for p in parts)
        case ConditionOR():
            parts = [_condition(a) for a in node.args]
            return lambda event: any(p(event) for p in parts)
        case ConditionNOT():
            part = _condition(node.args[0])
            return lambda event: not part(event)
        case ConditionFieldEqualsValueExpression():
            return _field(node.field, node.value)
        case ConditionValueExpression():
            word = _text(node.value, anywhere=True)
            return lambda event: any(word(text) for text in _strings(event))
    raise AssertionError(node)


def _field(name: str, value: Any) -> Fits:
    match value:
        case SigmaExpansion():
            parts = [_field(name, one) for one in value.values]
            return lambda event: any(p(event) for p in parts)
        case SigmaExists():
            return lambda event: (name in event) is bool(value.exists)
        case SigmaNull():
            return lambda event: event.get(name) is None
        case SigmaFieldReference():
            return lambda event: (
                event.get(name) is not None
                and str(event[name]).lower() == str(event.get(value.field)).lower()
            )
    test = _value(value)

    def check(event: Event) -> bool:
        found = event.get(name, _MISSING)
        values = found if isinstance(found, list) else [found]
        return any(test(one) for one in values if one is not _MISSING and one is not None)

    return check


def _value(value: Any) -> Callable[[Any], bool]:
    match value:
        case SigmaString():
            text = _text(value)
            return lambda found: text(_shown(found))
        case SigmaNumber():
            return lambda found: not isinstance(found, bool) and _shown(found) == _shown(value.number)
        case SigmaBool():
            return lambda found: _shown(found).lower() == _shown(value.boolean).lower()
        case SigmaRegularExpression():
            flags = 0
            for flag in value.flags:
                flags |= SigmaRegularExpression.sigma_to_python_flags[flag]
            pattern = re.compile(str(value.regexp), flags)
            return lambda found: pattern.search(_shown(found)) is not None
        case SigmaCIDRExpression():
            return lambda found: _within(found, value.network)
        case SigmaCompareExpression():
            return lambda found: _compare(found, value)
    raise AssertionError(value)


def _shown(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _text(value: Any, *, anywhere: bool = False) -> Callable[[str], bool]:
    if isinstance(value, SigmaNumber):
        value = SigmaString(str(value))
    parts = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
    pattern = "".join(parts[p] if isinstance(p, SpecialChars) else re.escape(p) for p in value.s)
    cased = isinstance(value, SigmaCasedString)
    compiled = re.compile(pattern, re.DOTALL if cased else re.DOTALL | re.IGNORECASE)
    if anywhere:
        return lambda text: compiled.search(text) is not None
    return lambda text: compiled.fullmatch(text) is not None


def _within(found: Any, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        address = ipaddress.ip_address(str(found))
    except ValueError:
        return False
    if (
        isinstance(address, ipaddress.IPv6Address)
        and address.ipv4_mapped is not None
        and network.version == 4
    ):
        address = address.ipv4_mapped
    return address in network


def _compare(found: Any, value: SigmaCompareExpression) -> bool:
    if isinstance(found, bool):
        return False
    try:
        left, right = float(found), float(value.number.number)
    except ValueError:
        return False
    return {
        CompareOperators.LT: left < right,
        CompareOperators.LTE: left <= right,
        CompareOperators.GT: left > right,
        CompareOperators.GTE: left >= right,
    }[value.op]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)


def flat(event: dict[str, Any]) -> Event:
    """A Windows event as rules name its fields."""
    event = event.get("Event", event)
    out: Event = {}
    for part in ("System", "EventData", "UserData"):
        found = event.get(part) or {}
        if part == "UserData":
            found = {k: v for one in found.values() if isinstance(one, dict) for k, v in one.items()}
        for name, value in found.items():
            if name == "#attributes":
                out |= value
            elif isinstance(value, dict):
                out |= {f"{name}_{k}": v for k, v in value.get("#attributes", {}).items()}
            else:
                out[name] = value
                if " " in name:
                    out[name.replace(" ", "")] = value
    return out
