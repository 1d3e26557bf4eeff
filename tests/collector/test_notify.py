"""What a service manager hears: a real datagram socket listens."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.collector.notify import Notify


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, Notify]]:
    name = str(tmp_path / "n") if request.param == "path" else f"@sentinel-test-{uuid.uuid4()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        listening.settimeout(10)
        yield listening, Notify({"NOTIFY_SOCKET": name})


def test_the_life_of_a_service(manager: tuple[socket.socket, Notify]) -> None:
    listening, notify = manager

    def heard() -> list[str]:
        return listening.recv(4096).decode().split("\n")

    assert notify
    assert notify.ready("listens on eth0\nand eth1")
    assert heard() == ["READY=1", "STATUS=listens on eth0 and eth1"]
    assert notify.alive()
    assert heard() == ["WATCHDOG=1"]
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert notify.reloading()
    reloading, when = heard()
    assert reloading == "RELOADING=1"
    assert before <= int(when.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
    assert notify.status("é" * 2000)
    assert heard() == ["STATUS=" + "é" * 1000]
    assert not notify.status("  ")
    assert notify.longer(2.5)
    assert heard() == ["EXTEND_TIMEOUT_USEC=2500000"]
    assert notify.trouble()
    assert heard() == ["WATCHDOG=trigger"]
    assert notify.stopping("writes what is left")
    assert heard() == ["STOPPING=1", "STATUS=writes what is left"]
    assert notify.fault is None


def test_without_a_manager_nothing_happens() -> None:
    notify = Notify({})
    assert not notify
    assert not notify.ready()
    assert notify.fault is None
    assert notify.watchdog_seconds is None


def test_a_manager_that_is_gone_is_a_fault_and_no_error(tmp_path: Path) -> None:
    notify = Notify({"NOTIFY_SOCKET": str(tmp_path / "none")})
    assert not notify.alive()
    assert notify.fault == "NOTIFY_SOCKET: No such file or directory"
    assert (
        Notify({"NOTIFY_SOCKET": "vsock:2:1"}).fault == "NOTIFY_SOCKET=vsock:2:1: is neither a path nor @name"
    )


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-3"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_watchdog(environ: dict[str, str], seconds: float | None) -> None:
    assert Notify(environ).watchdog_seconds == seconds
