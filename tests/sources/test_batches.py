"""Batches of events in queues: how much they hold, in parts, and what goes first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel._native import EventBatch, Scan, Watch
from sentinel.store import heads


def batch(plant: Path) -> EventBatch:
    scan = Scan([plant], events="all")
    all_of_it = EventBatch()
    while not scan.step(5.0):
        all_of_it.join(scan.events())
    all_of_it.join(scan.events())
    return all_of_it


def monitoring(event: dict[str, object]) -> bool:
    return event.get("ot.category") == "monitor" and event.get("event.outcome") != "failure"


def test_parts_make_the_whole(plant: Path) -> None:
    events = batch(plant)
    lines, size, count = events.ndjson(), events.bytes(), len(events)
    first = events.split(100)
    assert (len(first), len(events)) == (100, count - 100)
    assert first.ndjson() + events.ndjson() == lines
    assert abs(first.bytes() + events.bytes() - size) < size / 50
    assert size > len(lines) / 2
    assert len(events.split(10**9)) == count - 100
    assert events.bytes() == len(events) == 0


def test_monitoring_goes_first(plant: Path) -> None:
    events = batch(plant)
    before = [json.loads(line) for line in events.ndjson().splitlines()]
    gone = events.shed("notable")
    after = [json.loads(line) for line in events.ndjson().splitlines()]
    assert gone == len(before) - len(after) > 0
    assert any(monitoring(e) for e in before)
    assert not any(monitoring(e) for e in after)
    kept = [e for e in before if e.get("ot.category") in ("control", "engineering", "administration")]
    assert kept
    assert all(e in after for e in kept)
    assert events.shed("none") == len(after)
    assert len(events) == 0
    with pytest.raises(ValueError, match="'some' is none of notable, none"):
        events.shed("some")


COLUMN = st.one_of(st.text(max_size=8), st.integers(-5, 5), st.booleans(), st.lists(st.text(max_size=3)))
DOCUMENT = st.fixed_dictionaries(
    {"@timestamp": st.datetimes().map(lambda t: f"{t.isoformat(timespec='microseconds')}Z")},
    optional={
        "event.dataset": COLUMN,
        "event.action": COLUMN,
        "ot.action": COLUMN,
        "source.ip": COLUMN,
        "destination.ip": COLUMN,
        "message": st.text(max_size=30),
        "password": st.text(max_size=8),
    },
)


def same_rows(events: EventBatch, length: int) -> None:
    """Rows are those that Python makes of the lines."""
    refused, again = heads.Refused(), heads.Refused()
    wanted = heads.events(events.ndjson(), length, refused)
    found, odd = events.rows(length)
    for part, rows in heads.events(odd, length, again).items():
        found.setdefault(part, []).extend(rows)
    assert {part: sorted(rows, key=repr) for part, rows in found.items()} == {
        part: sorted(rows, key=repr) for part, rows in wanted.items()
    }
    assert (again.count, again.lines) == (refused.count, refused.lines)


@given(st.lists(DOCUMENT, max_size=12), st.sampled_from([10, 13]))
def test_rows_are_what_the_lines_say(documents: list[dict[str, object]], length: int) -> None:
    watch = Watch([])
    lines = "".join(json.dumps(d) + "\n" for d in documents).encode()
    same_rows(watch.feed_lines(lines), length)
    same_rows(watch.finish(), length)


def test_rows_of_packets(plant: Path) -> None:
    events = batch(plant)
    same_rows(events, 10)
    found, odd = events.rows(13)
    assert sum(map(len, found.values())) == len(events)
    assert not odd
