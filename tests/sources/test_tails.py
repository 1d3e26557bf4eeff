"""Logs that are followed: real files, a writer that rotates them, a reader that is killed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sentinel._native import Logs, Tails
from tests.conftest import ROOT
from tests.sources.rotating import eve, head, row

PROGRAM = ROOT / "tests" / "sources" / "rotating.py"


def scanned(paths: list[Path]) -> list[dict[str, Any]]:
    """Events that a scan of the files gives."""
    logs = Logs([path for path in paths if path.stat().st_size], sha256=False)
    events: list[dict[str, Any]] = []
    over = False
    while not over:
        over = logs.step(1.0)
        events += map(json.loads, logs.events().ndjson().splitlines())
    return events


def read(tails: Tails) -> list[dict[str, Any]]:
    """Events that there are now."""
    events: list[dict[str, Any]] = []
    quiet = 0
    while quiet < 3:
        tails.step(0.02)
        batch = tails.events()
        events += map(json.loads, batch.ndjson().splitlines())
        quiet = 0 if len(batch) else quiet + 1
    return events


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of `rotating.py`, ended at the end whatever happens."""
    command = [sys.executable, str(PROGRAM), *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize(
    ("style", "pattern"),
    [
        ("create", "eve.json"),
        ("gzip", "eve.json"),
        ("copytruncate", "eve.json"),
        ("zeek", "*.log"),
        ("zeek-gzip", "dns.log"),
    ],
)
def test_each_line_once_over_rotation_and_kills(tmp_path: Path, style: str, pattern: str) -> None:
    random_ = random.Random(style)
    base = "dns." if style.startswith("zeek") else "eve.json"
    # the log is known before it is rotated for the first time
    (tmp_path / ("dns.log" if style.startswith("zeek") else base)).touch()
    first = Tails([tmp_path / pattern])
    first.step(0.01)
    assert len(first.events()) == 0
    (tmp_path / "state").write_bytes(b"0\n" + first.positions())
    (tmp_path / "ids").touch()
    with running("write", tmp_path, style, str(random_.randrange(1 << 30)), "900", "12") as writer:
        for _ in range(5):
            with running("follow", tmp_path, pattern) as reader:
                try:
                    reader.wait(0.25 + random_.random() * 0.5)
                except subprocess.TimeoutExpired:
                    reader.kill()
        assert writer.wait(60) == 0
    with running("follow", tmp_path, pattern) as reader:
        assert reader.wait(60) == 0
    files = [path for path in tmp_path.iterdir() if path.name.startswith(base)]
    assert len(files) == 13
    wanted = Counter(event["event.id"] for event in scanned(files))
    found = Counter((tmp_path / "ids").read_text(encoding="utf-8").split())
    assert sum(wanted.values()) >= 900
    assert ((wanted - found).total(), (found - wanted).total()) == (0, 0)
    assert (tmp_path / "lost").read_text(encoding="utf-8") == "0"


def test_events_are_those_of_a_scan(tmp_path: Path) -> None:
    log, zeek = tmp_path / "eve.json", tmp_path / "dns.log"
    log.write_text("".join(eve(n) for n in range(50)) + eve(49), encoding="utf-8")
    zeek.write_text(head(0) + "".join(row(0, n) for n in range(50)), encoding="utf-8")
    by_id = {event["event.id"]: event for event in scanned([log, zeek])}
    followed = read(Tails([tmp_path]))
    assert len(followed) == len(by_id) == 101
    assert all(by_id[event["event.id"]] == event for event in followed)


def test_positions_are_of_the_events_that_were_taken(tmp_path: Path) -> None:
    log = tmp_path / "eve.json"
    log.write_text(eve(1), encoding="utf-8")
    tails = Tails([log], poll=0, look=0)
    first = read(tails)
    kept = tails.positions()
    with log.open("a", encoding="utf-8") as file:
        file.write(eve(2) + eve(3))
    tails.step(0.05)
    assert tails.positions() == kept
    second = tails.events()
    assert tails.positions() != kept
    again = read(Tails([log], state=kept))
    assert [json.loads(line) for line in second.ndjson().splitlines()] == again
    assert len({event["event.id"] for event in first + again}) == 3


def test_a_line_counts_when_its_end_is_there(tmp_path: Path) -> None:
    log = tmp_path / "eve.json"
    tails = Tails([log], poll=0, look=0)
    assert read(tails) == []
    line = eve(1)
    with log.open("a", encoding="utf-8") as file:
        for part in (line[:30], line[30:-1]):
            file.write(part)
            file.flush()
            assert read(tails) == []
        end = time.monotonic() + 30
        while json.loads(tails.counters()).get(str(log), {}).get("lag") != len(line) - 1:
            assert time.monotonic() < end
            assert read(tails) == []
        file.write("\n")
    found: list[dict[str, Any]] = []
    while not found:
        assert time.monotonic() < end
        found = read(tails)
    assert len(found) == 1
    counted = json.loads(tails.counters())[str(log)]
    assert {name: counted[name] for name in ("kind", "lines", "bytes", "bad", "lag")} == {
        "kind": "eve",
        "lines": 1,
        "bytes": len(line),
        "bad": 0,
        "lag": 0,
    }
    assert tails.clock() == 1699999200001000


def test_what_lines_tell_is_harvested(tmp_path: Path) -> None:
    log = tmp_path / "dns.log"
    log.write_text(head(0) + row(0, 1), encoding="utf-8")
    tails = Tails([tmp_path / "*.log"], site="plant", poll=0, look=0)
    read(tails)
    told = tails.harvest()
    told.assess(lambda question: b"[]")
    told.derive(
        None,
        lambda question: b"[" + b",".join(b"{}" for _ in json.loads(question)) + b"]",
        lambda macs: [None] * len(macs),
    )
    assert dict(told.totals())["assets"] == 2
    (source,) = json.loads(told.sources())
    assert (source["name"], source["site"]) == (str(log), "plant")
    assert dict(tails.harvest().totals())["conversations"] == 0
    (record,) = map(json.loads, tails.sources())
    assert (record["kind"], record["records"], record["sha256"]) == ("zeek", 1, source["sha256"])
    assert record["first"] == "2023-11-14T22:13:20.000001Z"


def test_current_points_elsewhere(tmp_path: Path) -> None:
    """Zeek's `current` is a link to the folder it writes to, which may become another."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "eve.json").write_text(eve(len(name) + ord(name[0])), encoding="utf-8")
    current = tmp_path / "current"
    current.symlink_to("one")
    tails = Tails([current], poll=0, look=0)
    assert len(read(tails)) == 1
    current.unlink()
    current.symlink_to("two")
    assert len(read(tails)) == 1
    with (tmp_path / "one" / "eve.json").open("a", encoding="utf-8") as file:
        file.write(eve(99))
    assert len(read(tails)) == 1, "the file that was open is read on"


def test_what_is_no_log_and_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "noise.log").write_text("hello\n", encoding="utf-8")
    (tmp_path / "loop.json").symlink_to("loop.json")
    tails = Tails([tmp_path], poll=0, look=0)
    assert read(tails) == []
    assert json.loads(tails.counters()) == {}
    totals = json.loads(tails.totals())
    assert (totals["files"], totals["handles"]) == (0, 0)
    assert list(totals["faults"]) == [str(tmp_path / "loop.json")]


@pytest.mark.parametrize("state", [b"", b"{}", b"\x00", b'{"version":7,"time":0,"tails":[],"done":[]}'])
def test_positions_that_are_none_are_refused(state: bytes) -> None:
    with pytest.raises(ValueError, match=r"^positions of logs: "):
        Tails([], state=state)
