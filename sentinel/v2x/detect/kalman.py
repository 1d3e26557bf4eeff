"""Kalman innovation: a filter is not surprised by an honest vehicle (F2MD Kalman checks)."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel.v2x.detect.base import Detector, Look
from sentinel.v2x.geo import turn

MEASURED = 0.03
"""m2, variance of what changes of a position's error between messages: 0.17 m, squared (VeReMi NextGen)."""
DRIVEN = 0.02
"""m2 for a second, variance of the way by speeds and headings: headings are off by up to 20 degrees."""
ASIDE = 0.1
"""Share of the way by which the heading's error leads aside: 6 degrees at 12 m/s."""
BEND = 10.0
MOST_BEND = 0.7
"""degrees of a turn since the message before at which the whole way may be aside, and most of such a share:
headings of long vehicles lag behind their front's way."""
SURPRISE = 60.0
"""Squared innovation over its variance, two degrees of freedom: chance 1e-13 where errors are normal. An
honest heading that is off by 20 degrees at 5 m/s is worth 10."""
LONGEST = 2.0
"""s: after a longer gap the filter begins anew."""


@dataclass(slots=True)
class _Filter:
    x: float
    y: float
    variance: float


class Kalman(Detector):
    """The claimed place is far from where a filter of the station's places and speeds expects it."""

    name = "kalman-innovation"
    weight = 0.25

    def check(self, look: Look) -> bool:
        now, before = look.now, look.before
        state: _Filter | None = look.track.memo.get(self.name)
        passed = 0.0 if before is None else now.generated - before.generated
        if state is None or before is None or not 0.0 <= passed < LONGEST:
            look.track.memo[self.name] = _Filter(now.x, now.y, MEASURED)
            return False
        x = state.x + now.reckoned_x - before.reckoned_x
        y = state.y + now.reckoned_y - before.reckoned_y
        bend = min(abs(turn(now.heading, before.heading)) / BEND, MOST_BEND)
        expected = state.variance + DRIVEN * passed + ((ASIDE + bend) * before.speed * passed) ** 2
        total = expected + MEASURED
        off_x, off_y = now.x - x, now.y - y
        gain = expected / total
        state.x, state.y = x + gain * off_x, y + gain * off_y
        state.variance = (1.0 - gain) * expected
        return (off_x * off_x + off_y * off_y) / total > SURPRISE
