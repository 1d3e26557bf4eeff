"""A place that is off by the same way always."""

from __future__ import annotations

from random import Random

from sentinel.v2x.scene.attacks.base import Attack, Ether, Sent, signed
from sentinel.v2x.scene.state import Beacon, State

OFFSET = (20.0, 70.0)
"""m along each axis, of either sign (VeReMi NextGen constantPositionOffset)."""


class ConstantPositionOffset(Attack):
    """The position is moved by an offset that is drawn once."""

    name = "constant-position-offset"

    def __init__(self, random: Random, ether: Ether) -> None:
        super().__init__(random, ether)
        self._offset = (signed(random, *OFFSET), signed(random, *OFFSET))

    def send(self, own: Beacon, truth: State) -> Sent:
        dx, dy = self._offset
        return [(own.but(x=own.x + dx, y=own.y + dy), True)]
