"""Misbehaviour of vehicles: our detectors and CaTCH's checks on scenes that were not used for tuning.

Thresholds were set on seeds below 100. Each scene is kept when it is done (`v2x_detect.ndjson` in the cache
folder, with a hash of the detectors), so a run can be stopped and goes on where it was. SENTINEL_HOURS says
how many honest station-hours are judged, 5 unless said; three scenes of six seeds have attacks.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench import _plan
from sentinel.v2x.misbehaviour.score import Tally, judge
from sentinel.v2x.scene.attacks import ATTACKS
from sentinel.v2x.scene.make import Plan, received
from sentinel.v2x.scene.roads import ROADS
from sentinel.v2x.scene.sumo import Traffic

SEEDS = range(101, 107)
SECONDS = 60.0
HONEST = range(10_001, 100_000)
DETECTORS = ("ours", "catch")
PUBLISHED = {
    "constant-position-offset": (0.846, 0.560, 0.646, 0.613),
    "random-position-offset": (0.940, 0.962, 0.790, 0.916),
    "constant-speed-offset": (0.637, 0.458, 0.545, 0.375),
    "random-speed-offset": (0.808, 0.767, 0.665, 0.739),
    "sudden-stop": (0.029, 0.018, 0.177, 0.161),
    "feigned-braking": (0.027, 0.031, 0.067, 0.045),
    "position-mirroring": (0.192, 0.114, 0.186, 0.089),
    "time-delay": (0.062, 0.024, 0.126, 0.060),
    "data-replay": (0.273, 0.342, 0.279, 0.385),
    "dos": (0.353, 0.206, 0.502, 0.232),
    "sybil": (0.259, 0.135, 0.366, 0.241),
}
"""F1 of CaTCH on VeReMi NextGen: a town and a motorway, each with little and with much traffic (its
documentation, Evaluation, Results). Other roads, a message or two a second, a fifth of vehicles attack."""


class Done(msgspec.Struct):
    """A scene that was judged."""

    key: str
    tally: Tally


def _version() -> str:
    root = Path(__file__).parent.parent / "sentinel" / "v2x"
    digest = hashlib.sha256()
    for path in sorted([*root.glob("*.py"), *root.glob("detect/*.py"), *root.glob("scene/**/*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class Kept:
    """Scenes that were judged before, by this version."""

    def __init__(self, path: Path) -> None:
        self._path, self._version = path, _version()
        lines = path.read_bytes().splitlines() if path.is_file() else []
        found = [msgspec.json.decode(line, type=Done) for line in lines if line.endswith(b"}")]
        self._done = {done.key: done.tally for done in found}

    def judged(
        self, road: str, seed: int, attacks: bool, detectors: tuple[str, ...]
    ) -> Iterator[tuple[str, Tally]]:
        """The outcome of each detector on a scene."""
        keys = {d: f"{self._version} {road} {seed} {SECONDS} {attacks} {d}" for d in detectors}
        if not set(keys.values()) <= self._done.keys():
            with Traffic(ROADS[road], seed, SECONDS) as traffic:
                plan = Plan(seed, ATTACKS if attacks else ())
                messages = list(received(traffic.steps(), traffic.site, plan))
                for detector, key in keys.items():
                    tally = Tally()
                    tally.run(judge(detector, traffic.site), messages)
                    self._done[key] = tally
                    with self._path.open("ab") as file:
                        file.write(msgspec.json.encode(Done(key, tally)) + b"\n")
        for detector, key in keys.items():
            yield detector, self._done[key]


def main() -> None:
    """Judge the scenes and print the table of docs/concepts/v2x-misbehaviour.md."""
    kept = Kept(_plan.cache() / "v2x_detect.ndjson")
    seeds = SEEDS[:1] if _plan.PLAN.runs == 1 else SEEDS
    total = {detector: Tally() for detector in DETECTORS}
    start = time.process_time()
    for seed in seeds:
        for road in ROADS:
            for detector, tally in kept.judged(road, seed, True, DETECTORS):
                total[detector].add(tally)
    _table(total)
    honest = Tally()
    wanted = float(os.environ.get("SENTINEL_HOURS", "5"))
    for seed in HONEST:
        if honest.hours >= wanted:
            break
        for road in ROADS:
            for _, tally in kept.judged(road, seed, False, ("ours",)):
                honest.add(tally)
    write = sys.stdout.write
    write(
        f"\nhonest traffic: {honest.honest_reported} of {honest.honest:,} stations reported in "
        f"{honest.hours:,.1f} station-hours; {honest.honest_wrong} of {honest.messages:,} messages judged false\n"
        f"hits: {honest.why}\n{time.process_time() - start:.0f} s of CPU\n"
    )


def _table(total: dict[str, Tally]) -> None:
    ours, catch = (total[detector].document() for detector in DETECTORS)
    write = sys.stdout.write
    write(
        "| attack | attackers | ours: precision | recall | F1 | CaTCH: precision | recall | F1 | more | published |\n"
    )
    write("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
    for attack in ATTACKS:
        a, b = (document["attacks"].get(attack.name) for document in (ours, catch))
        if a is None or b is None:
            continue
        published = PUBLISHED.get(attack.name)
        mean = f"{sum(published) / len(published):.2f}" if published else "-"
        cells = [f"{d[key]:.3f}" for d in (a, b) for key in ("precision", "recall", "f1")]
        name = f"**{attack.name}**" if attack.weak else attack.name
        vehicles = len(total["ours"].attacks[attack.name].vehicles)
        write(f"| {name} | {vehicles} | {' | '.join(cells)} | {a['f1'] - b['f1']:+.3f} | {mean} |\n")
    for detector, document in zip(DETECTORS, (ours, catch), strict=True):
        write(
            f"\n{detector}: {document['honest_reported']} of {document['honest_stations']:,} honest stations "
            f"reported in {document['honest_station_hours']:.1f} station-hours beside attackers\n"
        )
