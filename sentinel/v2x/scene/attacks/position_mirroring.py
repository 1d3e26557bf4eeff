"""The other side of the road."""

from __future__ import annotations

import math

from sentinel.v2x.scene.attacks.base import Attack, Sent
from sentinel.v2x.scene.state import Beacon, State


class PositionMirroring(Attack):
    """The position is moved to the left, into the middle of the opposite carriageway (VeReMi NextGen
    positionMirroring: the distance to the road's middle and half a carriageway). The heading stays."""

    name = "position-mirroring"
    weak = True

    def send(self, own: Beacon, truth: State) -> Sent:
        offset = self.ether.site.across(truth.x, truth.y, truth.heading)
        if offset is None:
            return [(own, False)]
        left = math.radians(truth.heading - 90.0)
        return [(own.but(x=own.x + offset * math.sin(left), y=own.y + offset * math.cos(left)), True)]
