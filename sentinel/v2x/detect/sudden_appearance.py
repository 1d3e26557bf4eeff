"""Sudden appearance: vehicles come from the edge (SAW in VeReMi, F2MD sudden appearance)."""

from __future__ import annotations

import math

from sentinel.v2x.detect.base import Detector, Look

SHARE = 0.5
"""Of the range: who is first heard nearer than this came from nowhere (half, as F2MD's MAX_SA_RANGE)."""


class SuddenAppearance(Detector):
    """A station is first heard in the middle. Vehicles that change their pseudonym do this honestly, so it
    is a hint only."""

    name = "sudden-appearance"
    weight = 0.05
    flags = False
    lasts = False

    def check(self, look: Look) -> bool:
        if look.before is not None:
            return False
        site, now = look.world.site, look.now
        return math.hypot(now.x - site.x, now.y - site.y) < SHARE * site.range
