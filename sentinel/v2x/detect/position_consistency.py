"""Position consistency: no vehicle jumps (F2MD position consistency)."""

from __future__ import annotations

import math

from sentinel.v2x.detect.base import Detector, Look
from sentinel.v2x.detect.speed import FASTEST

NOISE = 2.0
"""m that an honest position may move besides: ten standard deviations of the step of a position's error
(0.03 of at most 5 m, twice)."""


class PositionConsistency(Detector):
    """The way since the message before is longer than the fastest vehicle's."""

    name = "position-consistency"
    weight = 0.5

    def check(self, look: Look) -> bool:
        before, now = look.before, look.now
        if before is None:
            return False
        passed = max(now.generated - before.generated, 0.0)
        return math.hypot(now.x - before.x, now.y - before.y) > FASTEST * passed + NOISE
