"""What an attack is: it turns the message a vehicle would send into those it does send.

Parameters are those of VeReMi NextGen (Documentation, Post-Processing, Attack Generator) and, for what it
does not have, of F2MD and VeReMi; each attack names its own. Their messages come once or twice a second,
those here ten times; what is said for a message there is said for a second here where it is a rate.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from random import Random
from typing import ClassVar

from sentinel.v2x.scene.state import Beacon, State
from sentinel.v2x.site import Site

KEPT = 5.0
"""s that attackers remember what they heard (VeReMi NextGen, dataReplay)."""
EARSHOT = 400.0
"""m within which they hear (the same)."""

Sent = list[tuple[Beacon, bool]]
"""Messages with whether they are false: what does not change a message's meaning is no attack (NextGen,
"Attack Labeling Logic")."""


class Ether:
    """What was sent lately, for attackers who listen. Bounded by `KEPT`."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._steps: deque[tuple[float, list[Beacon]]] = deque()

    def add(self, time: float, beacons: list[Beacon]) -> None:
        """Remember the messages of a step."""
        self._steps.append((time, beacons))
        while self._steps and self._steps[0][0] < time - KEPT:
            self._steps.popleft()

    def heard(self, x: float, y: float, *, but: str) -> list[Beacon]:
        """Messages of others around a place, the oldest first."""
        return [
            beacon
            for _, beacons in self._steps
            for beacon in beacons
            if beacon.station != but and math.hypot(beacon.x - x, beacon.y - y) < EARSHOT
        ]


class Attack:
    """One attacker. The scene calls `send` for each message of the vehicle."""

    name: ClassVar[str]
    weak: ClassVar[bool] = False
    """Whether the best published checks hardly see it."""

    def __init__(self, random: Random, ether: Ether) -> None:
        self.random, self.ether = random, ether

    def send(self, own: Beacon, truth: State) -> Sent:
        """What goes on the air in place of a message."""
        raise NotImplementedError


def signed(random: Random, low: float, high: float) -> float:
    """A number between two bounds, of either sign."""
    return random.choice((-1.0, 1.0)) * random.uniform(low, high)


def area(site: Site) -> tuple[float, float, float, float]:
    """The square around the receiver in which it hears: lowest and highest x, lowest and highest y, m."""
    return site.x - site.range, site.x + site.range, site.y - site.range, site.y + site.range


def anywhere(random: Random, site: Site) -> tuple[float, float]:
    """A place in the area."""
    low_x, high_x, low_y, high_y = area(site)
    return random.uniform(low_x, high_x), random.uniform(low_y, high_y)


def oldest(beacons: Sequence[Beacon]) -> Beacon:
    """The one that was sent first."""
    return min(beacons, key=lambda beacon: beacon.sent)
