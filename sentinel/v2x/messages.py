"""What a receiver knows of one decoded message, in SI units.

Scenes make observations, verification and the detectors read them.
"""

from __future__ import annotations

from dataclasses import dataclass

KINDS: tuple[str, ...] = ("bsm", "cam", "denm", "map", "spat", "rsi", "rsm")
"""Kinds of payload: five of T/CSAE 53 day 1 and two of ETSI."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One received, decoded message of a vehicle or a roadside unit.

    `nan` is an unknown number, -1 an unknown counter, the empty text an unsigned message.
    """

    received: float
    """s, POSIX, the receiver's clock."""
    generated: float
    """s, POSIX, as the message says: the minute or the 65.536 s it leaves open are those nearest to
    `received`."""
    kind: str
    """One of `KINDS`."""
    station: str
    """Temporary id of the payload, hex."""
    signer: str
    """HashedId8 of the signing certificate, hex."""
    counter: int
    """msgCnt, 0-127."""
    latitude: float
    """degrees, north positive."""
    longitude: float
    """degrees, east positive."""
    speed: float
    """m/s."""
    heading: float
    """degrees from north, clockwise."""
    acceleration: float
    """m/s2, along the vehicle."""
    yaw_rate: float
    """degrees/s, clockwise positive."""
    accuracy: float
    """m, semi-major axis of the position's ellipse."""
    length: float
    """m."""
    width: float
    """m."""
    events: frozenset[str]
    """What the message reports: hard-braking, emergency, ..."""
