"""Any place, another for each message."""

from __future__ import annotations

from sentinel.v2x.scene.attacks.base import Attack, Sent, anywhere
from sentinel.v2x.scene.state import Beacon, State


class RandomPosition(Attack):
    """Each message says another place of the area (F2MD RandomPos; VeReMi type 4)."""

    name = "random-position"

    def send(self, own: Beacon, truth: State) -> Sent:
        x, y = anywhere(self.random, self.ether.site)
        return [(own.but(x=x, y=y), True)]
