"""Vehicles that are not there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from sentinel.v2x.scene.attacks.base import Attack, Ether, Sent, signed
from sentinel.v2x.scene.state import Beacon, State
from sentinel.v2x.scene.vehicle import identity

GHOSTS = (4, 6)
"""Vehicles made up (VeReMi NextGen trafficCongestionSybil)."""
BESIDE = (2.0, 3.0)
"""m to either side (the same)."""
ALONG = (5.0, 6.0)
"""m ahead or behind, times one, one, two, two, three, three (the same)."""
SPREAD = 2.0
"""m, further along each axis (the same)."""
SPEED = 0.05
"""Share by which speed and acceleration differ (the same)."""
HEADING = 0.01
"""Share by which the heading differs (the same)."""


@dataclass(slots=True)
class _Ghost:
    station: str
    beside: float
    along: float
    x: float
    y: float
    speed: float
    acceleration: float
    heading: float


class Sybil(Attack):
    """Beside each true message of the attacker go those of four to six vehicles around it.

    VeReMi NextGen draws all anew for each message, each with an identity of its own. A vehicle has twenty
    certificates at a time, so here a ghost keeps its identity and what was drawn for it, as in F2MD's
    GridSybil. The attacker's own messages are true.
    """

    name = "sybil"
    weak = True

    def __init__(self, random: Random, ether: Ether) -> None:
        super().__init__(random, ether)
        self._ghosts = [
            _Ghost(
                identity(random),
                signed(random, *BESIDE),
                signed(random, *ALONG) * math.ceil(i / 2),
                random.uniform(-SPREAD, SPREAD),
                random.uniform(-SPREAD, SPREAD),
                random.uniform(1 - SPEED, 1 + SPEED),
                random.uniform(1 - SPEED, 1 + SPEED),
                random.uniform(1 - HEADING, 1 + HEADING),
            )
            for i in range(1, random.randint(*GHOSTS) + 1)
        ]

    def send(self, own: Beacon, truth: State) -> Sent:
        way = math.radians(own.heading)
        sin, cos = math.sin(way), math.cos(way)
        sent: Sent = [(own, False)]
        for number, ghost in enumerate(self._ghosts, 1):
            claim = own.but(
                station=ghost.station,
                sent=own.sent + number * 1e-4,
                generated=own.generated,
                x=own.x + sin * ghost.along + cos * ghost.beside + ghost.x,
                y=own.y + cos * ghost.along - sin * ghost.beside + ghost.y,
                speed=own.speed * ghost.speed,
                acceleration=own.acceleration * ghost.acceleration,
                heading=own.heading * ghost.heading % 360.0,
            )
            sent.append((claim, True))
        return sent
