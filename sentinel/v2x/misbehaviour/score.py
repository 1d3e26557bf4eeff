"""How well a detector decides on a scene's messages and stations.

A message that is false and judged so is a hit, per attack. Of what is wrongly judged false, the true messages
of an attacker count for its attack, and those of honest vehicles for every attack by its share of the
attackers: what a scene with that attack alone would have. Precision, recall and F1 are those of messages, as
the publications have them. A station is a temporary id; it is honest if its vehicle never attacks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sentinel.v2x.detect.catch import Catch
from sentinel.v2x.detect.fuse import Judge, Monitor
from sentinel.v2x.messages import Observation
from sentinel.v2x.scene.make import HONEST, Label
from sentinel.v2x.site import Site

DETECTORS: dict[str, type[Monitor] | type[Catch]] = {"ours": Monitor, "catch": Catch}
"""What can be scored: our detectors, and CaTCH's published checks to compare with."""


@dataclass(slots=True)
class Count:
    """Messages and stations of one attack."""

    found: int = 0
    missed: int = 0
    wrong: float = 0.0
    """True messages judged false."""
    stations: set[str] = field(default_factory=set)
    reported: set[str] = field(default_factory=set)
    vehicles: set[str] = field(default_factory=set)

    @property
    def precision(self) -> float:
        """Share of what was judged false that is; 1 where nothing was."""
        judged = self.found + self.wrong
        return self.found / judged if judged else 1.0

    @property
    def recall(self) -> float:
        """Share of what is false that was found; 1 where nothing is."""
        false = self.found + self.missed
        return self.found / false if false else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        total = self.precision + self.recall
        return 2.0 * self.precision * self.recall / total if total else 0.0


@dataclass(slots=True)
class Tally:
    """Decisions of one detector, over one scene or more."""

    attacks: dict[str, Count] = field(default_factory=dict)
    messages: int = 0
    honest_wrong: int = 0
    hours: float = 0.0
    """Station-hours of honest stations."""
    honest: int = 0
    honest_reported: int = 0
    why: dict[str, int] = field(default_factory=dict)
    """Hits on messages of honest vehicles, by detector."""

    runs: int = 0

    def add(self, other: Tally) -> None:
        """Add what another run found."""
        for name, theirs in other.attacks.items():
            count = self.attacks.setdefault(name, Count())
            count.found += theirs.found
            count.missed += theirs.missed
            count.wrong += theirs.wrong
            for own, more in (
                (count.stations, theirs.stations),
                (count.reported, theirs.reported),
                (count.vehicles, theirs.vehicles),
            ):
                own.update(f"{self.runs}:{name}" for name in more)
        for name, number in other.why.items():
            self.why[name] = self.why.get(name, 0) + number
        self.messages += other.messages
        self.honest_wrong += other.honest_wrong
        self.hours += other.hours
        self.honest += other.honest
        self.honest_reported += other.honest_reported
        self.runs += 1

    def run(self, judge: Judge, messages: Iterable[tuple[Observation, Label]]) -> None:
        """Have a scene's messages judged."""
        heard: dict[str, tuple[float, float]] = {}
        reported = set()
        for message, label in messages:
            verdict = judge.judge(message)
            self.messages += 1
            if label.attacker:
                self._attacker(label, verdict.false, verdict.reported)
                continue
            first, _ = heard.get(message.station, (message.received, 0.0))
            heard[message.station] = first, message.received
            self.honest_wrong += verdict.false
            if verdict.reported:
                reported.add(message.station)
            if verdict.false:
                for name in verdict.reasons or ("convicted",):
                    self.why[name] = self.why.get(name, 0) + 1
        self.honest += len(heard)
        self.honest_reported += len(reported)
        self.hours += sum(last - first for first, last in heard.values()) / 3600.0

    def _attacker(self, label: Label, false: bool, reported: bool) -> None:
        count = self.attacks.setdefault(label.attacker, Count())
        count.vehicles.add(label.vehicle)
        count.stations.add(label.station)
        if reported:
            count.reported.add(label.station)
        if label.attack == HONEST:
            count.wrong += false
        elif false:
            count.found += 1
        else:
            count.missed += 1

    def shared(self) -> dict[str, Count]:
        """The counts with honest vehicles' wrong ones given to the attacks."""
        total = sum(len(count.vehicles) for count in self.attacks.values())
        return {
            name: Count(
                count.found,
                count.missed,
                count.wrong + self.honest_wrong * len(count.vehicles) / total,
                count.stations,
                count.reported,
                count.vehicles,
            )
            for name, count in sorted(self.attacks.items())
        }

    def document(self) -> dict[str, Any]:
        """As it stands in JSON."""
        counts = self.shared()
        return {
            "messages": self.messages,
            "honest_stations": self.honest,
            "honest_station_hours": round(self.hours, 4),
            "honest_reported": self.honest_reported,
            "honest_reported_per_1000_station_hours": round(1000.0 * self.honest_reported / self.hours, 3)
            if self.hours
            else None,
            "honest_messages_judged_false": self.honest_wrong,
            "mean_f1": round(sum(c.f1 for c in counts.values()) / len(counts), 4) if counts else None,
            "attacks": {
                name: {
                    "precision": round(count.precision, 4),
                    "recall": round(count.recall, 4),
                    "f1": round(count.f1, 4),
                    "found": count.found,
                    "missed": count.missed,
                    "wrong": round(count.wrong, 1),
                    "stations": len(count.stations),
                    "stations_reported": len(count.reported),
                }
                for name, count in counts.items()
            },
        }


def judge(name: str, site: Site) -> Judge:
    """A detector at a place, by its name in `DETECTORS`."""
    return DETECTORS[name](site)
