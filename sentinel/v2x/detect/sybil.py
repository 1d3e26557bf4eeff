"""Sybil proximity: vehicles whose positions err alike. Ours; F2MD leaves Sybil attacks to the authority.

Ghosts around a vehicle are made from its own position, with the error it has. The part of an error that
changes from message to message is each receiver's own (multipath, noise), also where satellites and the
atmosphere put both off by the same way: so two vehicles never share it.
"""

from __future__ import annotations

import math

from sentinel.v2x.detect.base import Detector, Look
from sentinel.v2x.detect.track import Seen, Track

EVERY = 5
"""Messages of a station for each look around."""
APART = 30.0
"""m within which vehicles are compared: six ghosts of VeReMi NextGen are within 23 m."""
COMMON = 15
"""Steps of both between the same times."""
LIKE = 0.08
"""Variance of the difference of both steps, of the sum of their variances: 1 for errors of their own, 0 for
a copy. Of two honest vehicles one in 1e10 is so alike in 15 steps along both axes (correlation 0.92)."""
LEAST = 0.015
"""m, standard deviation of a step from which on there is something to compare: a BSM rounds to 0.011 m."""
ROUNDED = 0.06
"""m by which two steps of a copy may differ from two others: roundings, and what a ghost's speed changes."""


class Sybil(Detector):
    """The position of a station errs as that of another near it does."""

    name = "sybil-proximity"
    weight = 0.34

    def check(self, look: Look) -> bool:
        track, now = look.track, look.now
        if track.messages % EVERY or len(track.seen) < COMMON:
            return False
        return any(
            _alike(track, other)
            for other, last in look.world.around(track, now)
            if len(other.seen) >= COMMON and math.hypot(last.x - now.x, last.y - now.y) < APART
        )


def _may_be(track: Track, other: Track) -> bool:
    """A look at two steps, which spares the rest for nearly all."""
    apart = []
    for seen in (track.seen[-1], track.seen[-3]):
        their = next(
            (o for o in (other.seen[i] for i in (-1, -2, -3, -4)) if o.generated == seen.generated), None
        )
        if their is None:
            return False
        apart.append((seen.step_x - their.step_x, seen.step_y - their.step_y))
    (x1, y1), (x2, y2) = apart
    return abs(x1 - x2) < ROUNDED and abs(y1 - y2) < ROUNDED


def _alike(track: Track, other: Track) -> bool:
    if not _may_be(track, other):
        return False
    theirs: dict[float, Seen] = {seen.generated: seen for seen in other.seen}
    pairs = []
    for seen in track.seen:
        their = theirs.get(seen.generated)
        if their is not None and abs(their.passed - seen.passed) < 0.001 and seen.passed > 0.0:
            pairs.append((seen.step_x, seen.step_y, their.step_x, their.step_y))
    if len(pairs) < COMMON:
        return False
    alone = _variance([p[0] for p in pairs]) + _variance([p[1] for p in pairs])
    others = _variance([p[2] for p in pairs]) + _variance([p[3] for p in pairs])
    if min(alone, others) < 2 * LEAST * LEAST:
        return False
    apart = _variance([p[0] - p[2] for p in pairs]) + _variance([p[1] - p[3] for p in pairs])
    return apart < LIKE * (alone + others)


def _variance(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / len(values)
