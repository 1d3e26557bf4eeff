"""Speed consistency: no vehicle changes its speed faster than tyres allow (F2MD speed consistency)."""

from __future__ import annotations

from sentinel.v2x.detect.base import Detector, Look

UP = 7.0
"""m/s2: the fastest cars reach 100 km/h in 4 s."""
DOWN = 12.0
"""m/s2: tyres hold 1.2 g; emergency braking of cars is 9 (SUMO emergencyDecel)."""
STEP = 0.04
"""m/s: two roundings of a BSM's speed and as much again."""
LONGEST = 2.0
"""s between two messages that are compared (VeReMi NextGen MTD 1.92)."""


class SpeedConsistency(Detector):
    """The speed changed faster than it can."""

    name = "speed-consistency"
    weight = 0.34

    def check(self, look: Look) -> bool:
        before, now = look.before, look.now
        if before is None:
            return False
        passed = now.generated - before.generated
        if not 0.0 < passed < LONGEST:
            return False
        change = now.speed - before.speed
        return change > UP * passed + STEP or -change > DOWN * passed + STEP
