"""Captures and logs of one scan as one stream of events, by time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentinel._native import EventBatch, Logs


def divide(files: list[str]) -> tuple[list[str], list[str]]:
    """Captures and logs among `files`, told apart by their content. What is neither counts as a capture,
    unless it begins like a log: who reads it says what is wrong with it."""
    from sentinel._native import recognise_log

    logs = [name for name in files if recognise_log(name) != "other"]
    return [name for name in files if name not in set(logs)], logs


def follow(logs: Logs, held: EventBatch, until: int | None, seconds: float) -> Iterator[EventBatch]:
    """Read the logs up to a time (µs; None: to their end), with what is `held` of the captures' events in
    between. Gives a batch about every `seconds`; what is later than `until` stays in `held`."""
    while True:
        logs.step(seconds, until)
        batch = logs.events()
        ahead = logs.ahead()
        behind = ahead is not None and (until is None or ahead <= until)
        reached = logs.clock() if behind else until
        if reached is not None or not behind:
            earlier = held.until(reached)
            earlier.join(batch)
            batch = earlier
        yield batch
        if not behind:
            return
