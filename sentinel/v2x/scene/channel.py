"""What of the messages arrives: a disc with losses that rise towards its edge."""

from __future__ import annotations

import math
from random import Random

RANGE = 320.0
"""m. Receivers of VeReMi NextGen hear about so far: the ranges that its authors found best for their checks
are 309 to 338 m (Documentation, Evaluation, Results)."""
LOSS = 0.02
"""Share of messages lost near the receiver, a congested channel's order; ten times that at the edge."""
LATENCY = (0.002, 0.09)
"""s between generation and reception: a vehicle's own slot in the 100 ms of its messages."""
JITTER = 0.003
"""s, on top for each message."""


class Channel:
    """The way to one receiver."""

    def __init__(self, random: Random, x: float, y: float, range: float = RANGE) -> None:
        self._random, self._x, self._y, self._range = random, x, y, range
        self._slots: dict[str, float] = {}

    def arrival(self, sent: float, vehicle: str, x: float, y: float) -> float | None:
        """When a message sent at a true place arrives, or nothing if it is lost."""
        share = math.hypot(x - self._x, y - self._y) / self._range
        if share > 1.0 or self._random.random() < LOSS * (1.0 + 9.0 * share**4):
            return None
        slot = self._slots.get(vehicle)
        if slot is None:
            slot = self._slots[vehicle] = self._random.uniform(*LATENCY)
        return sent + slot + self._random.uniform(0.0, JITTER)
