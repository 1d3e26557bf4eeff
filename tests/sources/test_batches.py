"""Batches of events in queues: how much they hold, in parts, and what goes first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentinel._native import EventBatch, Scan


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
