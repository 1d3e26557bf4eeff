"""Passwords tried on hash lines: candidates a CPU second of one core, for each scheme.

A line of each scheme (`tests/crack` makes them) has its password not found among words that are all
different. Time is CPU time of the thread; each scheme gets as many words as last about a tenth of a second,
and the median of three rounds is told. A second number is of a hundred lines that share work.
"""

from __future__ import annotations

import time
from statistics import median

from bench import _plan
from sentinel._native import crack, crack_scheme
from tests.crack.lines import LINES

ROUND = 0.1
"""CPU seconds of a round, about."""
SHARED = 100
"""Lines that are tried together."""
PASSWORD = "S3ch_s8!"


def rate(lines: list[tuple[int | None, str, list[str]]]) -> float:
    """Words a CPU second, each on all lines."""
    count, spent = 4, 0.0
    while True:
        words = [f"wort{n:08}" for n in range(count)]
        spent = _spent(lines, words)
        if spent > ROUND / 2 or count > 5_000_000:
            break
        count = int(count * max(2.0, min(20.0, ROUND / max(spent, 1e-6))))
    return median(count / _spent(lines, words) for _ in range(_plan.PLAN.runs))


def _spent(lines: list[tuple[int | None, str, list[str]]], words: list[str]) -> float:
    start = time.thread_time()
    found, counts = crack(lines, words, seconds=1e6)
    spent = time.thread_time() - start
    assert not any(found)
    assert dict(counts)["tried"] == len(words) * len(lines)
    return spent


def main() -> None:
    print(f"{'scheme':34}{'candidates/s':>14}{f'of {SHARED} lines':>16}")
    for name, make in LINES.items():
        mode, line = make(PASSWORD)
        alone = rate([(mode, line, [])])
        together = rate([(mode, line, [])] * SHARED) * SHARED
        label = f"{name} ({mode})" if mode is not None else name
        print(f"{label:34}{alone:14,.0f}{together:16,.0f}")
        assert crack_scheme(mode, line)
        _plan.PLAN.record("crack", **{label: {"per_s": round(alone), "shared_per_s": round(together)}})
