"""Parts of events: segments, what is read while they grow or go, room on the disk."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.query import Node, matches, parse
from sentinel.store import forms, parts
from sentinel.store.lookup import Search
from sentinel.store.sqlite import SqliteStore
from tests.conftest import ROOT
from tests.store.conformance import event, ids, in_order, lines, mark, population, quiet, trees
from tests.store.conftest import at, namespace

SMALL = 16


@pytest.fixture(scope="module")
def small_segments() -> Iterator[None]:
    """Segments of a few events, so that a small store has many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forms, "SEGMENT", SMALL)
        patch.setattr(forms, "COMMON", SMALL // 4)
        yield


@pytest.fixture(scope="module")
def filled(small_segments: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[SqliteStore, list[Any]]:
    """A store with many segments, events late and in any order."""
    store, documents = SqliteStore(tmp_path_factory.mktemp("s") / "s", create=True), population()
    Random(3).shuffle(documents)
    with store.writer() as writer:
        for at_ in range(0, len(documents), 7):
            writer.append_events(lines(documents[at_ : at_ + 7]))
    return store, in_order(documents)


named = st.sampled_from(
    ["source.ip = 10.0.0.1", "event.action = stop", "ot.action in (stop, READ)", 'event.dataset = "größe"',
     f"event.id = {7:032x}", 'destination.ip = "::ffff:10.0.0.2"']
).map(parse)  # fmt: skip


@quiet
@given(
    query=st.one_of(
        named,
        st.builds(lambda *items: parse_and(items), named, named),
        st.builds(lambda *i: parse_and(i), named, trees),
    ),
    after=st.one_of(st.none(), st.integers(0, 240)),
    newest=st.booleans(),
)
def test_segments_give_what_the_evaluator_gives(
    filled: tuple[SqliteStore, list[Any]], query: Node, after: int | None, newest: bool
) -> None:
    store, documents = filled
    begin = None if after is None else mark(documents[after])
    wanted = [d for d in documents if matches(query, d)]
    if begin:
        wanted = [d for d in wanted if (mark(d) < begin if newest else mark(d) > begin)]
    assert ids(store.search(query, begin, newest=newest)) == ids(wanted[::-1] if newest else wanted)


def parse_and(items: tuple[Node, ...]) -> Node:
    from sentinel.query import And

    return And(items)


def test_segments_are_sound_and_asked(filled: tuple[SqliteStore, list[Any]]) -> None:
    store, documents = filled
    assert store.verify() == []
    with store.events.reading("2026-01-01") as part:
        assert part is not None
        (segments,) = part.db.execute("SELECT count(*) FROM segment").fetchone()
        assert segments >= 3
        wanted = documents[20]
        asked: list[str] = []
        part.db.set_trace_callback(asked.append)
        assert len(list(Search(parse(f"event.id = {wanted['event.id']}")).documents(part))) <= 1
        assert all("ORDER BY time" not in sql for sql in asked)
    counted: dict[str, int] = {}
    for document in documents:
        if (value := document.get("source.ip")) is not None:
            counted[value] = counted.get(value, 0) + 1
    assert dict(store.histogram("event", "source.ip")) == counted


@pytest.mark.parametrize(
    "damage",
    ["DELETE FROM ident WHERE segment = 1", "DELETE FROM term WHERE segment = 0 AND field = 3",
     "DELETE FROM segment", "DELETE FROM event WHERE number = 5", "UPDATE ident SET tail = 'x' WHERE segment = 0",
     "UPDATE event SET id = 'x' WHERE number = 4", "UPDATE event SET doc = '{' WHERE number = 4"],
)  # fmt: skip
def test_verify_finds_what_does_not_fit(
    filled: tuple[SqliteStore, list[Any]], tmp_path: Path, damage: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(filled[0].folder, copy)
    with closing(sqlite3.connect(copy / "events" / "2026-01-01.db")) as db:
        db.execute(damage)
        db.commit()
    wrong = at(copy).verify()
    assert wrong
    assert all("2026-01-01.db: " in line for line in wrong)


def test_a_reader_finishes_what_expires_meanwhile(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store", create=True)
    some = [event(n, f"2026-01-0{n % 3 + 1}T00:{n // 60:02}:{n % 60:02}.000000Z") for n in range(1200)]
    with store.writer() as writer:
        writer.append_events(lines(some))
        reading = store.search()
        first = next(reading)
        assert writer.expire("2026-01-03") == ["2026-01-01", "2026-01-02"]
        assert writer.append_events(lines(some)).new == 0
        rest = ids(reading)
    day = [e for e in in_order(some) if e["@timestamp"].startswith("2026-01-01")]
    last = [e for e in in_order(some) if e["@timestamp"].startswith("2026-01-03")]
    assert [first["event.id"], *rest] == ids([*day, *last])
    assert sorted(path.name for path in (tmp_path / "store" / "events").glob("*.db")) == ["2026-01-03.db"]
    assert not list((tmp_path / "store" / "events").glob("2026-01-0[12]*"))


def test_a_slow_reader_does_not_hold_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "WAL", 20 * parts.PAGE)
    store = SqliteStore(tmp_path / "store", create=True)
    log = tmp_path / "store" / "events" / "2026-01-01.db-wal"
    with store.writer() as writer:
        writer.append_events(lines(event(n, event_reason="x" * 300) for n in range(500)))
        reading = store.search()
        next(reading)
        for n in range(1, 60):
            writer.append_events(lines(event(1000 * n + m, event_reason="x" * 300) for m in range(100)))
        assert log.stat().st_size < 2 << 20  # what was written is three times as much
        assert len(list(reading)) > 500


def test_handles_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MAX_OPEN", 3)
    store = SqliteStore(tmp_path / "store", create=True, part="hour")
    some = [event(n, f"2026-01-01T{n:02}:00:00.000000Z") for n in range(24)]
    with store.writer() as writer:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(2):
            writer.append_events(lines(some))
        assert len(list(Path("/proc/self/fd").iterdir())) - before <= 3 * 3
    assert ids(store.search()) == ids(some)
    assert len(store.sizes()) == 24


FULL = """
set -e
mount -t tmpfs -o size=6m none "$1"
"$0" -c "$2" "$1"
"""
WRITER = """
import json, os, subprocess, sys
from pathlib import Path
from sentinel.errors import StoreAwayError
from sentinel.store.sqlite import SqliteStore

folder = Path(sys.argv[1])
store = SqliteStore(folder / "store", create=True)

def batch(n):
    day = n // 20 + 1
    return "\\n".join(json.dumps({"@timestamp": f"2026-01-{day:02}T00:00:00.{m:06}Z",
        "event.id": f"{n:016x}{m:016x}", "text": "x" * 300}) for m in range(200)).encode()

kept, n, full = 0, 0, 0
with store.writer() as writer:
    while full < 3:
        try:
            assert writer.append_events(batch(n)).new in (200, 0)
            n, kept = n + 1, kept + 200
        except StoreAwayError as error:
            full += 1
            assert "full" in error.message or "space" in error.message, error
            assert store.counts()["event"] == kept, (store.counts(), kept)
            if full == 1:  # what makes room is possible on a full disk
                gone = writer.shrink(2 << 20)
                assert gone, store.sizes()
                kept = store.counts()["event"]
            if full == 2:
                subprocess.run(["mount", "-o", "remount,size=16m", str(folder)], check=True)
    assert store.counts()["event"] == kept
subprocess.run(["mount", "-o", "remount,size=32m", str(folder)], check=True)
assert store.verify() == [], store.verify()
print(json.dumps({"batches": n, "kept": kept}))
"""


def test_a_full_disk_is_no_loss_and_the_writer_goes_on(tmp_path: Path) -> None:
    before = namespace()
    if not before:
        pytest.skip("unshare is not allowed here: no file system of its own can be mounted")
    ran = subprocess.run(
        [*before, "sh", "-c", FULL, sys.executable, str(tmp_path), WRITER],
        capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["batches"] > 50
