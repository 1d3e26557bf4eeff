"""Range: nobody is heard from further away than messages reach (ART in VeReMi, F2MD range plausibility)."""

from __future__ import annotations

import math

from sentinel.v2x.detect.base import Detector, Look

MARGIN = 17.9
"""m beyond the site's range: with 320 m the 337.89 m that VeReMi NextGen found best (MPR, Results)."""


class Range(Detector):
    """The claimed place is out of reach. What arrives late with a new time is seen so, too: a vehicle that
    claims where it was seconds ago is first heard from beyond the range."""

    name = "range"
    weight = 0.5

    def check(self, look: Look) -> bool:
        site, now = look.world.site, look.now
        return math.hypot(now.x - site.x, now.y - site.y) > site.range + MARGIN
