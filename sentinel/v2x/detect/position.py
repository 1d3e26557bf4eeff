"""Position plausibility: vehicles are on roads (F2MD position plausibility)."""

from __future__ import annotations

from sentinel.v2x.detect.base import Detector, Look

OFF = 3.0
"""Times the stated accuracy (one standard deviation) that a vehicle may be beside the nearest lane."""


class Position(Detector):
    """The claimed place is off every lane. Where no lanes are known, nothing is."""

    name = "position-plausibility"
    weight = 0.34

    def check(self, look: Look) -> bool:
        return bool(look.world.site.layout.lanes) and look.near.edge > OFF * look.now.accuracy
