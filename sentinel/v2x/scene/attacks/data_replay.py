"""What others said, as one's own."""

from __future__ import annotations

from random import Random

from sentinel.v2x.scene.attacks.base import Attack, Ether, Sent, oldest
from sentinel.v2x.scene.state import Beacon, State

RUN = (4, 8)
"""Messages of one victim before another is taken (VeReMi NextGen dataReplay)."""


class DataReplay(Attack):
    """Each message holds what another vehicle sent within the last five seconds: its messages in turn, from
    the oldest on, then those of another. Identity and time are the attacker's own."""

    name = "data-replay"
    weak = True

    def __init__(self, random: Random, ether: Ether) -> None:
        super().__init__(random, ether)
        self._most = random.randint(*RUN)
        self._run = 0
        self._victim = ""
        self._at = 0.0

    def send(self, own: Beacon, truth: State) -> Sent:
        heard = self.ether.heard(truth.x, truth.y, but=own.station)
        follow = [b for b in heard if b.station == self._victim and b.sent > self._at]
        if follow and self._run < self._most:
            self._run += 1
            taken = oldest(follow)
        else:
            others = sorted({b.station for b in heard} - {self._victim})
            if not others:
                return [(own, False)]
            self._victim, self._run = self.random.choice(others), 0
            taken = oldest([b for b in heard if b.station == self._victim])
        self._at = taken.sent
        claim = taken.but(station=own.station, sent=own.sent, generated=own.generated, counter=own.counter)
        return [(claim, True)]
