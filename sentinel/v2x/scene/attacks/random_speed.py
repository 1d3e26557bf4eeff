"""Any speed, another for each message."""

from __future__ import annotations

from sentinel.v2x.scene.attacks.base import Attack, Sent
from sentinel.v2x.scene.attacks.constant_speed import FASTEST
from sentinel.v2x.scene.state import Beacon, State


class RandomSpeed(Attack):
    """Each message says another speed up to 40 m/s (F2MD RandomSpeed)."""

    name = "random-speed"

    def send(self, own: Beacon, truth: State) -> Sent:
        return [(own.but(speed=self.random.uniform(0.0, FASTEST)), True)]
