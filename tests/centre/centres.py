"""Centres as processes over one Elasticsearch, and sensors that write to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sentinel.collector.check import patiently
from sentinel.config.sections import ElasticSettings
from sentinel.store.elastic.store import ElasticStore
from tests.elastic.server import Access

SECONDS = 40.0
"""What is waited for comes within; much sooner where the machine is not busy."""


def until(condition: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
    """Wait until something holds. Returns what it gave."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


@dataclass
class Process:
    """One `sentinel collect --correlate`."""

    name: str
    state: Path
    popen: subprocess.Popen[bytes]
    log: Path

    def status(self) -> dict[str, Any]:
        """What it last told of itself."""
        try:
            told: dict[str, Any] = json.loads((self.state / "status.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return told if told.get("pid") == self.popen.pid else {}

    def leads(self, site: str = "default") -> bool:
        """Whether it said that it leads, and lives."""
        said = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        mine = [e["event.action"] for e in said if e.get("sentinel.site", site) == site]
        turns = [action for action in mine if action in ("leads", "lease-lost")]
        return self.popen.poll() is None and bool(turns) and turns[-1] == "leads"

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal; wait for its end if it is one that ends it."""
        self.popen.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.popen.wait(15)


@dataclass
class Room:
    """A prefix of a server, and processes that work on it."""

    access: Access
    prefix: str
    folder: Path
    lateness: float = 60.0
    lease: float = 2.0
    processes: list[Process] = field(default_factory=list)

    def store(self, sensor: str = "reader") -> ElasticStore:
        """The store, as a sensor opens it."""
        settings = ElasticSettings(prefix=self.prefix, refresh=600)
        return ElasticStore(
            self.access.url, settings, sensor=sensor, folder=self.folder / "sensors", create=True
        )

    def start(self, name: str, **more: str) -> Process:
        """Start a centre."""
        state, log = self.folder / name, self.folder / f"{name}.{len(self.processes)}.log"
        settings = {
            "STORE__URL": self.access.url,
            "ELASTIC__PREFIX": self.prefix,
            "CENTRE__LEASE": str(self.lease),
            "CENTRE__EVERY": "0.1",
            "CENTRE__LATENESS": str(self.lateness),
            "METRICS__LISTEN": "127.0.0.1:0",
            "COLLECT__STATE": str(state),
            "COLLECT__SENSOR": name,
            **more,
        }
        env = {**os.environ, **{f"SENTINEL_{key}": value for key, value in settings.items()}}
        with log.open("wb") as out:
            popen = subprocess.Popen(
                [sys.executable, "-m", "sentinel", "collect", "--correlate"],
                env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out,
            )  # fmt: skip
        one = Process(name, state, popen, log)
        self.processes.append(one)
        return one

    def leader(self, site: str = "default") -> Process | None:
        """The process that leads a site."""
        return next((one for one in self.processes if one.leads(site)), None)

    def chains(self) -> dict[str, dict[str, Any]]:
        """Chains in the store that are no part of another, by id."""
        store = self.store()
        store.client.raw("POST", f"/{self.prefix}-chains/_refresh?ignore_unavailable=true")
        found = {chain["id"]: chain for chain in store.chains() if chain["state"] != "merged"}
        store.close()
        return found


@contextmanager
def room(access: Access, prefix: str, folder: Path, **more: Any) -> Iterator[Room]:
    """A room that is empty again at the end."""
    made = Room(access, prefix, folder, **more)
    try:
        first = made.store()
        patiently(first.prepare)
        first.close()
        yield made
    finally:
        for one in made.processes:
            if one.popen.poll() is None:
                one.popen.send_signal(signal.SIGCONT)
                one.popen.kill()
                one.popen.wait(15)
        store = made.store()
        there = store.client.maybe("GET", f"/{prefix}-*/_alias") or {}
        for index in there:
            store.client.maybe("DELETE", f"/{index}")
        found = store.client.maybe("GET", f"/_index_template/{prefix}-*") or {}
        for one in found.get("index_templates", ()):
            store.client.maybe("DELETE", f"/_index_template/{one['name']}")
        store.close()
