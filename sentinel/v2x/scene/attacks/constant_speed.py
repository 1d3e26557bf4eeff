"""A speed that never changes."""

from __future__ import annotations

from random import Random

from sentinel.v2x.scene.attacks.base import Attack, Ether, Sent
from sentinel.v2x.scene.state import Beacon, State

FASTEST = 40.0
"""m/s (F2MD RandomSpeedX)."""


class ConstantSpeed(Attack):
    """The vehicle claims one speed, drawn once (F2MD ConstSpeed). What is within 1 m/s of the truth is no
    attack (VeReMi NextGen, suddenConstantSpeed)."""

    name = "constant-speed"

    def __init__(self, random: Random, ether: Ether) -> None:
        super().__init__(random, ether)
        self._speed = random.uniform(0.0, FASTEST)

    def send(self, own: Beacon, truth: State) -> Sent:
        return [(own.but(speed=self._speed), abs(self._speed - truth.speed) > 1.0)]
