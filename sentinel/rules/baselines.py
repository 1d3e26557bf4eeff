"""What the engine learned, as bytes to keep and as rows to show.

The bytes are made and read by the native context; a store keeps them between scans, one blob a site.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from sentinel.errors import UserError

STATE_LIMIT = 1 << 30
"""Bytes of a state beyond which it is not taken for one."""

SHOWN = 10_000
"""Conversations `show` gives unless asked for more."""


class Learner(Protocol):
    """What holds a baseline: `sentinel._native.Watch`."""

    def save_baseline(self) -> bytes: ...
    def load_baseline(self, saved: bytes) -> None: ...
    def show_baseline(self, most: int) -> bytes: ...
    def reset_baseline(self, address: str | None) -> int: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """What is usual between two ends. `period` in seconds, where it is polled in a rhythm."""

    client: str
    server: str
    protocol: str
    state: str
    functions: tuple[str, ...]
    period: float | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A baseline: `state` is learning or ready; seconds learned and to be learned."""

    state: str
    learned: int
    learning: int
    total: int
    entries: tuple[Entry, ...]


def load(learner: Learner, saved: bytes | None, where: str) -> None:
    """Take up what was learned before; nothing where nothing was. `where` names it in errors."""
    if not saved:
        return
    if len(saved) > STATE_LIMIT:
        raise UserError(f"{where}: the baseline has {len(saved)} bytes, more than it can have; reset it")
    try:
        learner.load_baseline(saved)
    except ValueError as error:
        raise UserError(f"{where}: {error} (`sentinel rules baseline reset`)") from None


def save(learner: Learner) -> bytes:
    """What was learned so far."""
    return learner.save_baseline()


def show(learner: Learner, *, most: int = SHOWN) -> Shown:
    """What is usual, sorted by client, server and protocol; at most `most` entries."""
    tree = json.loads(learner.show_baseline(most))

    def entries() -> Iterator[Entry]:
        for e in tree["conversations"]:
            functions = tuple(e.get("functions", ()))
            ends = (e["client"], e["server"], e["protocol"])
            yield Entry(*ends, e["state"], functions, e.get("period_seconds"))

    return Shown(
        tree["state"], tree["learned_seconds"], tree["learning_seconds"], tree["entries"], tuple(entries())
    )


def reset(learner: Learner, address: str | None = None) -> int:
    """Learn anew; or, for one address, take all it did so far for usual. Gives how many conversations."""
    try:
        return learner.reset_baseline(address)
    except ValueError as error:
        raise UserError(str(error)) from None
