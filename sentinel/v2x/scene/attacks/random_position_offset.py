"""A place that is off, another way for each message."""

from __future__ import annotations

from sentinel.v2x.scene.attacks.base import Attack, Sent, signed
from sentinel.v2x.scene.attacks.constant_position_offset import OFFSET
from sentinel.v2x.scene.state import Beacon, State


class RandomPositionOffset(Attack):
    """The position is moved by an offset drawn for each message (VeReMi NextGen randomPositionOffset)."""

    name = "random-position-offset"

    def send(self, own: Beacon, truth: State) -> Sent:
        x, y = own.x + signed(self.random, *OFFSET), own.y + signed(self.random, *OFFSET)
        return [(own.but(x=x, y=y), True)]
