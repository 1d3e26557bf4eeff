"""Payloads from SI units: what scenes and tests send.

Angles are degrees from north, clockwise; places degrees; times s, POSIX; nan is unknown. What is beyond a
field's bounds is at them.
"""

from sentinel.v2x.payloads.day1 import (
    EMERGENCY_CLASS,
    SPEED_LIMIT_SIGN,
    Participant,
    bsm,
    emergency_bsm,
    rsi_speed_limit,
    rsm,
    spat,
)
from sentinel.v2x.payloads.etsi import cam, denm

__all__ = [
    "EMERGENCY_CLASS",
    "SPEED_LIMIT_SIGN",
    "Participant",
    "bsm",
    "cam",
    "denm",
    "emergency_bsm",
    "rsi_speed_limit",
    "rsm",
    "spat",
]
