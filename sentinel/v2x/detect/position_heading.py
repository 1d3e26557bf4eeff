"""Position and heading: vehicles drive where they point (F2MD position-heading consistency)."""

from __future__ import annotations

import math

from sentinel.v2x.detect.base import Detector, Look
from sentinel.v2x.geo import turn

SPAN = 1.0
"""s."""
WAY = 5.0
"""m driven at least, so that the position's error turns the way by less than 3 degrees."""
OFF = 45.0
"""degrees: the error of a heading is at most 20 (VeReMi NextGen), and as much again. In a turn the heading of
a long vehicle lags behind its front's way: what it turned comes on top."""


class PositionHeading(Detector):
    """The way driven points elsewhere than the headings told."""

    name = "position-heading"
    weight = 0.34

    def check(self, look: Look) -> bool:
        now = look.now
        then = look.track.before(now.generated - SPAN)
        if then is None:
            return False
        x, y = now.x - then.x, now.y - then.y
        if math.hypot(x, y) < WAY:
            return False
        told_x, told_y = now.reckoned_x - then.reckoned_x, now.reckoned_y - then.reckoned_y
        if math.hypot(told_x, told_y) < WAY:
            return False
        ways = math.degrees(math.atan2(x, y)), math.degrees(math.atan2(told_x, told_y))
        return abs(turn(*ways)) > OFF + abs(turn(now.heading, then.heading))
