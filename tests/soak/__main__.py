"""`make soak`: an hour (SOAK_SECONDS) of equal rounds in each store, half of it in peace, half with a fault every
30 s. Prints a table, writes memory over time as NDJSON and SVG into SOAK_FOLDER, and exits 1 when a bound is
broken. SOAK_STORES names one of the stores (sqlite, elasticsearch)."""

from __future__ import annotations

import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.elastic import server
from tests.soak import faults
from tests.soak.cable import Cable, laid
from tests.soak.chart import svg
from tests.soak.memory import MEBI, Held, held, slope
from tests.soak.scene import Scene
from tests.soak.traffic import mixed

SECONDS = float(os.environ.get("SOAK_SECONDS", "3600"))
WARM, WARM_LINES = 12, 6000
"""Rounds of the warm-up and lines of each: all that is done now and then is done in it, twice at least (a segment
of the SQLite store is closed every 32,768 events)."""
STORES = os.environ.get("SOAK_STORES", "sqlite elasticsearch").split()
EVERY = 30.0
"""Seconds between two faults."""
MOST_SLOPE = MEBI
"""Octets an hour by which memory may grow."""


def peace(scene: Scene, seconds: float) -> list[Held]:
    """Equal rounds for so long, after the warm-up; what was held at the end of each."""
    for _ in range(WARM):
        scene.round(WARM_LINES)
    rounds, begin = list[Held](), time.monotonic()
    while (now := time.monotonic() - begin) < seconds or len(rounds) < 8:
        scene.round()
        assert scene.daemon.process is not None
        rounds.append(held(scene.daemon.process.pid, now))
    return rounds


def storm(scene: Scene, seconds: float, more: list[Callable[[Scene], None]]) -> None:
    """Lines without a pause and a fault every 30 s."""
    ways = itertools.cycle([faults.killed, faults.rotated, faults.clock_jumped, faults.unplugged, *more])
    scene.writers.begin()
    begin = time.monotonic()
    for number in itertools.count():
        if time.monotonic() - begin >= seconds:
            break
        next(ways)(scene)
        # packets between two faults, until it is time for the next
        while time.monotonic() - begin < (number + 1) * EVERY:
            scene.replay()
            scene.settle()
    scene.writers.end()
    scene.round()
    scene.kept()
    scene.over()
    code, took = scene.daemon.stop()
    assert (code, took < 10) == (0, True), scene.daemon.said()


def away(node: server.Server) -> Callable[[Scene], None]:
    """A fault: the server is stopped, and comes back."""

    def fault(scene: Scene) -> None:
        scene.look("store away")
        node.stop()
        scene.daemon.until(lambda: scene.daemon.status()["store"]["spool"]["away"])
        node.start()
        node.wait()
        scene.daemon.until(lambda: not scene.daemon.status()["store"]["spool"]["away"])
        scene.daemon.until(lambda: not scene.daemon.status()["store"]["spool"]["records"])

    return fault


def soaked(name: str, scene: Scene, folder: Path, more: list[Callable[[Scene], None]]) -> bool:
    """Both halves in one store. True if every bound was kept."""
    scene.start()
    rounds = peace(scene, SECONDS / 4)
    with (folder / f"{name}.ndjson").open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(r.record()) + "\n" for r in rounds)
    (folder / f"{name}.svg").write_text(svg(name, rounds), encoding="utf-8")
    grows = slope(rounds)
    kept = {
        f"memory grows by less than {MOST_SLOPE / MEBI:g} MiB an hour": grows < MOST_SLOPE,
        "threads stay": len({r.threads for r in rounds}) == 1,
        "handles stay": max(r.handles for r in rounds[-4:]) <= max(r.handles for r in rounds[:4]),
    }
    storm(scene, SECONDS / 4, more)
    figures = scene.audit()
    print(
        f"\n{name}: {len(rounds)} rounds, {rounds[-1].dirty / MEBI:.1f} MiB, {grows / MEBI:+.2f} MiB an hour"
    )
    for what, number in {**figures, **{f"faults: {k}": n for k, n in scene.faults.items()}}.items():
        print(f"  {what:32} {number:>12,}")
    for what, well in kept.items():
        print(f"  {'kept  ' if well else 'BROKEN'} {what}")
    return all(kept.values())


@contextmanager
def node() -> Iterator[server.Server]:
    """An Elasticsearch of our own."""
    made = server.new({"xpack.security.enabled": "false"})
    try:
        made.start()
        yield made.wait()
    finally:
        made.remove()
        server.forget()


def sqlite(work: Path, cable: Cable, capture: Path, folder: Path) -> bool:
    """The embedded store, on a disk small enough to be filled."""
    with faults.small_disk(work / "disk", 1024) as disk:
        scene = Scene(work / "sqlite", cable, capture, f"sqlite://{disk / 'store'}")
        try:
            return soaked("sqlite", scene, folder, [lambda at: faults.full(at, disk)])
        finally:
            scene.close()


def elasticsearch(work: Path, cable: Cable, capture: Path, folder: Path) -> bool:
    """A real server."""
    with node() as own:
        scene = Scene(work / "elastic", cable, capture, own.url, {"elastic": {"refresh": 1}})
        try:
            return soaked("elasticsearch", scene, folder, [away(own)])
        finally:
            scene.close()


def main() -> int:
    """Both stores, one after the other. Returns the exit code."""
    folder = Path(os.environ.get("SOAK_FOLDER", "soak"))
    folder.mkdir(parents=True, exist_ok=True)
    well = True
    with tempfile.TemporaryDirectory(prefix="soak-") as named, laid() as cable:
        work = Path(named)
        capture = work / "mixed.pcap"
        mixed(capture)
        if "sqlite" in STORES:
            well &= sqlite(work, cable, capture, folder)
        if "elasticsearch" in STORES:
            well &= elasticsearch(work, cable, capture, folder)
    print(f"\nmemory over time: {folder}/*.ndjson, *.svg")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
