"""A chain as an Attack Flow 2 (MITRE CTID's extension of STIX 2.1, schema 2.0.0): steps as actions with their
effects, a condition where a host was taken and then used, assets.

One chain is one document, as the schema asks for exactly one `attack-flow` object.
"""

from __future__ import annotations

import json
from typing import TextIO

from sentinel.export._stix import address_object, bundle, end_name, moment, own_id, source_identity, summary
from sentinel.export.text import Record, plain

EXTENSION = "extension-definition--fb9c968a-745b-4ade-9b25-c324172197f4"
"""Identifier of the extension, fixed by its publisher."""

_PUBLISHER = "identity--d673f8cb-c168-42da-8ed4-0cb26725f86c"
_PUBLISHED = "2022-08-02T19:34:35.143Z"


def write_attack_flow(chain: Record, out: TextIO) -> None:
    """Write the flow of a chain document; the same chain gives the same bytes."""
    json.dump(attack_flow(chain), out, ensure_ascii=False, indent=1)
    out.write("\n")


def attack_flow(chain: Record) -> Record:
    """The bundle of a chain document (docs/reference/data-model.md, chain)."""
    first, last = moment(chain["first"]), moment(chain["last"])
    author = source_identity(first)
    common = {
        "spec_version": "2.1",
        "created": first,
        "modified": last,
        "created_by_ref": author["id"],
        "extensions": {EXTENSION: {"extension_type": "new-sdo"}},
    }
    assets, addresses = _assets(chain, common)
    actions: dict[int, Record] = {}
    conditions: list[Record] = []
    starts: list[str] = []
    for step in chain["steps"]:
        action = actions[step["n"]] = _action(chain, step, common, assets)
        because = step.get("because")
        before = actions.get(because["step"]) if because else None
        if because is None or before is None:
            starts.append(action["id"])
            continue
        effect = action["id"]
        if because["link"] == "pivot":
            condition = {
                "type": "attack-condition",
                "id": own_id("attack-condition", chain["id"], step["n"]),
                **common,
                "description": f"{end_name(step, 'source')} is under the control of the attacker",
                "on_true_refs": [effect],
            }
            conditions.append(condition)
            effect = str(condition["id"])
        before.setdefault("effect_refs", []).append(effect)
    flow = {
        "type": "attack-flow",
        "id": own_id("attack-flow", chain["id"]),
        **common,
        "name": plain(chain.get("title") or chain["id"]),
        "description": _lines(chain["explanation"]),
        "scope": "incident",
        "start_refs": starts,
    }
    objects = [
        *_extension(),
        author,
        flow,
        *actions.values(),
        *conditions,
        *assets.values(),
        *addresses.values(),
    ]
    return bundle(objects, "attack-flow", chain["id"], chain["last"], chain["alert_count"])


def _action(chain: Record, step: Record, common: Record, assets: dict[str, Record]) -> Record:
    action: Record = {
        "type": "attack-action",
        "id": own_id("attack-action", chain["id"], step["n"], step["time"]),
        **common,
        "name": plain(step["rule"]),
        "description": summary(step),
        "execution_start": moment(step["time"]),
        "execution_end": moment(step["last"]),
    }
    for key, name in (("tactic_id", "tactic_id"), ("technique", "technique_id")):
        if step.get(key):
            action[name] = plain(step[key])
    names = [end_name(step, side) for side in ("source", "destination")]
    if refs := [assets[name]["id"] for name in dict.fromkeys(names) if name]:
        action["asset_refs"] = refs
    return action


def _assets(chain: Record, common: Record) -> tuple[dict[str, Record], dict[str, Record]]:
    """Assets by name, and the addresses they point at by name."""
    roles = {
        name: entity["role"]
        for entity in chain["entities"]
        for name in (entity.get("asset"), entity.get("ip"), entity.get("name"))
        if name
    }
    assets: dict[str, Record] = {}
    addresses: dict[str, Record] = {}
    for step in chain["steps"]:
        for side in ("source", "destination"):
            name = end_name(step, side)
            if name is None or name in assets:
                continue
            asset: Record = {
                "type": "attack-asset",
                "id": own_id("attack-asset", chain["id"], name),
                **common,
                "name": name,
            }
            if role := roles.get(name):
                asset["description"] = f"Part in the attack: {role}"
            if address := address_object(step.get(side)):
                addresses[name] = address
                asset["object_ref"] = address["id"]
            assets[name] = asset
    return assets, addresses


def _extension() -> list[Record]:
    """The definition that every document must carry, and who published it."""
    times = {"created": _PUBLISHED, "modified": _PUBLISHED, "created_by_ref": _PUBLISHER}
    return [
        {
            "type": "extension-definition",
            "spec_version": "2.1",
            "id": EXTENSION,
            **times,
            "name": "Attack Flow",
            "description": "Objects of Attack Flow 2 for STIX 2.1",
            "schema": "https://center-for-threat-informed-defense.github.io/attack-flow/stix/attack-flow-schema-2.0.0.json",
            "version": "2.0.0",
            "extension_types": ["new-sdo"],
        },
        {
            "type": "identity",
            "spec_version": "2.1",
            "id": _PUBLISHER,
            **times,
            "name": "MITRE Center for Threat-Informed Defense",
            "identity_class": "organization",
        },
    ]


def _lines(text: str) -> str:
    return "\n".join(plain(line) for line in text.split("\n"))
