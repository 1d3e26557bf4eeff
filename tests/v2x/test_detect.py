"""Detectors on traffic by our own small model: every attack is found, nobody honest is reported."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from sentinel.v2x.detect import DETECTORS, base
from sentinel.v2x.detect.fuse import Monitor
from sentinel.v2x.messages import Observation
from sentinel.v2x.misbehaviour.score import Tally, judge
from sentinel.v2x.scene.attacks import ATTACKS, NAMES
from sentinel.v2x.scene.attacks.base import Attack
from sentinel.v2x.scene.make import EPOCH, HONEST, Label, Plan, received
from tests.v2x.traffic import site, steps

SECONDS = 25.0


def heard(seed: int, attacks: Sequence[type[Attack]], share: float = 0.3) -> list[tuple[Observation, Label]]:
    return list(received(steps(seed, SECONDS), site(), Plan(seed, attacks, share)))


def tally(messages: list[tuple[Observation, Label]], detector: str = "ours") -> Tally:
    found = Tally()
    found.run(judge(detector, site()), messages)
    return found


def test_honest_traffic_is_left_alone() -> None:
    found = tally(heard(1, ()))
    assert found.messages > 2_000
    assert found.honest_reported == 0
    assert found.honest_wrong == 0


LEAST = {"position-mirroring": 0.25, "time-delay": 0.2, "sybil": 0.6, "constant-speed-offset": 0.7}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_found_and_nobody_else_reported(attack: type[Attack]) -> None:
    messages = heard(5, (attack,))
    found = tally(messages)
    count = found.shared()[attack.name]
    assert len(count.vehicles) >= 3
    assert count.f1 >= LEAST.get(attack.name, 0.8), (count.precision, count.recall)
    assert found.honest_reported == 0
    if attack.weak:
        theirs = tally(messages, "catch").shared()[attack.name]
        assert count.f1 >= min(theirs.f1 + 0.1, 0.97), (count.f1, theirs.f1)


def test_the_same_seed_makes_the_same_messages() -> None:
    once, again, other = heard(3, ATTACKS), heard(3, ATTACKS), heard(4, ATTACKS)
    assert once == again
    assert once != other
    assert {label.attack for _, label in once} <= {HONEST, *NAMES}


def test_messages_come_in_the_order_of_their_arrival() -> None:
    times = [message.received for message, _ in heard(3, ATTACKS)]
    assert times == sorted(times)
    assert times[0] >= EPOCH


def test_labels_say_what_the_publication_counts_as_false() -> None:
    feigned = next(a for a in ATTACKS if a.name == "feigned-braking")
    for message, label in heard(5, (feigned,)):
        if label.attack == "feigned-braking":
            assert message.acceleration < -0.49
        elif label.attacker:
            assert message.acceleration > -25.0


def still(number: int, time: float, **changes: object) -> Observation:
    x = number * 7.0 - 300.0
    latitude, longitude = site().plane.degrees(x, -4.8)
    made = Observation(
        EPOCH + time + 0.01, EPOCH + time, "bsm", f"{number:016x}", "", 0, round(latitude, 7), round(longitude, 7),
        0.0, 90.0, 0.0, 0.0, 2.9, 4.6, 1.8, frozenset(),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def test_stations_are_bounded_and_forgotten_ones_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "STATIONS", 50)
    monitor = Monitor(site())
    for number in range(80):
        monitor.judge(still(number, number / 100))
    assert len(monitor.world.tracks) == 50
    assert monitor.world.forgotten == 30
    assert sum(map(len, monitor.world._cells.values())) == 50


def test_numbers_that_are_unknown_or_absurd_stop_nothing() -> None:
    monitor = Monitor(site())
    nan, inf = math.nan, math.inf
    for changes in (
        {"latitude": nan},
        {"longitude": inf},
        {"speed": nan},
        {"heading": nan},
        {"acceleration": nan, "accuracy": nan},
        {"accuracy": -1.0, "length": nan},
        {"generated": EPOCH - 1e6},
        {"speed": 1e300},
        {"latitude": 90.0, "longitude": -180.0},
    ):
        for step in range(25):
            monitor.judge(still(1, step / 10, **changes))
    assert monitor.judge(replace(still(1, 3.0), kind="spat")).false is False


def test_what_was_said_before_by_another_is_a_replay() -> None:
    monitor = Monitor(site())
    first = still(1, 0.0, speed=10.0)
    assert monitor.judge(first).reasons in ((), ("sudden-appearance",))
    copy = replace(first, station="f" * 16, received=first.received + 2, generated=first.generated + 2)
    assert "replay" in monitor.judge(copy).reasons


def test_who_stands_repeats_himself_and_is_no_replay() -> None:
    monitor = Monitor(site())
    for step in range(200):
        assert not monitor.judge(still(1, step / 10)).false
    copy = still(1, 20.0, station="f" * 16)
    assert "replay" in monitor.judge(copy).reasons
    assert not monitor.judge(still(1, 20.1)).false


def test_names_are_unique_and_weights_say_something() -> None:
    names = [detector.name for detector in DETECTORS]
    assert len(set(names)) == len(names)
    assert all(0.0 < detector.weight <= 1.0 for detector in DETECTORS)
    assert all(detector.__doc__ for detector in DETECTORS)
