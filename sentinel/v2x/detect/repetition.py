"""Repetition: a vehicle that drives is elsewhere in its next message. Ours, against floods of copies."""

from __future__ import annotations

from sentinel.v2x.detect.base import Detector, Look

MOVING = 1.0
"""m/s: ten messages a second are 10 cm apart then, a BSM's position is in steps of 1 cm. Speed, heading and
acceleration must be alike too: an error that wanders can undo a way, not all of it."""


class Repetition(Detector):
    """A message says the same as the one before while the vehicle drives."""

    name = "repetition"
    weight = 0.25

    def check(self, look: Look) -> bool:
        before = look.track.memo.get(self.name)
        look.track.memo[self.name] = look.key
        return before == look.key and look.now.speed > MOVING
