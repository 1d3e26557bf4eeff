"""A place that never changes."""

from __future__ import annotations

from random import Random

from sentinel.v2x.scene.attacks.base import Attack, Ether, Sent, anywhere
from sentinel.v2x.scene.state import Beacon, State


class ConstantPosition(Attack):
    """The vehicle claims to be at one place, drawn once from the area (F2MD ConstPos; VeReMi type 1)."""

    name = "constant-position"

    def __init__(self, random: Random, ether: Ether) -> None:
        super().__init__(random, ether)
        self._place = anywhere(random, ether.site)

    def send(self, own: Beacon, truth: State) -> Sent:
        x, y = self._place
        return [(own.but(x=x, y=y), True)]
