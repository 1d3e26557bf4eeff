"""Errors of an honest vehicle's sensors.

Source: the sensor error model of VeReMi NextGen (Documentation, Eclipse MOSAIC, CamApp, "Sensor Error
Model"), which takes over that of F2MD and the VeReMi extension:

* position: at first uniform within 5 m along each axis; then each error is drawn around the middle of the
  first and the one before, with 3 % of the first as standard deviation;
* speed: a factor of 1 + N(0, 0.00016), fixed for a vehicle;
* acceleration: the change of the speed's error with time;
* heading: at first uniform within 20 degrees, times exp(-0.1 v), v in m/s.
"""

from __future__ import annotations

import math
from random import Random

POSITION = 5.0
"""m, bound of the first error along an axis."""
WANDER = 0.03
"""Standard deviation of a step, of the first error."""
SPEED = 0.00016
HEADING = 20.0
"""degrees, bound of the error at rest."""

ACCURACY = 2.9
"""m, what a vehicle says of its position: one standard deviation of an error that is uniform within 5 m
(5 / sqrt 3), in BSM and CAM alike."""


class Sensors:
    """The sensors of one vehicle."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._first = (random.uniform(-POSITION, POSITION), random.uniform(-POSITION, POSITION))
        self._x, self._y = self._first
        self._factor = random.gauss(0.0, SPEED)
        self._heading = random.uniform(-HEADING, HEADING)

    def position(self, x: float, y: float) -> tuple[float, float]:
        """Where the vehicle takes itself to be."""
        gauss, (x0, y0) = self._random.gauss, self._first
        self._x = gauss((x0 + self._x) / 2, WANDER * abs(x0))
        self._y = gauss((y0 + self._y) / 2, WANDER * abs(y0))
        return x + self._x, y + self._y

    def speed(self, speed: float) -> float:
        """m/s as measured."""
        return speed * (1.0 + self._factor)

    def acceleration(self, acceleration: float) -> float:
        """m/s2 as measured: the error of the speed is a factor, and so is that of its change."""
        return acceleration * (1.0 + self._factor)

    def heading(self, heading: float, speed: float) -> float:
        """Degrees as measured."""
        return (heading + self._heading * math.exp(-0.1 * speed)) % 360.0
