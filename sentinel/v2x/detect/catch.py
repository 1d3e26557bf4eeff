"""CaTCH as a second detector: the published checks with their published parameters, to compare with.

Checks: Kamel, Kaiser, Ben Jemaa, Cincilla, Urien, "CaTch: A Confidence Range Tolerant Misbehavior Detection
Approach", WCNC 2019, in the form in which VeReMi NextGen's authors evaluate them (Documentation, Evaluation,
CaTCH-MBD System); parameters: the same, Results, "Optimized Parameter", column VeReMi NextGen. Each check
gives the share of what the errors allow that is plausible; a message is false if one is below one half.
Their check of sudden appearance was not used there, nor is it here. Where both forms differ the kinder one
is taken (`overlap.at_least`).

Their data has a message each 0.5 to 1 s: a message is compared with the station's newest that is half a
second old, so that the parameters mean what they meant. The radius of a position's error is the accuracy
that the message states; theirs was the true error, which a receiver does not know.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from dataclasses import dataclass

from sentinel.v2x.detect import overlap
from sentinel.v2x.detect.fuse import ACCURACY, TOLD, TRUE, Verdict
from sentinel.v2x.geo import turn
from sentinel.v2x.messages import Observation
from sentinel.v2x.site import Site

RANGE = 337.890
ROAD = -2.831
SPEED = 62.946
UP = 3.113
DOWN = 5.301
HEADING_CHANGE = 129.667
INTERSECTION = 3.166
LONGEST = 1.922
HEADING_TIME = 3.472
MARGIN_UP = 1.492
MARGIN_DOWN = 3.200
OFF_ROAD_SPEED = 0.0
"""MPR, MPDN, MPS, MPA, MPD, MHC, MDI, MTD, PHT, MMRU, MMRD, MNRS: m, m/s, m/s2, degrees, s."""

SPEED_ERROR = 0.00016
HEADING_ERROR = 10.0
"""degrees at rest, the mean of an error within 20; times exp(-0.1 v) (the noise model of VeReMi NextGen)."""
INTERVAL = 0.5
"""s, the shortest between two of their messages."""
HALF = 0.5
STATIONS = 4_096
KEPT = 16


@dataclass(slots=True)
class _Message:
    received: float
    generated: float
    x: float
    y: float
    radius: float
    speed: float
    heading: float
    length: float
    width: float

    @property
    def speed_error(self) -> float:
        return self.speed * SPEED_ERROR

    @property
    def heading_error(self) -> float:
        return HEADING_ERROR * math.exp(-0.1 * self.speed)


class Catch:
    """CaTCH's checks at one place. No state but the last messages of each station, as published."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._stations: OrderedDict[str, deque[_Message]] = OrderedDict()
        self._reported: OrderedDict[str, None] = OrderedDict()

    def judge(self, message: Observation) -> Verdict:
        """Decide on a message; a station is reported with its first false one."""
        if message.kind not in TOLD:
            return TRUE
        site, station = self._site, message.station
        x, y = site.plane.metres(message.latitude, message.longitude)
        if not (math.isfinite(x) and math.isfinite(y)):
            return TRUE
        radius = message.accuracy if message.accuracy > 0.0 else ACCURACY
        now = _Message(
            message.received,
            message.generated,
            x,
            y,
            radius,
            message.speed,
            message.heading,
            message.length,
            message.width,
        )
        kept = self._stations.get(station)
        if kept is None:
            if len(self._stations) >= STATIONS:
                self._stations.popitem(last=False)
            kept = self._stations[station] = deque(maxlen=KEPT)
        self._stations.move_to_end(station)
        then = next((old for old in reversed(kept) if old.generated <= now.generated - INTERVAL), None)
        reasons = self._alone(now)
        if then is not None:
            reasons += _pair(now, then)
        if self._meets(station, now):
            reasons.append("intersection")
        kept.append(now)
        if not reasons:
            return TRUE
        new = station not in self._reported
        self._reported[station] = None
        while len(self._reported) > STATIONS:
            self._reported.popitem(last=False)
        return Verdict(True, tuple(reasons), new)

    def _alone(self, now: _Message) -> list[str]:
        site, found = self._site, []
        away = math.hypot(now.x - site.x, now.y - site.y)
        if overlap.circles(away, now.radius, 0.0, RANGE) < HALF:
            found.append("range")
        half = abs(now.speed_error) / 2
        if now.speed - half > SPEED or (half and now.speed + half > SPEED and now.speed > SPEED):
            found.append("speed-plausibility")
        inside = -site.near(now.x, now.y, now.heading).edge
        slow = max(now.speed - now.speed_error, 0.0) <= OFF_ROAD_SPEED
        if not (slow and inside <= 0.0) and overlap.beyond(inside, now.radius, ROAD) < HALF:
            found.append("position-plausibility")
        return found

    def _meets(self, station: str, now: _Message) -> bool:
        for other, kept in self._stations.items():
            if other == station or not kept:
                continue
            last = kept[-1]
            passed = now.received - last.received
            if passed >= INTERSECTION or abs(last.x - now.x) > 8.0 or abs(last.y - now.y) > 8.0:
                continue
            recent = (INTERSECTION - passed) / INTERSECTION
            factor = overlap.vehicles(
                (now.x, now.y, now.heading, now.width, now.length, now.radius),
                (last.x, last.y, last.heading, last.width, last.length, last.radius),
                (1.01 - HALF) / recent,
            )
            if 1.01 - factor * recent < HALF:
                return True
        return False


def _pair(now: _Message, then: _Message) -> list[str]:
    passed = now.generated - then.generated
    way = math.hypot(now.x - then.x, now.y - then.y)
    found = []
    if overlap.circles(way, now.radius, then.radius, SPEED * passed) < HALF:
        found.append("position-consistency")
    change = now.speed - then.speed
    most = (UP if change > 0 else DOWN) * passed
    if overlap.segments(abs(change), now.speed_error, then.speed_error, most) < HALF:
        found.append("speed-consistency")
    if passed < LONGEST and _position_speed(now, then, way, passed) < HALF:
        found.append("position-speed")
    if passed < HEADING_TIME and way >= 1.0 and now.speed - now.speed_error >= 1.0:
        pointed = math.degrees(math.atan2(now.x - then.x, now.y - then.y))
        off = abs(turn(now.heading, pointed))
        if overlap.direction(way, off, now.heading_error, now.radius, then.radius) < HALF:
            found.append("position-heading")
    return found


def _position_speed(now: _Message, then: _Message, way: float, passed: float) -> float:
    """Three guesses of the speeds - with the error apart, together, and without - and the ways they allow."""
    fast = max(now.speed, then.speed)
    if fast < 1.0 and way - now.radius - then.radius <= fast * passed:
        return 1.0
    near = now.speed - now.speed_error, then.speed + then.speed_error
    if near[0] < near[1]:
        near = ((now.speed + then.speed) / 2,) * 2
    guesses = (
        (now.speed + now.speed_error, then.speed - then.speed_error),
        near,
        (now.speed, then.speed),
    )
    slow = min(now.speed, then.speed)
    margin = max(0.0, MARGIN_DOWN + 0.3571 * slow - 0.01694 * slow * slow)
    low = high = 0.0
    for number, (last, first) in enumerate(guesses):
        least, most = _ways(last, first, passed)
        if number == 0:
            low += 1.0 - overlap.circles(way, now.radius, then.radius, least)
        else:
            low += overlap.at_least(way, now.radius, then.radius, least - margin)
        high += overlap.at_most(way, now.radius, then.radius, most + MARGIN_UP)
    return min(low, high) / 3.0


def _ways(last: float, first: float, passed: float) -> tuple[float, float]:
    """The shortest and the longest way between two speeds, m."""
    last, first = max(0.0, last), max(0.0, first)
    mean, change = (last + first) / 2, abs(last - first)
    way, rate = mean * passed, change / passed
    if rate < 1.0:
        share = 0.02
    elif rate < 5.0:
        share = 0.03 + 0.02 * (rate - 1.0) if rate < 2.5 else 0.05 + 0.02 * (rate - 2.5)
    else:
        share = 0.10
    share *= 0.7 if mean > 30.0 else 0.85 if mean > 20.0 else 1.0
    low = max(0.0, way - min(way * share, 0.25 * DOWN * passed * passed))
    high = way + min(way * share, 0.25 * UP * passed * passed)
    if change < 3.0:
        bound = 1.0 if change < 1.0 else 2.0
        low, high = max(low, way - bound), min(high, way + bound)
    return low, high
