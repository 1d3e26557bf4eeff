"""Lane: vehicles drive on their own side. Ours, against mirrored positions."""

from __future__ import annotations

import math
from collections import deque

from sentinel.v2x.detect.base import Detector, Look
from sentinel.v2x.geo import turn

SPAN = 20
"""Messages over which the distance is averaged: the part of the error that wanders falls to 0.1 m."""
BOUND = math.sqrt(3.0)
"""Largest error along an axis, of the stated standard deviation: errors are uniform (VeReMi NextGen), and
across a road both axes' add up."""
NOISE = 0.35
"""m, what is left of the wandering part, four standard deviations."""
STRAIGHT = 8.0
"""degrees by which the heading may change over the span: in bends long vehicles cut corners."""


class Lane(Detector):
    """On average of two seconds the vehicle is further from the lanes that go its way than its position's
    error can be. Where no lanes are known, nothing is."""

    name = "lane-side"
    weight = 0.1

    def check(self, look: Look) -> bool:
        if not look.world.site.layout.lanes:
            return False
        now, memo = look.now, look.track.memo
        last: deque[tuple[float, float]] | None = memo.get(self.name)
        if last is None:
            last = memo[self.name] = deque(maxlen=SPAN)
        near = look.near
        last.append((min(near.along, 100.0), now.heading))
        if len(last) < SPAN or abs(turn(last[0][1], now.heading)) > STRAIGHT:
            return False
        way = math.radians(near.direction)
        limit = BOUND * now.accuracy * (abs(math.sin(way)) + abs(math.cos(way))) + NOISE
        return sum(distance for distance, _ in last) / SPAN > limit
