"""The attacks of scenes: one file and one entry each."""

from __future__ import annotations

from sentinel.v2x.scene.attacks.base import Attack
from sentinel.v2x.scene.attacks.constant_position import ConstantPosition
from sentinel.v2x.scene.attacks.constant_position_offset import ConstantPositionOffset
from sentinel.v2x.scene.attacks.constant_speed import ConstantSpeed
from sentinel.v2x.scene.attacks.constant_speed_offset import ConstantSpeedOffset
from sentinel.v2x.scene.attacks.data_replay import DataReplay
from sentinel.v2x.scene.attacks.dos import Dos
from sentinel.v2x.scene.attacks.feigned_braking import FeignedBraking
from sentinel.v2x.scene.attacks.position_mirroring import PositionMirroring
from sentinel.v2x.scene.attacks.random_position import RandomPosition
from sentinel.v2x.scene.attacks.random_position_offset import RandomPositionOffset
from sentinel.v2x.scene.attacks.random_speed import RandomSpeed
from sentinel.v2x.scene.attacks.random_speed_offset import RandomSpeedOffset
from sentinel.v2x.scene.attacks.sudden_stop import SuddenStop
from sentinel.v2x.scene.attacks.sybil import Sybil
from sentinel.v2x.scene.attacks.time_delay import TimeDelay

ATTACKS: tuple[type[Attack], ...] = (
    ConstantPosition,
    ConstantPositionOffset,
    RandomPosition,
    RandomPositionOffset,
    ConstantSpeed,
    ConstantSpeedOffset,
    RandomSpeed,
    RandomSpeedOffset,
    SuddenStop,
    FeignedBraking,
    PositionMirroring,
    TimeDelay,
    DataReplay,
    Dos,
    Sybil,
)
"""Every attack, in the order in which a mixed scene deals them to its attackers."""

NAMES: tuple[str, ...] = tuple(attack.name for attack in ATTACKS)
