"""A speed that is off by the same always."""

from __future__ import annotations

from random import Random

from sentinel.v2x.scene.attacks.base import Attack, Ether, Sent, signed
from sentinel.v2x.scene.state import Beacon, State

OFFSET = (1.0, 7.0)
"""m/s, of either sign (VeReMi NextGen constantSpeedOffset)."""


class ConstantSpeedOffset(Attack):
    """An offset that is drawn once is added to the speed. A BSM has no speed below zero."""

    name = "constant-speed-offset"

    def __init__(self, random: Random, ether: Ether) -> None:
        super().__init__(random, ether)
        self._offset = signed(random, *OFFSET)

    def send(self, own: Beacon, truth: State) -> Sent:
        speed = max(0.0, own.speed + self._offset)
        return [(own.but(speed=speed), speed != own.speed)]
