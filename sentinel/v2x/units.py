"""Numbers and bits of messages from and to SI units and names; the tables are `fields.toml`."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from sentinel.v2x.messages import Family


@dataclass(frozen=True, slots=True)
class Unit:
    """What one step of a number is, its bounds where numbers are made, and the one that says unknown."""

    unit: str
    step: float
    unknown: int | None = None
    low: int | None = None
    high: int | None = None

    def of(self, value: float) -> int:
        """The nearest step within the bounds; nan is unknown, or 0 where no number says so."""
        if math.isnan(value):
            return 0 if self.unknown is None else self.unknown
        low, high = self.low, self.high
        assert low is not None
        assert high is not None
        return round(min(max(value / self.step, low), high))

    def to(self, number: int) -> float | None:
        """The value, or None where it is unknown."""
        return None if number == self.unknown else round(number * self.step, 9)


@cache
def numbers(family: Family) -> dict[str, Unit]:
    """Units of a family's numbers, by field or by what encloses it and field."""
    return {name: Unit(**entry) for name, entry in _tables()[family]["numbers"].items()}


@cache
def bits(family: Family) -> dict[str, list[str]]:
    """Names of a family's bits, the first first; a reserved one has the empty name."""
    return dict(_tables()[family]["bits"])


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(files("sentinel.v2x").joinpath("fields.toml").read_text(encoding="utf-8"))
