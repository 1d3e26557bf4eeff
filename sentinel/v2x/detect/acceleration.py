"""Acceleration and speed: a vehicle that brakes becomes slower. Ours, against feigned braking."""

from __future__ import annotations

from sentinel.v2x.detect.base import Detector, Look

NEXT = 0.15
"""s between two messages that are compared: between more the acceleration may have changed."""
OFF = 0.75
"""m/s2 by which both may differ: a BSM rounds speeds to 0.02 m/s, which is 0.2 in 0.1 s. Acceleration of
0.25 m/s2, from which on it is felt, told as braking twice as hard (VeReMi NextGen, feignedBraking) is 0.75
off."""


class Acceleration(Detector):
    """The acceleration told is not that of the speeds told. It says of other messages nothing."""

    name = "acceleration-speed"
    weight = 0.2
    lasts = False

    def check(self, look: Look) -> bool:
        before, now = look.before, look.now
        if before is None:
            return False
        passed = now.generated - before.generated
        if not 0.05 < passed < NEXT:
            return False
        # an unknown acceleration is nan, and no comparison with it holds
        return abs((now.speed - before.speed) / passed - now.acceleration) > OFF
