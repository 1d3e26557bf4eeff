"""Kill -9 at any moment: the store opens, is sound, and holds every acknowledged event exactly once."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from random import Random

from tests.store.conftest import at, killed, renamed, scanned, start

KILLS = 24

WRITER = """
import json, sys
from pathlib import Path
from sentinel.store.sqlite import SqliteStore

run, folder = int(sys.argv[1]), Path(sys.argv[2])
with SqliteStore(folder, create=True).writer() as writer:
    for batch in range(10_000):
        lines = []
        for n in range(50):
            day = f"2026-02-{batch % 5 + 1:02}"
            lines.append(json.dumps({
                "@timestamp": f"{day}T00:00:00.{n:06}Z", "event.id": f"{run:04x}{batch:08x}{n:04x}",
                "event.dataset": "sentinel.modbus", "batch": batch, "text": "x" * 200,
            }).encode())
        # half of the events of the batch before are written a second time
        writer.append_events(b"\\n".join(lines + (before[::2] if batch else [])))
        before = lines
        print(batch, flush=True)
"""
"""Appends batches of 50 events of one day, and says so line by line."""


def test_acknowledged_events_survive_a_kill(tmp_path: Path) -> None:
    random = Random(20260112)
    folder = tmp_path / "store"
    acknowledged: dict[int, int] = {}
    for run in range(KILLS):
        process = start(str(run), folder, program=("-c", WRITER))
        assert process.stdout is not None
        lines = random.randrange(12)
        said = [process.stdout.readline() for _ in range(lines)]
        assert all(said), process.stderr and process.stderr.read()
        time.sleep(random.random() * (0.02 if lines else 0.3))  # somewhere, the start included
        said += killed(process).splitlines()
        acknowledged[run] = len([line for line in said if line.strip().isdigit()])
        if not (folder / "store.db").exists():
            continue
        store = at(folder)
        assert store.verify() == []
        held: dict[tuple[int, int], int] = {}
        for event in store.search():
            key = int(event["event.id"][:4], 16), event["batch"]
            held[key] = held.get(key, 0) + 1
        assert set(held.values()) <= {50}  # all of a batch or nothing of it
        for killed_run, batches in acknowledged.items():
            written = sum(key[0] == killed_run for key in held)
            assert batches <= written <= batches + 1
    assert sum(acknowledged.values()) > KILLS


def test_a_killed_scan_leaves_a_sound_store_and_is_completed_by_scanning_again(
    long_plant: Path, tmp_path: Path
) -> None:
    random = Random(20260112)
    clean, folder = tmp_path / "clean", tmp_path / "store"
    began = time.monotonic()
    arguments = ("scan", long_plant, "--format", "ndjson", "--store")
    assert start(*arguments, f"sqlite://{clean}").wait() == 0
    needed = time.monotonic() - began
    events: dict[str, str] = {}
    finished = 0
    for _ in range(KILLS):
        process = start(*arguments, f"sqlite://{folder}")
        time.sleep(random.random() * needed)
        killed(process)
        finished += process.returncode == 0
        if not (folder / "store.db").exists():
            continue
        store = at(folder)
        assert store.verify() == []
        assert store.counts()["source"] in (0, 1)
        now = {e["event.id"]: json.dumps(e) for e in store.search()}
        assert len(now) == store.counts()["event"]
        assert events.items() <= now.items()  # nothing that was there has gone or changed
        events = now
        if store.sources():
            shutil.rmtree(folder)  # it was quicker than the kill: begin anew
            events = {}
    if (folder / "secret.key").exists():
        shutil.copy(clean / "secret.key", folder / "secret.key")
        scanned(folder, long_plant)
        assert renamed(folder) == renamed(clean)
        assert [e["event.id"] for e in at(folder).search()] == [e["event.id"] for e in at(clean).search()]
        assert at(folder).verify() == []


def test_a_kill_while_a_store_is_made_leaves_one_that_can_be_made(plant: Path, tmp_path: Path) -> None:
    for number, left in enumerate((("events/",), ("store.db",), ("events/", "store.db", "lock"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name in left:
            if name.endswith("/"):
                (folder / name).mkdir()
            else:
                (folder / name).touch()
        scanned(folder, plant)
        assert at(folder).verify() == []
        assert at(folder).counts()["source"] == 1


def test_a_kill_while_a_day_is_made_leaves_a_store_that_goes_on(plant: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    scanned(folder)
    (folder / "events" / "2026-01-12.part").write_bytes(b"half of a file")
    (folder / "events" / "2026-01-12.part-wal").write_bytes(b"and of its log")
    scanned(folder, plant)
    assert at(folder).verify() == []
    assert at(folder).counts()["event"] > 50
    assert [p.name for p in (folder / "events").iterdir() if ".part" in p.name] == []


def test_readers_do_not_wait_for_a_writer(plant: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    scanned(folder, plant)
    before = at(folder).counts()
    with at(folder).writer() as writer, closing(sqlite3.connect(folder / "store.db")) as busy:
        busy.execute("BEGIN IMMEDIATE")
        busy.execute("DELETE FROM asset")
        writer.append_events(b'{"@timestamp":"2026-01-12T00:00:00.000000Z","event.id":"00"}')
        now = at(folder).counts()
        busy.execute("ROLLBACK")
    assert now == {**before, "event": before["event"] + 1}
