"""Scenes through the real pipeline: capture, probes, rules, chain. One attack is one chain, told in its
order, with nobody in it who has no part; a day without one gives no chain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("scapy", reason="scapy is not installed: scenes cannot be made")

from sentinel import pipeline
from sentinel.rules.zones import load
from tests.craft import SCENES
from tests.craft.plant import MODICON, Scene

ATTACKS = {name: scene for name, scene in SCENES.items() if scene.attackers}


def played(scene: Scene, folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Alerts and chains of a scene."""
    capture = folder / "scene.pcap"
    zones = scene.build(capture)
    options = pipeline.Options(packs=True, zones=load(zones) if zones else None)
    result = pipeline.scan([str(capture)], options)
    assert (result.errors, result.warnings) == ([], [])
    pipeline.derive(result.inventory, [], None, result.until)
    chains = pipeline.story([result.alerts] if result.alerts else [], result.inventory, options)
    return [json.loads(a) for a in result.alerts], [json.loads(c) for c in chains]


def in_order(wanted: tuple[str, ...], found: list[str]) -> bool:
    """Whether the wanted tactics stand among those found, in their order."""
    left = iter(name.lower().replace(" ", "-") for name in found)
    return all(any(name in step.split("|") for name in left) for step in wanted)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_one_chain(name: str, tmp_path: Path) -> None:
    scene = ATTACKS[name]
    _, chains = played(scene, tmp_path)
    assert len([c for c in chains if c["state"] != "merged"]) == 1
    chain = chains[0]
    acting = {address for actor in scene.attackers for address in (actor.ip, actor.mac)}
    part = acting | {address for actor in scene.victims for address in (actor.ip, actor.mac)}
    assert {step["source"] for step in chain["steps"]} <= acting
    assert {step["destination"] for step in chain["steps"] if step.get("destination")} <= part
    first = [
        min((s["n"] for s in chain["steps"] if s["source"] in (actor.ip, actor.mac)), default=0)
        for actor in scene.attackers
    ]
    assert all(first), first
    assert first == sorted(first)
    path = [chain["steps"][n - 1]["tactic"] for n in chain["path"]]
    assert in_order(scene.tactics, path), path


def test_a_day_without_an_attack(tmp_path: Path) -> None:
    alerts, chains = played(SCENES["benign"], tmp_path)
    assert chains == []
    assert len(alerts) <= 24, [a["rule.name"] for a in alerts]


def test_a_scene_is_the_same_every_time(tmp_path: Path) -> None:
    files = [tmp_path / "a.pcap", tmp_path / "b.pcap"]
    for file in files:
        SCENES["access_point"].build(file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_devices_that_are_not_well_say_so(tmp_path: Path) -> None:
    alerts, _ = played(SCENES["ailing"], tmp_path)
    assert sorted((a["rule.name"], a["destination.ip"]) for a in alerts) == [
        ("Clock of a terminal is wrong", "10.20.1.42"),
        ("Clock of a terminal jumps", "10.20.1.41"),
        ("Terminal says that it is faulty", MODICON.ip),
        ("Terminal says that it is faulty", "10.20.1.43"),
    ]
