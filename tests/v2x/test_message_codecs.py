"""Two independent codecs agree on random messages, both ways.

SENTINEL_CASES says on how many of each family; the issue asks for 10,000.
"""

from __future__ import annotations

import os
from random import Random
from typing import Any

import asn1tools
import pytest

from sentinel import _native
from tests.v2x.grammar import FOLDER, OUTERMOST, Grammar, grammar

CASES = int(os.environ.get("SENTINEL_CASES", "200"))


@pytest.mark.parametrize("family", OUTERMOST)
def test_codecs_agree_on_random_messages(family: str) -> None:
    of = grammar(family)
    random = Random(f"messages of {family}")
    kinds = set()
    for case in range(CASES):
        kind, outer, value = of.frame(random)
        kinds.add(kind)
        fields = of.fields(outer, value)
        ours = _native.v2x_message_encode(kind, fields)
        theirs = of.codec.encode(outer, value)
        # Ours, decoded by theirs, is the value; theirs, decoded by ours, is the value and the same octets again.
        assert of.codec.decode(outer, ours) == _defaulted(outer, value), (case, kind)
        assert _native.v2x_message_decode(theirs, kind) == _written(fields, theirs, kind), (case, kind)
        again = _native.v2x_message_encode(kind, _native.v2x_message_decode(theirs, kind))
        assert again == theirs, (case, kind)
        assert _native.v2x_message_kind(theirs, family) == kind
    assert len(kinds) == {"day1": 5, "etsi": 2}[family]


def _defaulted(outer: str, value: Any) -> Any:
    """The value as asn1tools decodes it: with what stands for an absent validityDuration."""
    if outer == "DENM":
        value["denm"]["management"].setdefault("validityDuration", 600)
    return value


def _written(fields: Any, theirs: bytes, kind: str) -> Any:
    """The fields as their octets have them: asn1tools leaves the default out."""
    if kind == "denm" and fields["denm"]["management"].get("validityDuration") == 600:
        del fields["denm"]["management"]["validityDuration"]
    return fields


@pytest.mark.parametrize("family", OUTERMOST)
def test_additions_of_a_later_edition_are_skipped(family: str) -> None:
    """Each SEQUENCE that may grow has grown; what is known of it is read as before."""
    of = grammar(family)
    text = (FOLDER / f"{family}.asn").read_text(encoding="utf-8")
    later = asn1tools.compile_string(_grown(text, of), "uper")
    random = Random(f"additions to {family}")
    for _ in range(max(CASES // 5, 20)):
        kind, outer, value = of.frame(random)
        fields = _written(of.fields(outer, value), b"", kind)
        added = of.codec.decode(outer, of.codec.encode(outer, value))
        grown = _grow(of, outer, added, random)
        octets = later.encode(outer, grown)
        assert _native.v2x_message_decode(octets, kind) == fields


def _grown(text: str, of: Grammar) -> str:
    """The grammar with two additions in each SEQUENCE that ends in an extension mark."""
    parts = text.split("\n}\n")
    for index, part in enumerate(parts):
        body = part.rpartition("::= ")[2]
        if body.startswith("SEQUENCE {") and part.endswith("\n  ..."):
            parts[index] = part + ",\n  later1 INTEGER (0..9) OPTIONAL,\n  later2 OCTET STRING OPTIONAL"
    return "\n}\n".join(parts)


def _grow(of: Grammar, kind: Any, value: Any, random: Random) -> Any:
    """The value with one, two or none of the additions in each SEQUENCE that may grow."""
    name, about = of._resolved(kind)
    if name == "SEQUENCE OF":
        return [_grow(of, about["element"], element, random) for element in value]
    members = {member["name"]: member for member in about.get("members", []) if member is not None}
    if name == "CHOICE":
        return value[0], _grow(of, members[value[0]], value[1], random)
    if name != "SEQUENCE":
        return value
    grown = {field: _grow(of, members[field], inner, random) for field, inner in value.items()}
    if about["members"][-1] is None:
        if random.random() < 0.3:
            grown["later1"] = random.randrange(10)
        if random.random() < 0.3:
            grown["later2"] = random.randbytes(random.choice([0, 1, 40, 200]))
    return grown


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("bsm", "stopAndGoMovement, ...", "stopAndGoMovement, ..., later"),
        ("spat", "flashing-yellow, ...", "flashing-yellow, ..., later"),
    ],
)
def test_a_later_enumeration_value_is_refused(kind: str, old: str, new: str) -> None:
    text = (FOLDER / "day1.asn").read_text(encoding="utf-8")
    assert old in text
    later = asn1tools.compile_string(text.replace(old, new), "uper")
    of = grammar("day1")
    random = Random(f"later {kind}")
    value = of.value({"bsm": "BasicSafetyMessage", "spat": "SPAT"}[kind], random)
    if kind == "bsm":
        value["emergencyExt"] = {"responseType": "later"}
    else:
        value["intersections"][0]["phases"][0]["phaseStates"][0]["light"] = "later"
    octets = later.encode("MessageFrame", (f"{kind}Frame", value))
    with pytest.raises(ValueError, match=r"^malformed message: "):
        _native.v2x_message_decode(octets, kind)
