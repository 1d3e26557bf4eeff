"""Braking that does not happen."""

from __future__ import annotations

from random import Random

from sentinel.v2x.scene.attacks.base import Attack, Ether, Sent
from sentinel.v2x.scene.state import Beacon, State

FACTOR = (2.0, 4.0)
"""By which an acceleration is multiplied, with its sign changed (VeReMi NextGen feignedBraking)."""
FELT = 0.25
"""m/s2: below it the vehicle hardly accelerates and the message is not counted as false (the same)."""


class FeignedBraking(Attack):
    """While the vehicle accelerates it claims to brake, two to four times as hard."""

    name = "feigned-braking"
    weak = True

    def __init__(self, random: Random, ether: Ether) -> None:
        super().__init__(random, ether)
        self._factor = random.uniform(*FACTOR)

    def send(self, own: Beacon, truth: State) -> Sent:
        if own.acceleration <= 0.0:
            return [(own, False)]
        return [(own.but(acceleration=-self._factor * own.acceleration), truth.acceleration > FELT)]
