"""What the detectors know of a station: its last messages in metres, and what was found in them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

KEPT = 40
"""Messages of a station that are kept: four seconds at ten a second."""


@dataclass(slots=True)
class Seen:
    """One message. Metres are those of the site's plane."""

    received: float
    generated: float
    x: float
    y: float
    speed: float
    heading: float
    """degrees from north."""
    acceleration: float
    accuracy: float
    length: float
    width: float
    reckoned_x: float
    reckoned_y: float
    """m, the way since the first message by speeds and headings alone."""
    passed: float
    """s since the message before."""
    step_x: float
    step_y: float
    """m, the way since the message before, less the one reckoned: what the position's error changed."""


@dataclass(slots=True)
class Track:
    """One station, by its temporary id."""

    station: str
    seen: deque[Seen] = field(default_factory=lambda: deque(maxlen=KEPT))
    """The last messages, the newest last; the one that is looked at is not yet among them."""
    memo: dict[str, Any] = field(default_factory=dict)
    """What a detector keeps for the station, under its name."""
    evidence: float = 0.0
    """Against the station; it fades (`sentinel.v2x.detect.fuse`)."""
    lasting: float = 0.0
    """That part of it which says that other messages are false too."""
    faded: float = 0.0
    """s, generation of the message up to which both have faded."""
    reported: bool = False
    convicted: bool = False
    hits: dict[str, int] = field(default_factory=dict)
    messages: int = 0

    def before(self, time: float) -> Seen | None:
        """The newest message kept that was generated at a time or earlier."""
        for seen in reversed(self.seen):
            if seen.generated <= time:
                return seen
        return None


def reckon(before: Seen | None, generated: float, speed: float, heading: float) -> tuple[float, float]:
    """The way by speeds and headings up to a message: trapezoids, m."""
    if before is None:
        return 0.0, 0.0
    passed = generated - before.generated
    if passed <= 0.0:
        return before.reckoned_x, before.reckoned_y
    now, then = math.radians(heading), math.radians(before.heading)
    half = passed / 2
    return (
        before.reckoned_x + half * (speed * math.sin(now) + before.speed * math.sin(then)),
        before.reckoned_y + half * (speed * math.cos(now) + before.speed * math.cos(then)),
    )
