"""Attack Flow: the rules of the published schema 2.0.0, restated; parsed as STIX."""

from __future__ import annotations

import io
import json
import re
from datetime import datetime
from typing import Any

import stix2

from sentinel.export.attack_flow import EXTENSION, attack_flow, write_attack_flow
from sentinel.rules import chains
from tests.rules.stories import intrusion

IDENTIFIER = re.compile(r"[a-z0-9-]+--[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
REQUIRED = {
    "attack-flow": {"name", "start_refs", "scope"},
    "attack-action": {"name"},
    "attack-asset": {"name"},
    "attack-condition": {"description"},
}
COMMON = {"type", "spec_version", "id", "created", "modified", "created_by_ref", "extensions"}
ALLOWED = {
    "attack-flow": {"name", "description", "scope", "start_refs"},
    "attack-action": {
        "name", "tactic_id", "tactic_ref", "technique_id", "technique_ref", "description", "execution_start",
        "execution_end", "command_ref", "asset_refs", "effect_refs",
    },
    "attack-asset": {"name", "description", "object_ref"},
    "attack-condition": {
        "description", "pattern", "pattern_type", "pattern_version", "on_true_refs", "on_false_refs",
    },
}  # fmt: skip
POINTS_AT = {
    "start_refs": {"attack-action", "attack-condition"},
    "effect_refs": {"attack-action", "attack-operator", "attack-condition"},
    "on_true_refs": {"attack-action", "attack-operator", "attack-condition"},
    "asset_refs": {"attack-asset"},
}


def flow() -> list[dict[str, Any]]:
    (chain,) = chains.join(intrusion())
    objects = attack_flow(chain)["objects"]
    assert isinstance(objects, list)
    return objects


def test_structure() -> None:
    objects = flow()
    known = {thing["id"] for thing in objects}
    assert len(known) == len(objects)
    assert [thing["type"] for thing in objects].count("attack-flow") == 1
    assert any(thing["id"] == EXTENSION for thing in objects)
    for thing in objects:
        kind = thing["type"]
        if kind not in REQUIRED:
            continue
        assert REQUIRED[kind] <= thing.keys() <= COMMON | ALLOWED[kind]
        assert thing["spec_version"] == "2.1"
        assert IDENTIFIER.fullmatch(thing["id"])
        assert thing["extensions"] == {EXTENSION: {"extension_type": "new-sdo"}}
        for key, kinds in POINTS_AT.items():
            if key in thing:
                assert thing[key]
                assert len(set(thing[key])) == len(thing[key])
                assert set(thing[key]) <= known
                assert {ref.split("--")[0] for ref in thing[key]} <= kinds
        if "object_ref" in thing:
            assert thing["object_ref"] in known


def test_content() -> None:
    objects = flow()
    (head,) = (thing for thing in objects if thing["type"] == "attack-flow")
    assert head["scope"] == "incident"
    actions = {thing["name"]: thing for thing in objects if thing["type"] == "attack-action"}
    assert len(actions) == 6
    assert head["start_refs"] == [actions["Phishing download"]["id"]]
    assert actions["Program download"]["technique_id"] == "T0843"
    assert actions["Program download"]["tactic_id"] == "TA0110"
    condition = next(t for t in objects if t["type"] == "attack-condition" and "10.0.2.4" in t["description"])
    assert condition["id"] in actions["Log in"]["effect_refs"]
    assert actions["Program download"]["id"] in condition["on_true_refs"]
    for action in actions.values():
        assert datetime.fromisoformat(action["execution_start"]) <= datetime.fromisoformat(
            action["execution_end"]
        )


def test_every_action_is_reached_from_a_start() -> None:
    objects = {thing["id"]: thing for thing in flow()}
    (head,) = (thing for thing in objects.values() if thing["type"] == "attack-flow")
    reached, ahead = set(), list(head["start_refs"])
    while ahead:
        ref = ahead.pop()
        if ref not in reached:
            reached.add(ref)
            ahead += [*objects[ref].get("effect_refs", ()), *objects[ref].get("on_true_refs", ())]
    assert {ref for ref in objects if ref.startswith(("attack-action", "attack-condition"))} == reached


def test_stix2_reads_it_and_it_is_the_same_again() -> None:
    (chain,) = chains.join(intrusion())
    out, again = io.StringIO(), io.StringIO()
    write_attack_flow(chain, out)
    write_attack_flow(chain, again)
    assert out.getvalue() == again.getvalue()
    parsed = stix2.parse(json.loads(out.getvalue()), allow_custom=True)
    assert len(parsed.objects) == len(json.loads(out.getvalue())["objects"])
