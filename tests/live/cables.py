"""Cables between interfaces in a network namespace, and live capture on them."""

from __future__ import annotations

import ctypes
import json
import re
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sentinel._native import Live

CLONE_NEWNET = 0x4000_0000
DEADLINE = 30.0
"""Seconds that something may take which takes a moment on an idle machine."""

T = TypeVar("T")


class Net:
    """A network namespace with cables: what is sent into `a0` comes out of `b0`, and so on."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *line: str | Path, check: bool = True) -> str:
        """Run a program inside; what it printed."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.name, *map(str, line)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, f"{line}: {done.stderr}"
        return done.stdout + done.stderr

    def cable(self, number: int = 0, mtu: int = 1500) -> None:
        """Lay `a<number>` - `b<number>`, both up and silent."""
        a, b = f"a{number}", f"b{number}"
        self.run("ip", "link", "add", a, "mtu", str(mtu), "type", "veth", "peer", "name", b, "mtu", str(mtu))
        for end in (a, b):
            self.run("ip", "link", "set", end, "arp", "off", "multicast", "off", "up")

    def opened(self, *interfaces: str, **options: Any) -> Live:
        """Begin to capture inside."""
        return self.inside(lambda: Live(interfaces, **options))

    def inside(self, work: Callable[[], T]) -> T:
        """Do something in a thread that is inside; sockets stay where they were opened."""
        given: list[T] = []
        wrong: list[Exception] = []

        def enter() -> None:
            try:
                with Path(f"/run/netns/{self.name}").open() as space:
                    if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), "setns")
                given.append(work())
            except Exception as error:  # noqa: BLE001 - it is raised again outside
                wrong.append(error)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        if wrong:
            raise wrong[0]
        return given[0]

    def counted(self, interface: str) -> dict[str, Any]:
        """What the kernel counted of an interface: {rx: {packets, ...}, tx: {...}}."""
        found = json.loads(self.run("ip", "-j", "-s", "link", "show", interface))
        stats: dict[str, Any] = found[0]["stats64"]
        return stats

    def replay(self, capture: Path, *options: str, into: str = "a0") -> int:
        """Send a capture; how many packets the kernel passed on. What it refused on the way (a full
        backlog) never reached the other end, and is counted as such."""
        before = self.counted(into)["tx"]
        out = self.run("tcpreplay", "-i", into, *options, capture)
        told = re.search(r"Successful packets:\s+(\d+)", out)
        assert told, out
        after = self.counted(into)["tx"]
        passed, refused = (after[key] - before[key] for key in ("packets", "dropped"))
        assert passed + refused == int(told[1])
        return int(passed)


def counters(live: Live, interface: str = "b0") -> dict[str, Any]:
    """What was counted of one interface."""
    counted: dict[str, Any] = json.loads(live.counters())[interface]
    return counted


def until(live: Live, reached: Callable[[], bool]) -> None:
    """Work until something is so."""
    end = time.monotonic() + DEADLINE
    while not reached():
        assert time.monotonic() < end, f"not reached in {DEADLINE} s: {live.counters()!r}"
        live.step(0.05)


def read(live: Live, packets: int, interface: str = "b0") -> None:
    """Work until so many packets were seen or dropped."""

    def reached() -> bool:
        counted = counters(live, interface)
        return bool(counted["packets"] + counted["kernel_drops"] >= packets)

    until(live, reached)
