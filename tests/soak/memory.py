"""What a process holds: memory, handles, threads, as the kernel tells it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import linear_regression, median

MEBI = 1024 * 1024
FIELDS = re.compile(r"^(Rss|Private_Dirty|Private_Clean):\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Held:
    """Taken at the end of a round. Octets."""

    seconds: float
    rss: int
    """Resident pages, those of files too."""
    dirty: int
    """Pages that are this process's alone and were written: what grows when something leaks."""
    handles: int
    threads: int

    def record(self) -> dict[str, float]:
        """As plain data."""
        return asdict(self)


def held(pid: int, seconds: float = 0.0) -> Held:
    """What a process holds now."""
    at = Path(f"/proc/{pid}")
    found = {name: int(kilo) * 1024 for name, kilo in FIELDS.findall((at / "smaps_rollup").read_text())}
    threads = re.search(r"^Threads:\s+(\d+)$", (at / "status").read_text(), re.MULTILINE)
    assert threads is not None
    handles = len(list((at / "fd").iterdir()))
    return Held(seconds, found["Rss"], found["Private_Dirty"], handles, int(threads[1]))


def growth(rounds: Sequence[Held]) -> float:
    """By how much memory grew over some rounds, as a part of what it was: the median of the last quarter
    against that of the first, since a single round may fall into a checkpoint."""
    quarter = max(len(rounds) // 4, 1)
    first, last = (median(r.dirty for r in some) for some in (rounds[:quarter], rounds[-quarter:]))
    return last / first - 1


def slope(rounds: Sequence[Held]) -> float:
    """Octets an hour by which memory grows: the line of least squares through all rounds."""
    line = linear_regression([r.seconds for r in rounds], [r.dirty for r in rounds])
    return line.slope * 3600
