"""Speed plausibility: what no vehicle drives (F2MD speed plausibility)."""

from __future__ import annotations

from sentinel.v2x.detect.base import Detector, Look

FASTEST = 62.95
"""m/s (VeReMi NextGen MPS, Results, "Comparison")."""


class Speed(Detector):
    """The claimed speed is beyond any vehicle's."""

    name = "speed-plausibility"
    weight = 0.5

    def check(self, look: Look) -> bool:
        return look.now.speed > FASTEST
