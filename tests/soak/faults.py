"""What may happen to a daemon in months, made to happen now. Each leaves things as they were."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.soak.cable import run
from tests.soak.scene import Scene


def killed(scene: Scene) -> None:
    """kill -9 while lines are written, packets that pass while nobody listens, and the start."""
    scene.settle()
    scene.look("kill -9")
    scene.over()
    scene.daemon.kill()
    scene.replay()
    scene.start()


def clock_jumped(scene: Scene, seconds: float = 7200.0) -> None:
    """The clock is set ahead, and back."""
    scene.look("clock jump")
    for offset in (seconds, 0.0):
        part = scene.daemon.clock.with_suffix(".part")
        part.write_text(str(offset), encoding="ascii")
        part.replace(scene.daemon.clock)
        scene.checked()


def rotated(scene: Scene) -> None:
    """Every log is rotated in its own way."""
    scene.look("rotation")
    scene.writers.rotate()


def unplugged(scene: Scene) -> None:
    """The interface goes down and comes back."""
    scene.settle()
    scene.look("interface down")
    scene.cable.down()
    scene.daemon.until(lambda: scene.interface().get("link") != "up")
    scene.cable.up()
    scene.daemon.until(lambda: scene.interface().get("link") == "up")


def full(scene: Scene, disk: Path) -> None:
    """The disk of the store is full, and has room again."""
    scene.look("disk full")
    filler = disk / "filler"
    with filler.open("wb") as file:
        # in ever smaller steps, as the daemon takes some meanwhile
        for step in (1 << 20, 1 << 12):
            with suppress(OSError):
                while True:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, step)
    scene.daemon.until(lambda: scene.daemon.status()["store"]["away"])
    assert scene.daemon.get("/health")[0] == 503
    filler.unlink()
    scene.daemon.until(lambda: not scene.daemon.status()["store"]["away"])


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A file system in memory of so many MiB."""
    folder.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", folder)
    try:
        yield folder
    finally:
        run("umount", "-l", folder)
