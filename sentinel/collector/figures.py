"""What the daemon counts. Stages write, `/metrics`, `/health` and `sentinel status` read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

MOST_RULES = 500
"""Rules whose alerts are counted apart; those of others are counted under `other`."""


@dataclass(slots=True)
class Figures:
    """Counters since the start, and how things stand. Reading them needs no lock: each has one writer."""

    started: int = 0
    events: int = 0
    """Events the rules gave on."""
    stored: int = 0
    """Events that were new to the store."""
    alerts: int = 0
    expired: int = 0
    """Events older than retention: dropped."""
    refused: int = 0
    """Documents the store can never keep."""
    checkpoints: int = 0
    checkpoint_time: int = 0
    """When the newest checkpoint was taken, in microseconds."""
    checkpoint_bytes: int = 0
    checkpoint_seconds: float = 0.0
    event_time: int = 0
    """Time of the newest event that is in the store, in microseconds."""
    store_away: str | None = None
    """Why the store takes nothing just now."""
    lost_seconds: float = 0.0
    """Seconds between the end of the last run and this start in which nothing was captured."""
    shed: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    parts: dict[str, Any] = field(default_factory=dict)
    """What stages tell of themselves, by name."""

    def rule(self, rule: str) -> None:
        """Count an alert of a rule."""
        self.rules[rule if rule in self.rules or len(self.rules) < MOST_RULES else "other"] += 1
