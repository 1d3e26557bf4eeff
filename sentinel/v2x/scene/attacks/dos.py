"""Too many messages."""

from __future__ import annotations

from random import Random

from sentinel.v2x.scene.attacks.base import Attack, Ether, Sent
from sentinel.v2x.scene.attacks.sudden_stop import STEP
from sentinel.v2x.scene.state import Beacon, State

TIMES = (2, 4)
"""Messages for each honest one (VeReMi NextGen dosAttack; F2MD DosMultipleFreq is 4)."""


class Dos(Attack):
    """Each message is sent two to four times, spread over its interval; times and counters go on."""

    name = "dos"
    weak = True

    def __init__(self, random: Random, ether: Ether) -> None:
        super().__init__(random, ether)
        self._times = random.randint(*TIMES)

    def send(self, own: Beacon, truth: State) -> Sent:
        return [
            (
                own.but(
                    sent=own.sent + i * STEP / self._times,
                    generated=own.generated + i * STEP / self._times,
                    counter=(own.counter * self._times + i) % 128,
                ),
                True,
            )
            for i in range(self._times)
        ]
