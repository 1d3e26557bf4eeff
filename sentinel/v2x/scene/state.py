"""True states of vehicles, and what they say of themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple


class State(NamedTuple):
    """Where a vehicle really is: SI units, degrees from north. Its place is the middle of its front bumper,
    as SUMO and VeReMi have it."""

    vehicle: str
    x: float
    y: float
    heading: float
    speed: float
    acceleration: float
    length: float
    width: float


@dataclass(slots=True)
class Beacon:
    """What a vehicle sends. Attacks change copies of it."""

    station: str
    sent: float
    """s, when it goes on the air."""
    generated: float
    """s, as it says."""
    counter: int
    x: float
    y: float
    """m in the scene's plane, with the sensors' error."""
    speed: float
    heading: float
    acceleration: float
    yaw_rate: float
    accuracy: float
    length: float
    width: float

    def but(self, **changes: object) -> Beacon:
        """A copy with some things changed."""
        return replace(self, **changes)  # type: ignore[arg-type]
