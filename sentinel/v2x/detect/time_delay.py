"""Time delay: a message that tells a time long ago, or one to come."""

from __future__ import annotations

from sentinel.v2x.detect.base import Detector, Look

LATE = 1.0
"""s: messages arrive within 0.1 s of their generation (3GPP TS 22.185), clocks of vehicles are within
0.2 s (ETSI EN 302 637-2, 5.2); ten messages are late then."""
EARLY = 0.5
"""s."""


class TimeDelay(Detector):
    """The time told is not that of the receiver. A sender that puts a new time on what is old is seen by
    `range` and by what its neighbours do."""

    name = "time-delay"
    weight = 0.5

    def check(self, look: Look) -> bool:
        late = look.now.received - look.now.generated
        return late > LATE or late < -EARLY
