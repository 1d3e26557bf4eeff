"""Intersection: two vehicles are not in one place (F2MD intersection check)."""

from __future__ import annotations

import math

from sentinel.v2x.detect.base import Detector, Look

BOUND = math.sqrt(3.0)
"""Largest error along an axis, of the stated standard deviation: errors are uniform (VeReMi NextGen)."""
EVERY = 5
"""Messages of a station for each look around."""


class Intersection(Detector):
    """Two vehicles overlap by more than the errors they state can explain. With some metres of error this
    is seen of long vehicles only; it is no proof which of the two is wrong, so it weighs little."""

    name = "intersection"
    weight = 0.05
    flags = False
    lasts = False

    def check(self, look: Look) -> bool:
        if look.track.messages % EVERY:
            return False
        now = look.now
        way = math.radians(now.heading)
        sin, cos = math.sin(way), math.cos(way)
        for _, other in look.world.around(look.track, now):
            slack = BOUND * (now.accuracy + other.accuracy)
            ahead = (now.length + other.length) / 2 - slack
            aside = (now.width + other.width) / 2 - slack
            if ahead <= 0.0 or aside <= 0.0:
                continue
            x, y = other.x - now.x, other.y - now.y
            if abs(x * sin + y * cos) < ahead and abs(x * cos - y * sin) < aside:
                return True
        return False
