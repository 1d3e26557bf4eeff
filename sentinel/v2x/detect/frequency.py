"""Beacon frequency: more messages than anybody may send (F2MD beacon frequency)."""

from __future__ import annotations

from collections import deque

from sentinel.v2x.detect.base import Detector, Look

SPAN = 1.0
"""s."""
MOST = 13
"""Messages in it: a BSM is sent at most ten times a second (T/CSAE 53, ETSI EN 302 637-2 for CAM); three
more for what waited in a queue."""


class Frequency(Detector):
    """The station sends too often."""

    name = "beacon-frequency"
    weight = 0.25

    def check(self, look: Look) -> bool:
        times: deque[float] | None = look.track.memo.get(self.name)
        if times is None:
            times = look.track.memo[self.name] = deque(maxlen=MOST + 1)
        times.append(look.now.received)
        return len(times) > MOST and times[-1] - times[0] < SPAN
