"""A speed that is off, by another value for each message."""

from __future__ import annotations

from sentinel.v2x.scene.attacks.base import Attack, Sent, signed
from sentinel.v2x.scene.attacks.constant_speed_offset import OFFSET
from sentinel.v2x.scene.state import Beacon, State


class RandomSpeedOffset(Attack):
    """An offset drawn for each message is added to the speed (VeReMi NextGen randomSpeedOffset). A BSM has
    no speed below zero."""

    name = "random-speed-offset"

    def send(self, own: Beacon, truth: State) -> Sent:
        speed = max(0.0, own.speed + signed(self.random, *OFFSET))
        return [(own.but(speed=speed), speed != own.speed)]
