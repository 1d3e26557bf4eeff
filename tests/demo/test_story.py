"""The demo plant's attack is one chain, told in its order, with nothing benign in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("scapy", reason="scapy is not installed: the demo plant cannot be made")

from sentinel import pipeline
from sentinel.demo.cast import CAMERA, INTRUDER, S7
from sentinel.demo.plant import build


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    capture = tmp_path_factory.mktemp("story") / "plant.pcap"
    build(capture)
    options = pipeline.Options(packs=True)
    result = pipeline.scan([str(capture)], options)
    assert (result.errors, result.warnings) == ([], [])
    pipeline.derive(result.inventory, [], None, result.until)
    return [json.loads(c) for c in pipeline.story([result.alerts], result.inventory, options)]


def test_the_attack_is_one_chain(chains: list[dict[str, Any]]) -> None:
    assert len(chains) == 1


def test_nothing_benign_is_in_it(chains: list[dict[str, Any]]) -> None:
    steps = chains[0]["steps"]
    assert {step["source"] for step in steps} == {INTRUDER.ip}
    assert {step["destination"] for step in steps if step.get("destination")} <= {CAMERA.ip, S7.ip}


def test_it_is_told_in_its_order(chains: list[dict[str, Any]]) -> None:
    chain = chains[0]
    told = [step["rule"] for step in chain["steps"]]
    course = (
        "Sweep over hosts",
        "Log-in after refused ones",
        "Program loaded into a controller",
        "Controller stopped",
    )
    assert [rule for rule in told if rule in course] == list(course)
    times = [step["time"] for step in chain["steps"]]
    assert times == sorted(times)
    path = [chain["steps"][n - 1]["tactic"] for n in chain["path"]]
    assert path[0] == "Discovery"
    assert path[-2:] == ["Persistence", "Execution"]
