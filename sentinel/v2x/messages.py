"""What a receiver knows of one decoded message, in SI units.

Scenes make observations, verification and the detectors read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sentinel import _native

Family: TypeAlias = Literal["day1", "etsi"]
"""Who says what the octets are (the AID or PSID of the envelope, a port): T/CSAE 53 day 1, or ETSI."""

TAI_AHEAD = 5.0
"""Seconds that counts of TAI since 2004-01-01 are ahead of UTC, since 2017."""

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


def observe(
    payload: bytes,
    received: float,
    *,
    signer: str = "",
    family: Family = "day1",
    tai_ahead: float = TAI_AHEAD,
) -> Observation:
    """What a message says, received at a moment (s, POSIX).

    Raises:
        ValueError: the octets are no whole message of the family; one line.
    """
    return Observation(*_native.v2x_observation(payload, received, signer, family, tai_ahead))
