"""A stop that did not happen."""

from __future__ import annotations

import math
from random import Random

from sentinel.v2x.scene.attacks.base import Attack, Ether, Sent
from sentinel.v2x.scene.state import Beacon, State

RATE = 0.05
"""Chance of a stop in a second (VeReMi NextGen suddenStop and F2MD: in a message, of one a second)."""
STEP = 0.1
"""s between messages."""


class SuddenStop(Attack):
    """From some message on, the vehicle claims to stand where it was then.

    False while the vehicle drives (1 m/s) or once it is 20 m away; the message of the stop itself if the
    vehicle did not brake.
    """

    name = "sudden-stop"
    weak = True

    def __init__(self, random: Random, ether: Ether) -> None:
        super().__init__(random, ether)
        self._stopped: tuple[Beacon, State] | None = None

    def send(self, own: Beacon, truth: State) -> Sent:
        if self._stopped is None:
            if self.random.random() >= RATE * STEP:
                return [(own, False)]
            self._stopped = (own, truth)
            return [
                (own.but(speed=0.0, acceleration=0.0), truth.speed > 1.0 and truth.acceleration >= 0.0),
            ]
        then, where = self._stopped
        far = math.hypot(truth.x - where.x, truth.y - where.y) >= 20.0
        claim = own.but(x=then.x, y=then.y, heading=then.heading, yaw_rate=0.0, speed=0.0, acceleration=0.0)
        return [(claim, truth.speed > 1.0 or far)]
