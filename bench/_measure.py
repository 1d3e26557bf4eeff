"""CPU time, wall-clock time and peak memory of a program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

STARTER = """
import os, sys, time
start = time.perf_counter()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(child, 0)
wall = time.perf_counter() - start
code = os.waitstatus_to_exitcode(status)
with open(sys.argv[1], "w") as out:
    out.write(f"[{code}, {used.ru_utime + used.ru_stime}, {wall}, {used.ru_maxrss / 1024}]")
"""
"""Starts a program from a small process: its peak counts the memory of the one that started it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One run, or the median of several. Seconds and MiB; CPU is user plus system, of all threads."""

    cpu: float
    wall: float
    peak: float
    output: str = ""


Command = Callable[[Path], Measure]
"""Measures one thing in an empty folder."""


def run(line: list[str], folder: Path, environment: dict[str, str] | None = None) -> Measure:
    """Run to the end. Of the output the first 64 kB are kept.

    Raises `RuntimeError` with the end of standard error if the program fails.
    """
    numbers, out, err = (folder / name for name in ("numbers", "out", "err"))
    with out.open("wb") as stdout, err.open("wb") as stderr:
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", STARTER, str(numbers), *line],
            cwd=folder,
            env=os.environ | (environment or {}),
            stdout=stdout,
            stderr=stderr,
            check=True,
        )
    code, cpu, wall, peak = json.loads(numbers.read_text(encoding="utf-8"))
    if code:
        raise RuntimeError(f"{line[0]} ended with {code}: {err.read_text(errors='replace').strip()[-300:]}")
    with out.open(encoding="utf-8", errors="replace") as text:
        return Measure(cpu, wall, peak, text.read(65_536))


def middle(runs: list[Measure]) -> Measure:
    """The median of each number."""
    return Measure(
        median(run.cpu for run in runs),
        median(run.wall for run in runs),
        median(run.peak for run in runs),
        runs[-1].output,
    )
