"""What was, as if it were now."""

from __future__ import annotations

from collections import deque
from random import Random

from sentinel.v2x.scene.attacks.base import Attack, Ether, Sent
from sentinel.v2x.scene.state import Beacon, State

DELAY = (2.0, 4.0)
"""s (VeReMi NextGen timeDelayAttack; F2MD StaleMessages sends from a buffer like this)."""


class TimeDelay(Attack):
    """Each message holds what the vehicle measured two to four seconds ago, with the time of now."""

    name = "time-delay"
    weak = True

    def __init__(self, random: Random, ether: Ether) -> None:
        super().__init__(random, ether)
        self._delay = random.uniform(*DELAY)
        self._kept: deque[Beacon] = deque()

    def send(self, own: Beacon, truth: State) -> Sent:
        self._kept.append(own)
        if self._kept[0].generated > own.generated - self._delay:
            return []
        then = self._kept.popleft()
        claim = then.but(station=own.station, sent=own.sent, generated=own.generated, counter=own.counter)
        return [(claim, True)]
