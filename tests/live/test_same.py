"""What is found live is what a scan of the same packets finds."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from sentinel._native import Live, Scan
from sentinel.probes.runner import Runner, declared
from tests.live.cables import DEADLINE, Net, counters
from tests.live.test_frames import records


def drained(run: Live | Scan, runner: Runner) -> list[dict[str, Any]]:
    runner.turn()
    return [json.loads(line) for line in run.events().ndjson().splitlines()]


@pytest.mark.parametrize("workers", [1, 2])
def test_live_finds_what_a_scan_of_the_recording_finds(
    wire: Net, plant: Path, tmp_path: Path, workers: int
) -> None:
    if shutil.which("tcpdump") is None:
        pytest.skip("tcpdump is not installed: the same packets are not recorded")
    recording = tmp_path / "recorded.pcap"
    line = [
        "tcpdump",
        "-Z",
        "root",
        "-B",
        "65536",
        "--time-stamp-precision=nano",
        "-i",
        "b0",
        "-U",
        "-w",
        str(recording),
    ]
    with subprocess.Popen(
        ["ip", "netns", "exec", wire.name, *line], stderr=subprocess.PIPE, text=True
    ) as recorder:
        assert recorder.stderr is not None
        assert any("listening on b0" in told for told in iter(recorder.stderr.readline, ""))
        live = wire.opened("b0", events="all", workers=workers, declared=declared())
        runner = Runner(live)
        sent = wire.replay(plant, "--pps=5000")
        events = []
        end = time.monotonic() + DEADLINE
        while counters(live)["packets"] < sent:
            assert time.monotonic() < end
            live.step(0.05)
            events += drained(live, runner)
        live.stop()
        events += drained(live, runner)
        recorder.send_signal(signal.SIGINT)
        recorder.wait(DEADLINE)
    inventory = live.finish()
    events += [json.loads(line) for line in live.events().ndjson().splitlines()]

    scan = Scan([recording], events="all", declared=declared())
    runner = Runner(scan)
    expected = []
    while not scan.step(1):
        expected += drained(scan, runner)
    expected += drained(scan, runner)
    known = scan.finish()
    expected += [json.loads(line) for line in scan.events().ndjson().splitlines()]
    assert counters(live)["packets"] == sent == scan.progress()[0]
    assert records(inventory) == records(known)
    assert len(events) == len(expected)
    for mine, theirs in zip(events, expected, strict=True):
        assert (mine.pop("sentinel.source"), theirs.pop("sentinel.source")) == ("b0", str(recording))
        assert mine == theirs, "times, frames and ids are the same too"
