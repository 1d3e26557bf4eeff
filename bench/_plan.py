"""What a run of the measurements is to do, and what it found."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PACKETS = 5_000_000
RUNS = 3
"""Runs of each command; the median is taken."""


@dataclass(slots=True)
class Plan:
    """Options of `python -m bench`, and the numbers by measurement."""

    packets: int = PACKETS
    runs: int = RUNS
    capture: Path | None = None
    build: bool = True
    ablation: bool = False
    events: int | None = None
    """Events a store is given; each measurement has its own number otherwise."""
    numbers: dict[str, Any] = field(default_factory=dict)

    def record(self, name: str, **numbers: Any) -> None:
        """Keep numbers for the JSON file."""
        self.numbers.setdefault(name, {}).update(numbers)

    def write(self, path: Path) -> None:
        """Write all numbers, with what they were measured on."""
        machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
        when = datetime.now(UTC).isoformat(timespec="seconds")
        document = {"when": when, "machine": machine, "runs": self.runs, **self.numbers}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


PLAN = Plan()


def cache() -> Path:
    """Folder for workloads and numbers: `sentinel/bench` in the XDG cache folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base else Path.home() / ".cache") / "sentinel" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
