"""Planes, sites, shares of circles, files of scenes, the score's arithmetic."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import UserError
from sentinel.v2x.detect import overlap
from sentinel.v2x.geo import Plane, turn
from sentinel.v2x.misbehaviour.score import Count, Tally
from sentinel.v2x.scene import folder
from sentinel.v2x.scene.make import Plan, received
from sentinel.v2x.site import Site
from tests.v2x.traffic import site, steps

far = st.floats(-5_000, 5_000)


@given(far, far, st.floats(-60, 60), st.floats(-179, 179))
def test_a_plane_goes_there_and_back(x: float, y: float, latitude: float, longitude: float) -> None:
    plane = Plane(latitude, longitude)
    assert plane.metres(*plane.degrees(x, y)) == pytest.approx((x, y), abs=1e-4)


@given(st.floats(0, 360), st.floats(0, 360))
def test_a_turn_is_the_short_way(a: float, b: float) -> None:
    assert -180.0 <= turn(a, b) <= 180.0
    assert math.cos(math.radians(turn(a, b))) == pytest.approx(math.cos(math.radians(a - b)), abs=1e-9)


@given(st.floats(-850, 850), st.floats(-25, 25))
def test_lanes_near_a_point_are_those_of_the_road(x: float, y: float) -> None:
    near = site().near(x, y, 90.0)
    assert near.along == pytest.approx(min(abs(y + 4.8), abs(y + 1.6)), abs=1e-6)
    assert near.edge == pytest.approx(min(abs(y - lane) for lane in (-4.8, -1.6, 1.6, 4.8)) - 1.6, abs=1e-6)
    assert near.direction == 90.0


def test_the_other_side_is_the_middle_of_the_opposite_carriageway() -> None:
    assert site().across(0.0, -4.8, 90.0) == pytest.approx(8.0)
    assert site().across(0.0, 1.6, 270.0) == pytest.approx(4.8)
    assert site().across(5_000.0, 0.0, 90.0) is None


size = st.floats(0.01, 20)


@given(st.floats(0, 60), size, size, st.floats(0, 60))
def test_shares_are_shares(apart: float, a: float, b: float, bound: float) -> None:
    for share in (
        overlap.circles(apart, a, b, bound),
        overlap.at_most(apart, a, b, bound),
        overlap.at_least(apart, a, b, bound),
        overlap.beyond(apart - 20, a, bound - 40),
    ):
        assert -1e-9 <= share <= 1.0 + 1e-9


@given(size, size, st.floats(0, 60))
def test_a_lens_is_within_both_circles(a: float, b: float, apart: float) -> None:
    assert -1e-9 <= overlap.lens(a, b, apart) <= math.pi * min(a, b) ** 2 * (1 + 1e-9)


def test_vehicles_in_one_place_and_apart() -> None:
    here = (0.0, 0.0, 0.0, 1.8, 4.6, 2.9)
    assert overlap.vehicles(here, (0.2, 0.5, 2.0, 1.8, 4.6, 2.9), 0.0) > 0.5
    assert overlap.vehicles(here, (12.0, 0.0, 0.0, 1.8, 4.6, 2.9), 0.0) == 0.0


def test_a_scene_is_read_as_it_was_written(tmp_path: Path) -> None:
    messages = list(received(steps(2, 3.0), site(), Plan(2, ())))
    writer = folder.Writer(tmp_path / "scene")
    assert writer.write(messages, site())[0] == len(messages)
    assert list(folder.labelled(tmp_path / "scene")) == messages
    assert Site.load(tmp_path / "scene" / folder.SITE).layout == site().layout
    with pytest.raises(UserError, match="not empty"):
        folder.Writer(tmp_path / "scene")


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b'{"received": "x"}', b"\xff\xfe", b'{"pad": "' + b"x" * 70_000 + b'"}']
)
def test_a_broken_line_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "observations.ndjson"
    path.write_bytes(line + b"\n")
    with pytest.raises(UserError, match=r"observations\.ndjson: line 1"):
        list(folder.observations(path))


def test_labels_must_fit(tmp_path: Path) -> None:
    messages = list(received(steps(2, 1.0), site(), Plan(2, ())))
    folder.Writer(tmp_path / "s").write(messages, site())
    labels = tmp_path / "s" / folder.LABELS
    labels.write_bytes(b"".join(labels.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(UserError, match="has no label of message"):
        list(folder.labelled(tmp_path / "s"))


def test_wrong_ones_of_honest_vehicles_are_shared_among_the_attacks() -> None:
    tally = Tally(
        attacks={"a": Count(8, 2, 1.0, vehicles={"x"}), "b": Count(5, 0, vehicles={"y", "z", "w"})},
        honest_wrong=4,
    )
    counts = tally.shared()
    assert counts["a"].precision == pytest.approx(8 / 10)
    assert counts["a"].recall == pytest.approx(0.8)
    assert counts["a"].f1 == pytest.approx(0.8)
    assert counts["b"].precision == pytest.approx(5 / 8)
    assert Count().f1 == 1.0
    assert Count(0, 3).f1 == 0.0
