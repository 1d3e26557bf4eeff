"""Programs that write logs beside the traffic and rotate them, each in its own way, with the time of now."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.sources.rotating import Log, eve, row

STYLES = {"zeek": "zeek-gzip", "eve": "gzip", "copied": "copytruncate"}
"""Folders of logs and how each is rotated: zeek-archive's way, logrotate's with `create`, with `copytruncate`."""

SAME = 20
"""Lines after which the same is said again."""


class Now(Log):
    """A log whose lines carry the time they are written at and are all different, about the same few hosts,
    names and signatures."""

    def write(self) -> None:
        """Write a line, whole or in two goes."""
        number, now = self.number, time.time()
        self.number += 1
        if self.style.startswith("zeek"):
            line = row(self.files, number).replace(f"1700000000.{number:06}", f"{now:.6f}")
            line = line.replace(f"n{number}.", f"n{number % SAME}.")
        else:
            event = json.loads(eve(number % SAME))
            event["alert"]["signature"] = f"soak {number % 5}"
            event["timestamp"] = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%S.%f}+0000"
            line = json.dumps({**event, "flow_id": number}) + "\n"
        if self.random.random() < 0.1:
            self.file.write(line[: len(line) // 2])
            self.file.flush()
            line = line[len(line) // 2 :]
        self.file.write(line)
        if self.random.random() < 0.3:
            self.file.flush()


class Writers:
    """All logs of a scene, written by one thread while it runs, or by hand."""

    def __init__(self, folder: Path, seed: int = 7) -> None:
        self.folders = {name: folder / name for name in STYLES}
        for path in self.folders.values():
            path.mkdir(parents=True)
        self.logs = {name: Now(self.folders[name], style, seed) for name, style in STYLES.items()}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def paths(self) -> list[str]:
        """What a daemon is to follow."""
        return [str(log.live) for log in self.logs.values()]

    @property
    def lines(self) -> int:
        """Lines written so far."""
        return sum(log.number for log in self.logs.values())

    def write(self, lines: int) -> None:
        """Write so many lines into each log."""
        with self._lock:
            for _ in range(lines):
                for log in self.logs.values():
                    log.write()
            for log in self.logs.values():
                log.file.flush()

    def rotate(self) -> None:
        """Rotate every log."""
        with self._lock:
            for log in self.logs.values():
                log.rotate()

    def begin(self, pause: float = 0.02) -> None:
        """Go on writing until `end`, with so many seconds between two lines."""

        def work() -> None:
            while not self._stop.wait(pause):
                self.write(1)

        self._stop.clear()
        self._thread = threading.Thread(target=work)
        self._thread.start()

    def end(self) -> None:
        """Stop writing."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def files(self) -> list[Path]:
        """Every file that holds lines, rotated ones too."""
        return [path for folder in self.folders.values() for path in sorted(folder.iterdir())]

    def close(self) -> None:
        """Stop, and close the files."""
        self.end()
        for log in self.logs.values():
            log.file.close()
