"""ATT&CK for ICS: which techniques the rules see, and by what it is proven."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from sentinel.rules.cases import beside, read
from sentinel.rules.loader import documents, pack_rules, packs_folder

IMPACT = "impact"
"""The tactic that says what an attack leads to; a tag of it is no detection."""


@dataclass(slots=True)
class Technique:
    """A technique, the rules that are tagged with it, and where they were seen to fire."""

    id: str
    name: str
    tactics: list[str]
    network: list[str]
    """Data components on the network that the detection analytics of MITRE name."""
    rules: list[str] = field(default_factory=list)
    proof: list[str] = field(default_factory=list)

    @property
    def covered(self) -> bool:
        """True if a rule names it and fired on a scene, a capture or a log."""
        return bool(self.rules and self.proof)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("sentinel.rules").joinpath("data/attack_ics.toml").read_text(encoding="utf-8"))


def why_not() -> dict[str, str]:
    """Techniques that the network does not show, with the reason, by id."""
    path = files("sentinel.rules").joinpath("data/attack_unseen.toml")
    return {str(k): str(v) for k, v in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def coverage(names: Iterable[str] | None = None) -> list[Technique]:
    """Every technique, by id, with the rules of the packs that are tagged with it."""
    found = {id: Technique(id, *row) for id, row in _table().items()}
    for name, text in pack_rules(names):
        path = packs_folder() / name
        for rule in documents(text):
            ids = {
                match[1].upper()
                for tag in rule.get("tags") or ()
                if (match := re.fullmatch(r"attack(?:-ics)?\.(t\d{4})(?:\.\d{3})?", str(tag)))
            }
            proofs = _proofs(path) if ids & found.keys() else []
            for id in sorted(ids & found.keys()):
                found[id].rules.append(str(rule.get("title", name)))
                found[id].proof += [proof for proof in proofs if proof not in found[id].proof]
    return list(found.values())


def _proofs(path: Any) -> list[str]:
    cases = beside(path)
    if not cases.is_file():
        return []
    found = [case for case in read(cases) if not isinstance(case, str) and case.match]
    return [case.made for case in found if case.made and not case.made.startswith("varied")]


def summary(techniques: Sequence[Technique]) -> dict[str, int]:
    """How many techniques the network can show, and how many of them are covered."""
    shown = [t for t in techniques if t.network]
    return {
        "techniques": len(techniques),
        "on_the_network": len(shown),
        "covered": sum(t.covered for t in shown),
        "covered_beyond": sum(t.covered for t in techniques if not t.network),
    }


def navigator(techniques: Sequence[Technique]) -> dict[str, Any]:
    """A layer for the ATT&CK Navigator (layer format 4.5)."""
    return {
        "name": "sentinel",
        "versions": {"attack": "18", "navigator": "5.1.0", "layer": "4.5"},
        "domain": "ics-attack",
        "description": "Techniques that the rule packs of sentinel see, and rules of each.",
        "techniques": [
            {
                "techniqueID": t.id,
                "score": len(t.rules),
                "comment": "; ".join(t.rules),
                "enabled": True,
            }
            for t in techniques
            if t.covered
        ],
        "gradient": {"colors": ["#cfe8f3", "#14627f"], "minValue": 0, "maxValue": 10},
        "legendItems": [{"label": "seen by sentinel", "color": "#14627f"}],
    }


def as_json(techniques: Sequence[Technique]) -> str:
    """The matrix as a JSON document."""
    unseen = why_not()
    rows = [
        {
            "id": t.id,
            "name": t.name,
            "tactics": t.tactics,
            "network": t.network,
            "covered": t.covered,
            "rules": t.rules,
            "proof": t.proof,
            **({"why_not": unseen[t.id]} if not t.covered and t.id in unseen else {}),
        }
        for t in techniques
    ]
    return json.dumps({"summary": summary(techniques), "techniques": rows}, ensure_ascii=False, indent=2)
