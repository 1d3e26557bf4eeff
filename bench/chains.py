"""Chains of alerts: how right on red teams whose answer is known, how fast, how large.

`--ablation` also switches off each element and moves each parameter by half, as a table for the docs.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

from bench import _alerts, _plan
from sentinel.rules import chains

ELEMENTS = {
    "actor": "links of the same source",
    "reply": "links of answers",
    "victim": "links of the same target",
    "pivot": "links of a host taken and used",
    "novelty": "novelty: every step counts in full",
    "rarity": "rarity: every rule counts alike",
    "degree": "degree: crowded hosts link like others",
    "severity": "severity: what is low links and merges too",
    "order": "order of stages",
    "ties": "two stories need two common targets",
    "foreign": "foreign addresses kept apart",
}
PARAMETERS = {
    "episode_gap": 150.0, "actor_window": 86_400.0, "pivot_window": 86_400.0, "victim_window": 3_600.0,
    "half_life": 14_400.0, "pivot_weight": 0.9, "victim_weight": 0.5, "max_degree": 24, "newest": 4,
    "max_steps": 100, "idle": 86_400.0,
}  # fmt: skip
COPIES = 20
"""Times the stream is fed in the measurement of speed, each a day later than the one before."""


def measure(stream: _alerts.Stream, **settings: Any) -> dict[str, Any]:
    return _alerts.score(chains.join(stream.alerts, **settings), stream)


def digest(stream: _alerts.Stream, size: int) -> str:
    """Hash of all chains when the alerts come in batches of `size`."""
    engine = chains.make()
    for at in range(0, len(stream.alerts), size):
        engine.feed(stream.alerts[at : at + size])
        engine.changed()
    engine.finish()
    return hashlib.sha256(b"\n".join(engine.all())).hexdigest()[:16]


def row(name: str, result: dict[str, Any]) -> None:
    per_team = ", ".join(map(str, result["per_team"].values()))
    print(
        f"| {name} | {result['purity']:.4f} | {result['recall']:.4f} | {per_team} | "
        f"{result['steps']} | {result['path']} |"
    )


def head() -> None:
    print("| | purity | recall | chains per team | median steps | told |\n|---|---|---|---|---|---|")


def speed(stream: _alerts.Stream) -> None:
    engine = chains.make()
    spent = 0.0
    peak = 0
    for copy in range(COPIES):
        day = b"2017-11-%02d" % (4 + copy)
        batch = [alert.replace(b"2017-11-04", day) for alert in stream.alerts]
        start = time.process_time()
        engine.feed(batch)
        spent += time.process_time() - start
        peak = max(peak, engine.memory()[0])
    rate = COPIES * len(stream.alerts) / spent
    most = engine.memory()[1]
    print(f"{rate:,.0f} alerts a second from documents, one core; at most {peak / 2**20:.1f} MiB held")
    print(f"(bound by formula {most / 2**20:.0f} MiB)")
    _plan.PLAN.record("chains", alerts_per_s=round(rate), octets=peak, octets_bound=most)


def main() -> None:
    if not _alerts.FOLDER.is_dir():
        print(f"no alerts in {_alerts.FOLDER}: nothing is measured")
        return
    plain = _alerts.stream()
    result = measure(plain)
    _plan.PLAN.record("chains", **result)
    head()
    row("as it is", result)
    for seed in (1, 2, 3):
        row(f"addresses permuted ({seed})", measure(_alerts.stream(seed=seed)))
    overlaid = measure(_alerts.stream(seed=4, benign=2_000))
    row("permuted, 2,000 benign alerts laid over", overlaid)
    for keep in (0.5, 0.2):
        row(f"{keep:.0%} of the alerts, at random", measure(_alerts.stream(seed=5, keep=keep)))
    row("a day between the teams", measure(_alerts.stream(days=1)))
    joined, fewer = overlaid["benign_joined"], result["reduction"]
    print(f"benign alerts joined: {joined}; fewer items to read: {fewer:.2%}")
    print("hash by batch size:", {size: digest(plain, size) for size in (1, 100, 4_096, len(plain.alerts))})
    speed(plain)
    if _plan.PLAN.ablation:
        print("\nswitched off:\n")
        head()
        for name, what in ELEMENTS.items():
            row(what, measure(plain, **{f"use_{name}": False}))
        print("\nswitched off, with 600 alerts against hosts that all teams use:\n")
        shared = _alerts.stream(shared=600)
        head()
        row("nothing", measure(shared))
        for name, what in ELEMENTS.items():
            row(what, measure(shared, **{f"use_{name}": False}))
        print("\nmoved by half:\n")
        head()
        for name, value in PARAMETERS.items():
            for factor in (0.5, 1.5):
                moved = type(value)(value * factor)
                row(f"{name} {moved:g}", measure(plain, **{name: moved}))
