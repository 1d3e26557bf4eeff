"""Sudden stop: no vehicle stands from one message to the next. Ours, against feigned stops."""

from __future__ import annotations

from sentinel.v2x.detect.base import Detector, Look
from sentinel.v2x.detect.speed_consistency import DOWN, LONGEST

SLOW = 0.5
"""m/s, below it a vehicle stands."""
FROM = 1.5
"""m/s lost at least."""


class Stop(Detector):
    """The vehicle stands, and braked harder than it can. A crash can look like this: then the vehicle's
    messages say `crash`, and whoever decides sees its evidence."""

    name = "sudden-stop"
    weight = 1.0

    def check(self, look: Look) -> bool:
        before, now = look.before, look.now
        if before is None or now.speed > SLOW or before.speed - now.speed < FROM:
            return False
        passed = now.generated - before.generated
        return 0.0 < passed < LONGEST and before.speed - now.speed > DOWN * passed + 0.2
