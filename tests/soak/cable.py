"""A cable whose one end is a port of this host, for a daemon, and whose other end is away in a network
namespace, where packets are sent from. It goes with the namespace."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FAR = "far0"


def run(*line: str | Path, check: bool = True) -> str:
    """Run a program; what it printed."""
    done = subprocess.run([str(word) for word in line], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, f"{line}: {done.stderr}"
    return done.stdout + done.stderr


class Cable:
    """Both ends, up and silent. `port` is the end a daemon listens on."""

    def __init__(self, number: int = 0) -> None:
        self.port = f"soak{number}p{os.getpid()}"[:15]
        self.space = f"soak{number}-{os.getpid()}"

    def lay(self) -> None:
        """Make the namespace and the cable."""
        run("ip", "netns", "add", self.space)
        run("ip", "link", "add", self.port, "type", "veth", "peer", "name", FAR, "netns", self.space)
        for scope in ("all", "default"):  # no router solicitations of the interfaces' own
            self.far("sysctl", "-qw", f"net.ipv6.conf.{scope}.disable_ipv6=1", check=False)
        run("sysctl", "-qw", f"net.ipv6.conf.{self.port}.disable_ipv6=1", check=False)
        self.far("ip", "link", "set", FAR, "arp", "off", "multicast", "off", "up")
        run("ip", "link", "set", self.port, "arp", "off", "multicast", "off", "up")

    def remove(self) -> None:
        """Take both away again."""
        run("ip", "netns", "delete", self.space, check=False)
        run("ip", "link", "delete", self.port, check=False)

    def far(self, *line: str | Path, check: bool = True) -> str:
        """Run a program at the other end."""
        return run("ip", "netns", "exec", self.space, *line, check=check)

    def counted(self) -> dict[str, Any]:
        """What the kernel passed on from the other end, and what it refused: {packets, dropped, ...}."""
        found = json.loads(self.far("ip", "-j", "-s", "link", "show", FAR))
        stats: dict[str, Any] = found[0]["stats64"]["tx"]
        return stats

    def replay(self, capture: Path, *options: str) -> int:
        """Send a capture; how many packets came out at the daemon's end."""
        before = self.counted()
        out = self.far("tcpreplay", "-i", FAR, *options, capture)
        assert re.search(r"Successful packets:\s+\d+", out), out
        return int(self.counted()["packets"] - before["packets"])

    def down(self) -> None:
        """The daemon's end goes down, as if somebody had pulled the plug."""
        run("ip", "link", "set", self.port, "down")

    def up(self) -> None:
        """And comes back."""
        run("ip", "link", "set", self.port, "up")


@contextmanager
def laid(number: int = 0) -> Iterator[Cable]:
    """A cable for as long as it is needed; skips the test where none can be laid."""
    if os.geteuid() != 0:
        pytest.skip("not root: no network namespace can be made")
    for program in ("ip", "tcpreplay"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: no cable can be laid and used")
    cable = Cable(number)
    try:
        cable.lay()
        yield cable
    finally:
        cable.remove()
