"""Position and speed: the way driven is that of the speeds told (F2MD position-speed consistency)."""

from __future__ import annotations

import math

from sentinel.v2x.detect.base import Detector, Look
from sentinel.v2x.geo import turn

SPANS = (0.45, 1.95)
"""s over which ways are compared: the short one finds what is gross at once, the long one 1 m/s."""
NOISE = 1.6
"""m by which both may differ: the error of a position wanders by 0.17 m (0.03 of 5 m over the root of 3/4,
VeReMi NextGen), the difference of two by 0.24, six standard deviations; and 0.1 m of the way along arcs."""
BEND = 0.5
"""Share of the way, for a turn by 90 degrees, by which both may differ besides: headings are those of the
vehicle, which lag behind its front's way in a turn, the more the longer it is."""
LONGEST = 4.0
"""s: over more the sum of speeds says little."""


class PositionSpeed(Detector):
    """The way between two claimed places is not that of the claimed speeds between them."""

    name = "position-speed"
    weight = 0.25

    def check(self, look: Look) -> bool:
        now = look.now
        for span in SPANS:
            then = look.track.before(now.generated - span)
            if then is None or now.generated - then.generated > LONGEST:
                return False
            way = math.hypot(now.x - then.x, now.y - then.y)
            reckoned = math.hypot(now.reckoned_x - then.reckoned_x, now.reckoned_y - then.reckoned_y)
            bend = min(abs(turn(now.heading, then.heading)), 90.0) / 90.0
            if abs(way - reckoned) > NOISE + BEND * bend * reckoned:
                return True
        return False
