"""`sentinel collect` as a process of its own: started, killed, stopped, asked how it is."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tests.conftest import ROOT

PATIENCE = 60.0
"""Seconds something may take that takes a moment on an idle machine."""

T = TypeVar("T")


def until(what: Callable[[], T | None], told: Callable[[], object] = str, seconds: float = PATIENCE) -> T:
    """What a condition gives once it is true. Fails where it does not become so, with what is `told`."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain: {told()}"
        time.sleep(0.02)
    return found


def toml(settings: Mapping[str, Mapping[str, Any]]) -> str:
    """Settings as a file: tables of plain values; a list of tables is one of its own."""
    lines: list[str] = []
    for section, values in settings.items():
        lines.append(f"[{section}]")
        tables = {key: value for key, value in values.items() if isinstance(value, tuple)}
        lines += [f"{k} = {json.dumps(v, default=str)}" for k, v in values.items() if k not in tables]
        for key, table in ((key, table) for key, found in tables.items() for table in found):
            lines.append(f"[[{section}.{key}]]")
            lines += [f"{name} = {json.dumps(value, default=str)}" for name, value in table.items()]
    return "\n".join(lines) + "\n"


class Daemon:
    """One daemon and its folder: settings, state, log, the service manager's socket, the test's clock.

    `settings` are the sections of the settings file; state, clock and log have their places here.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Mapping[str, Any]]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.state = Path(settings.get("collect", {}).get("state", folder / "state"))
        self.file, self.clock, self.log_file = folder / "settings.toml", folder / "clock", folder / "log"
        self.settings = {section: dict(values) for section, values in settings.items()}
        self.settings.setdefault("collect", {}).setdefault("state", self.state)
        self.settings.setdefault("metrics", {}).setdefault("listen", f"127.0.0.1:{free_port()}")
        self.process: subprocess.Popen[bytes] | None = None
        self.told: list[dict[str, str]] = []
        """What the service manager was told."""
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind(str(folder / "notify"))
        # a manager reads at once: few datagrams fit into its socket
        self._hears = threading.Thread(target=self._hear)
        self._hears.start()
        self.configure()

    def configure(self) -> None:
        """Write the settings file."""
        self.file.write_text(toml(self.settings), encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """Of every command that is to see what this daemon sees."""
        own = {name: str(self.folder / name.lower()) for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME")}
        own |= {"HOME": str(self.folder), "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
        return own

    def begin(self, **more: str) -> None:
        """Start it, without waiting."""
        environment = self.environment | {
            "NOTIFY_SOCKET": str(self.folder / "notify"),
            "WATCHDOG_USEC": "30000000",
            "SENTINEL_TEST_CLOCK": str(self.clock),
            **more,
        }
        self.told.clear()
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sentinel", "collect", "--config", str(self.file)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self.begin()
        self.until(lambda: self.heard("READY"))

    def heard(self, name: str) -> list[str]:
        """What the manager was told under a name."""
        return [told[name] for told in list(self.told) if name in told]

    def _hear(self) -> None:
        while text := self._manager.recv(1 << 16).decode():
            self.told.append(dict(line.split("=", 1) for line in text.splitlines()))

    def until(self, what: Callable[[], T | None], seconds: float = PATIENCE) -> T:
        """Wait for something while it runs; fails at once if it ends meanwhile."""

        def looked() -> T | None:
            assert self.process is not None
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.said()}"
            return what()

        return until(looked, self.said, seconds)

    def kill(self) -> None:
        """As a power cut would, for this process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> tuple[int, float]:
        """As systemd does; the exit code and how many seconds it took."""
        assert self.process is not None
        begin = time.monotonic()
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        self.process = None
        return code, time.monotonic() - begin

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def close(self) -> None:
        """End whatever is left of it."""
        self.kill()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(b"", str(self.folder / "notify"))
        self._hears.join()
        self._manager.close()

    # --- how it is ------------------------------------------------------------------------------------

    def log(self) -> Iterator[dict[str, Any]]:
        """Its log, line by line, of all runs."""
        for line in self.log_file.read_text(encoding="utf-8", errors="replace").splitlines():
            yield json.loads(line) if line.startswith("{") else {"message": line}

    def said(self) -> str:
        """The end of its log."""
        return "\n".join(self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])

    def status(self) -> dict[str, Any]:
        """What it last told of itself; empty before it did."""
        assert self.process is not None
        try:
            told: dict[str, Any] = json.loads((self.state / "status.json").read_bytes())
        except FileNotFoundError:
            return {}
        return told if told["pid"] == self.process.pid else {}

    def get(self, path: str) -> tuple[int, str]:
        """Ask its HTTP server: status and body."""
        url = f"http://{self.settings['metrics']['listen']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def cli(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Another command of the program, with this daemon's settings and folders."""
        return subprocess.run(
            [sys.executable, "-m", "sentinel", *map(str, arguments)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            timeout=PATIENCE,
        )


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port
