"""A network namespace of each test's own, and what is sent in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.cables import Net


@pytest.fixture
def net() -> Iterator[Net]:
    """An empty network namespace, removed again with all in it."""
    if os.geteuid() != 0:
        pytest.skip("not root: no network namespace can be made")
    if shutil.which("ip") is None:
        pytest.skip("ip is not installed: no network namespace can be made")
    name = f"sentinel-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no network namespace can be made: {made.stderr.strip()}")
    try:
        here = Net(name)
        for scope in ("all", "default"):  # no router solicitations of the interfaces' own
            here.run("sysctl", "-qw", f"net.ipv6.conf.{scope}.disable_ipv6=1", check=False)
        yield here
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.fixture
def wire(net: Net) -> Net:
    """A namespace with the cable `a0` - `b0`, and tcpreplay to send."""
    if shutil.which("tcpreplay") is None:
        pytest.skip("tcpreplay is not installed: nothing sends packets")
    net.cable()
    return net


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Capture of the demo plant."""
    pytest.importorskip("scapy", reason="scapy is not installed: the demo plant cannot be made")
    from sentinel.demo.plant import build

    path = tmp_path_factory.mktemp("plant") / "plant.pcap"
    build(path)
    return path
