"""Zones of a file: what the engine gets of them, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentinel.errors import UserError
from sentinel.rules import context, zones
from tests.conftest import ROOT

PLANT = """
organisation: [203.0.113.0/24]
zones:
  cell:
    networks: [10.1.0.0/16]
    level: 1
    criticality: high
    inventory: required
  control:
    networks: [10.2.0.0/16]
    vlans: [20]
    level: 2
  annex:
    networks: [10.9.0.0/16]
    sites: [annex]
conduits:
  - {from: control, to: cell, protocols: [modbus], ports: [502]}
  - {from: control, to: outside, direction: both}
  - {from: annex, to: control}
"""


def load(tmp_path: Path, text: str) -> zones.Zones:
    path = tmp_path / "zones.yml"
    path.write_text(text, encoding="utf-8")
    return zones.load(path)


def test_becomes_settings_of_one_site(tmp_path: Path) -> None:
    found = load(tmp_path, PLANT)
    here = found.settings("default")
    assert [z["name"] for z in here["zones"]] == ["cell", "control"]
    assert here["zones"][0]["inventory"] is True
    assert here["zones"][1]["inventory"] is None
    assert here["conduits"][0] == {
        "from": "control", "to": "cell", "protocols": ["modbus"], "ports": [502], "both": False,
    }  # fmt: skip
    assert [c["both"] for c in here["conduits"]] == [False, True]
    assert [z["name"] for z in found.settings("annex")["zones"]] == ["cell", "control", "annex"]
    assert here["organisation"] == ["203.0.113.0/24"]


def test_settings_of_the_context(tmp_path: Path) -> None:
    path = tmp_path / "zones.yml"
    path.write_text(PLANT, encoding="utf-8")
    plc = {"id": "a-1", "ip": ["10.1.0.1"], "mac": [], "type": "plc", "level": 1}
    assets: list[dict[str, Any]] = [
        {**plc, "site": "default", "vendor": "x"},
        {"id": "a-2", "ip": ["10.1.0.1"], "site": "annex"},
    ]
    made = context.settings(zones_file=path, assets=assets, learning_days=2)
    assert made["assets"] == [plc]
    assert made["baseline"] == {"learning": 172_800.0, "learn": True}
    assert len(made["zones"]) == 2
    assert "zones" not in context.settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zonen: {}", "zonen: unknown key, did you mean zones?"),
        ("zones: {a: {network: [10.0.0.0/8]}}", "zones.a.network: unknown key, did you mean networks?"),
        ("zones: {a: {xyz: 1}}", "zones.a.xyz: unknown key, there are networks, vlans, level, criticality"),
        ("zones: {a: {networks: [10.0.0.1/8]}}", "'10.0.0.1/8' has host bits set, did you mean 10.0.0.0/8?"),
        ("zones: {a: {networks: [plant]}}", "zones.a.networks: 'plant' is no network"),
        ("zones: {a: {level: 7}}", "zones.a.level: input should be less than or equal to 5"),
        ("zones: {a: {criticality: huge}}", "zones.a.criticality: input should be 'low', 'medium'"),
        ("zones: {any: {}}", "zones.any: the name has a meaning of its own"),
        ("zones: {a: {}}\nconduits: [{from: a}]", "conduits[0].to: is missing"),
        ("zones: {cell: {}}\nconduits: [{from: cel, to: any}]", "there is no zone 'cel', did you mean cell?"),
        ("conduits: [{from: any, to: any, protocols: [modbuss]}]", "'modbuss', did you mean modbus?"),
        ("conduits: [{from: any, to: any, port: [1]}]", "conduits[0].port: unknown key, did you mean ports?"),
        ("zones: [", "zones.yml:1: is not valid YAML"),
        ("", "holds no zones"),
        ("- a", "holds no zones"),
    ],
)  # fmt: skip
def test_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, text)
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.message.startswith(str(tmp_path / "zones.yml"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: No such file"):
        zones.load(tmp_path / "none.yml")


def test_the_guide_shows_a_file_that_loads(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "guides" / "zones.md").read_text(encoding="utf-8")
    example = guide.split("```yaml\n")[1].split("```")[0]
    found = load(tmp_path, example)
    assert len(found.zones) >= 4
    assert found.conduits
    for model in (zones.Zones, zones.Zone, zones.Conduit):
        for name, field in model.model_fields.items():
            assert f"`{field.alias or name}`" in guide, name
