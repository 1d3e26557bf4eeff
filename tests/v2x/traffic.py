"""Vehicles on a straight road by a small model of our own: no SUMO is needed for the detectors' tests."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random

from sentinel.v2x.scene.state import State
from sentinel.v2x.site import Lane, Layout, Site

HALF = 900.0
"""m of road to each side of the receiver."""


def site() -> Site:
    """Two lanes each way, from west to east, and a receiver beside them."""
    lanes = []
    for number, y in enumerate((-4.8, -1.6)):
        left = (1.5 - number) * 3.2
        lanes.append(Lane([(-HALF, y), (HALF, y)], 3.2, left, 6.4))
        lanes.append(Lane([(HALF, -y), (-HALF, -y)], 3.2, left, 6.4))
    return Site(Layout(30.0, 120.0, 0.0, 15.0, 320.0, lanes))


def steps(seed: int, seconds: float, vehicles: int = 14) -> Iterator[tuple[float, list[State]]]:
    """Vehicles that come through at 9 to 17 m/s, each faster and slower in its own rhythm."""
    random = Random(seed)
    cars = [
        (
            f"v{number:02}",
            random.choice((1.0, -1.0)),
            random.choice((4.8, 1.6)),
            random.uniform(-500.0, 100.0),
            random.uniform(9.0, 17.0),
            random.uniform(1.0, 2.5),
            random.uniform(4.0, 9.0),
            random.uniform(0.0, 6.0),
        )
        for number in range(vehicles)
    ]
    for step in range(int(seconds * 10)):
        time = step / 10
        states = []
        for name, way, y, start, mean, swing, period, phase in cars:
            pace = 2 * math.pi / period
            angle = pace * time + phase
            at = start + mean * time - swing / pace * (math.cos(angle) - math.cos(phase))
            speed = mean + swing * math.sin(angle)
            # what a vehicle tells is the change of its speed since the step before, as SUMO has it
            before = mean + swing * math.sin(angle - pace / 10)
            states.append(
                State(name, way * at, -way * y, 90.0 * way % 360.0, speed, (speed - before) * 10, 4.6, 1.8)
            )
        yield time, states
