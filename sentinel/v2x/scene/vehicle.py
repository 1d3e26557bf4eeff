"""An honest vehicle: from its true state to the message it sends."""

from __future__ import annotations

from random import Random

from sentinel.v2x.geo import turn
from sentinel.v2x.scene.noise import ACCURACY, Sensors
from sentinel.v2x.scene.state import Beacon, State

FIRST_CHANGE = (800.0, 1500.0)
"""m until the first change of the pseudonym, and with it of the certificate; later changes need this and
`LATER_CHANGE` too (VeReMi NextGen, CamApp, "Pseudonym Change")."""
LATER_CHANGE = (120.0, 360.0)
"""s between later changes."""


class Vehicle:
    """The sender of a vehicle: its sensors, its pseudonym, its counter."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._sensors = Sensors(random)
        self._driven = 0.0
        self._last: tuple[float, State] | None = None
        self._counter = 0
        self._change_at = random.uniform(*FIRST_CHANGE)
        self._change_after = 0.0
        self.station = ""
        self._renew()

    def _renew(self) -> None:
        self.station = identity(self._random)
        self._counter = self._random.randrange(128)

    def beacon(self, time: float, state: State) -> Beacon:
        """The message of a step."""
        yaw = 0.0
        if self._last is not None:
            passed, before = time - self._last[0], self._last[1]
            self._driven += state.speed * passed
            yaw = turn(state.heading, before.heading) / passed
        self._last = (time, state)
        if self._driven >= self._change_at and time >= self._change_after:
            self._change_at = self._driven + self._random.uniform(*FIRST_CHANGE)
            self._change_after = time + self._random.uniform(*LATER_CHANGE)
            self._renew()
        self._counter = (self._counter + 1) % 128
        sensors = self._sensors
        x, y = sensors.position(state.x, state.y)
        speed = sensors.speed(state.speed)
        return Beacon(
            self.station,
            time,
            time,
            self._counter,
            x,
            y,
            speed,
            sensors.heading(state.heading, state.speed),
            sensors.acceleration(state.acceleration),
            yaw,
            ACCURACY,
            state.length,
            state.width,
        )


def identity(random: Random) -> str:
    """A temporary id of a BSM: eight octets (T/CSAE 53), hex."""
    return f"{random.getrandbits(64):016x}"
