"""What the measurements of the certificate authority do alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import _plan

ALGORITHMS = ("sm2", "p256")


def each_algorithm(name: str, measured: Callable[[str, Path], dict[str, float]], unit: str = "") -> None:
    """Measure a CA of each algorithm in a folder of its own; tell the figures and keep them under `name`."""
    for algorithm in ALGORITHMS:
        with TemporaryDirectory() as folder:
            found = measured(algorithm, Path(folder) / "ca")
        print(f"  {algorithm}: " + ", ".join(f"{what} {each:.0f}{unit}" for what, each in found.items()))
        _plan.PLAN.record(name, **{f"{algorithm} {what}": round(each, 1) for what, each in found.items()})
