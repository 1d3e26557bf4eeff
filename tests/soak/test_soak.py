"""The soak in short, as every change has to pass it: memory over equal rounds, then one fault of each kind.
`make soak` is the same for an hour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.soak import faults
from tests.soak.cable import laid
from tests.soak.memory import Held, growth, held
from tests.soak.scene import Scene
from tests.soak.traffic import mixed

WARM, ROUNDS = 7, 20
WARM_LINES = 3000
"""Lines of each log in a round of the warm-up: they fill SQLite's page cache (32 MiB), which grows until then."""


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plant's traffic with an attack in it, some hundred frames."""
    pytest.importorskip("scapy", reason="scapy is not installed: no traffic can be made")
    path = tmp_path_factory.mktemp("traffic") / "mixed.pcap"
    mixed(path)
    return path


@pytest.fixture
def scene(tmp_path: Path, capture: Path) -> Iterator[Scene]:
    with laid() as cable, faults.small_disk(tmp_path / "disk", 256) as disk:
        made = Scene(tmp_path, cable, capture, f"sqlite://{disk / 'store'}")
        try:
            made.start()
            yield made
        finally:
            made.close()


def test_memory_handles_and_threads_stay(scene: Scene) -> None:
    rounds: list[Held] = []
    for number in range(WARM + ROUNDS):
        scene.round(WARM_LINES if number < WARM else 20)
        assert scene.daemon.process is not None
        rounds.append(held(scene.daemon.process.pid, number))
    assert scene.daemon.process is not None
    # pages that the kernel joins on its own would be memory that nobody asked for
    assert "THP_enabled:\t0" in Path(f"/proc/{scene.daemon.process.pid}/status").read_text()
    measured = rounds[WARM:]
    told = "\n".join(str(r) for r in rounds)
    assert growth(measured) < 0.01, told
    assert len({r.threads for r in measured}) == 1, told
    assert max(r.handles for r in measured[-5:]) <= max(r.handles for r in measured[:5]), told


def test_no_fault_loses_what_was_acknowledged(scene: Scene) -> None:
    scene.round()
    scene.writers.begin()
    before = offline(scene)
    faults.rotated(scene)
    faults.killed(scene)
    faults.rotated(scene)
    faults.clock_jumped(scene)
    assert offline(scene) == before
    faults.unplugged(scene)
    faults.full(scene, scene.folder / "disk")
    scene.writers.end()
    scene.round()
    scene.kept()
    told_last = scene.daemon.status()
    assert (told_last["refused"], told_last["expired"]) == (0, 0)
    scene.over()
    code, seconds = scene.daemon.stop()
    assert (code, seconds < 10) == (0, True), scene.daemon.said()
    assert scene.audit()["lines"] == scene.writers.lines


def offline(scene: Scene) -> int:
    """Alerts of this run that something is not there any more."""
    rules = scene.daemon.status()["rules"]
    return sum(times for rule, times in rules.items() if "offline" in rule.lower())
