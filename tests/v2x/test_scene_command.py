"""`sentinel v2x scene` and `misbehaviour score` with SUMO itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel.errors import UserError
from sentinel.v2x.scene.sumo import programs
from tests.conftest import Ran


@pytest.fixture
def sumo() -> None:
    """SUMO is there, or the test is skipped with the reason."""
    try:
        programs()
    except UserError as error:
        pytest.skip(error.message)


@pytest.mark.usefixtures("sumo")
def test_a_scene_is_made_and_scored(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    scene = tmp_path / "scene"
    done = cli("v2x", "scene", "platoon", "--seed", "5", "--seconds", "6", "--out", scene)
    assert done.code == 0, done.err
    made = json.loads((scene / "scene.json").read_text(encoding="utf-8"))
    lines = (scene / "observations.ndjson").read_text(encoding="utf-8").splitlines()
    labels = [json.loads(line) for line in (scene / "labels.ndjson").read_text(encoding="utf-8").splitlines()]
    assert len(lines) == len(labels) == made["messages"] > 500
    assert {label["vehicle"] for label in labels if label["attacker"]} <= made["attackers"].keys()
    for detector in ("ours", "catch"):
        done = cli(
            "v2x", "misbehaviour", "score", "--scene", scene, "--detector", detector, "--format", "json"
        )
        assert done.code == 0, done.err
        document = json.loads(done.out)
        assert document["detector"] == detector
        assert document["honest_station_hours"] > 0
        for count in document["attacks"].values():
            assert 0 <= count["f1"] <= 1
    assert "honest stations reported" in cli("v2x", "misbehaviour", "score", "--scene", scene).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("harbour",), "harbour: no such scene"),
        (("platoon", "--attack", "x"), "x: no such attack"),
        (("platoon", "--share", "2"), "--share 2"),
        (("platoon", "--seconds", "1e9"), "1e+09 s"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    tmp_path: Path, cli: Callable[..., Ran], arguments: tuple[str, ...], said: str
) -> None:
    done = cli("v2x", "scene", "--seed", "1", "--out", tmp_path / "s", *arguments)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert said in done.err


def test_no_scene_is_told(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    done = cli("v2x", "misbehaviour", "score", "--scene", tmp_path)
    assert done.code == 1
    assert "no scene is there" in done.err
