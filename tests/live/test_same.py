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


TICKED = ("sentinel.flow", "sentinel.scan")


def parted(events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Events in their order, with times, frames and ids; and those that are told at a tick (a flow was given
    up, a scan went on): live, ticks come without packets too."""
    flows = [event for event in events if event["event.dataset"] in TICKED]
    others = [event for event in events if event["event.dataset"] not in TICKED]
    told = ({k: v for k, v in flow.items() if k not in ("@timestamp", "event.id")} for flow in flows)
    return others, sorted(json.dumps(flow, sort_keys=True) for flow in told)


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
        try:
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
            whole = 24 + 16 * sent + counters(live)["bytes"]  # headers of the file and of its records
            while recording.stat().st_size < whole:
                assert time.monotonic() < end
                time.sleep(0.02)
            recorder.send_signal(signal.SIGINT)
            recorder.wait(DEADLINE)
        finally:
            recorder.kill()  # or what went wrong would be waited for
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
    for event in events:
        assert event.pop("sentinel.source") == "b0"
    for event in expected:
        assert event.pop("sentinel.source") == str(recording)
    (others, flows), (known_others, known_flows) = parted(events), parted(expected)
    for one, other in zip(others, known_others, strict=True):
        assert one == other
    assert flows == known_flows
