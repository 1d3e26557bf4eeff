"""From hits to decisions: is a message false, is its station reported."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sentinel.v2x.detect import DETECTORS
from sentinel.v2x.detect.base import Detector, Look, World
from sentinel.v2x.detect.track import Seen, reckon
from sentinel.v2x.messages import Observation
from sentinel.v2x.site import Site

HALF_LIFE = 10.0
"""s in which evidence against a station fades to half."""
ENOUGH = 0.999
"""Evidence at which a station is reported, and with lasting evidence convicted."""
ACCURACY = 5.0
"""m, for a station that does not say how good its position is."""
FASTEST = 1_000.0
"""m/s: more is taken as this, beyond what any message can say (BSM 163.8, CAM 163.8)."""
TOLD = {"bsm", "cam"}
"""Kinds of messages that tell of their sender's motion."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided about a message."""

    false: bool
    """It cannot be true, or its station was found to lie."""
    reasons: tuple[str, ...]
    """Names of the detectors that it hit; none where only the station's past speaks against it."""
    reported: bool
    """With this message the station is reported, for the first time."""


TRUE = Verdict(False, (), False)


class Judge(Protocol):
    """Decides on messages in the order in which they arrive."""

    def judge(self, message: Observation) -> Verdict:
        """Decide on a message."""


class Monitor:
    """Our detectors at one place. Memory is bounded by `sentinel.v2x.detect.base.STATIONS` stations."""

    def __init__(self, site: Site, detectors: Sequence[type[Detector]] = DETECTORS) -> None:
        self.world = World(site)
        self._detectors = [detector() for detector in detectors]

    def judge(self, message: Observation) -> Verdict:
        """Decide on a message. Messages that tell nothing of a vehicle's motion are not looked at."""
        if message.kind not in TOLD:
            return TRUE
        world = self.world
        x, y = world.site.plane.metres(message.latitude, message.longitude)
        if not (math.isfinite(x) and math.isfinite(y)):
            return TRUE
        track = world.track(message.station)
        before = track.seen[-1] if track.seen else None
        generated, speed, heading = message.generated, message.speed, message.heading
        # what is unknown stays as it was: one such message must not hide what comes after it
        if not math.isfinite(speed):
            speed = before.speed if before is not None else 0.0
        if not math.isfinite(heading):
            heading = before.heading if before is not None else 0.0
        speed = min(max(speed, 0.0), FASTEST)
        reckoned_x, reckoned_y = reckon(before, generated, speed, heading)
        if before is None:
            passed = step_x = step_y = 0.0
        else:
            passed = generated - before.generated
            step_x = x - before.x - reckoned_x + before.reckoned_x
            step_y = y - before.y - reckoned_y + before.reckoned_y
        now = Seen(
            message.received,
            generated,
            x,
            y,
            speed,
            heading,
            message.acceleration,
            message.accuracy if message.accuracy > 0.0 else ACCURACY,
            message.length,
            message.width,
            reckoned_x,
            reckoned_y,
            passed,
            step_x,
            step_y,
        )
        key = (message.latitude, message.longitude, speed, heading, message.acceleration)
        look = Look(track, now, before, world, key)
        track.messages += 1
        hits = [detector for detector in self._detectors if detector.check(look)]
        track.seen.append(now)
        world.place(track, x, y)
        false, reported = track.convicted, False
        if hits:
            fade = 0.5 ** (max(generated - track.faded, 0.0) / HALF_LIFE)
            track.evidence *= fade
            track.lasting *= fade
            track.faded = generated
            for detector in hits:
                track.hits[detector.name] = track.hits.get(detector.name, 0) + 1
                track.evidence += detector.weight
                if detector.lasts:
                    track.lasting += detector.weight
                false = false or detector.flags
            if track.lasting >= ENOUGH:
                track.convicted = false = True
            if track.evidence >= ENOUGH and not track.reported:
                track.reported = reported = True
        if not false and not hits:
            return TRUE
        return Verdict(false, tuple(detector.name for detector in hits), reported)
