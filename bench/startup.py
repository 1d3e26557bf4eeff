"""Time until `sentinel --help` and `sentinel --version` have answered."""

from __future__ import annotations

import subprocess
import sys
import time

RUNS = 10
LIMIT = 0.3
"""Seconds `--help` may take on an idle core."""


def main() -> None:
    for option in ("--help", "--version"):
        spent = []
        for _ in range(RUNS):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-m", "sentinel", option], check=True, capture_output=True)
            spent.append(time.perf_counter() - start)
        spent.sort()
        median = spent[len(spent) // 2]
        verdict = "within" if median < LIMIT else "over"
        print(f"sentinel {option}: best {spent[0]:.3f} s, median {median:.3f} s ({verdict} {LIMIT} s)")
