"""Detectors of misbehaviour: one file and one entry each. `sentinel.v2x.detect.fuse` puts them together."""

from __future__ import annotations

from sentinel.v2x.detect.acceleration import Acceleration
from sentinel.v2x.detect.base import Detector
from sentinel.v2x.detect.frequency import Frequency
from sentinel.v2x.detect.intersection import Intersection
from sentinel.v2x.detect.kalman import Kalman
from sentinel.v2x.detect.lane import Lane
from sentinel.v2x.detect.position import Position
from sentinel.v2x.detect.position_consistency import PositionConsistency
from sentinel.v2x.detect.position_heading import PositionHeading
from sentinel.v2x.detect.position_speed import PositionSpeed
from sentinel.v2x.detect.range import Range
from sentinel.v2x.detect.repetition import Repetition
from sentinel.v2x.detect.replay import Replay
from sentinel.v2x.detect.speed import Speed
from sentinel.v2x.detect.speed_consistency import SpeedConsistency
from sentinel.v2x.detect.stop import Stop
from sentinel.v2x.detect.sudden_appearance import SuddenAppearance
from sentinel.v2x.detect.sybil import Sybil
from sentinel.v2x.detect.time_delay import TimeDelay

DETECTORS: tuple[type[Detector], ...] = (
    Range,
    Position,
    Speed,
    PositionConsistency,
    SpeedConsistency,
    PositionSpeed,
    PositionHeading,
    Intersection,
    SuddenAppearance,
    Frequency,
    Kalman,
    Replay,
    TimeDelay,
    Sybil,
    Repetition,
    Acceleration,
    Stop,
    Lane,
)
"""Every detector, in the order in which a message meets them."""
