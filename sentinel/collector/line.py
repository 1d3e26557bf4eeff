"""The line between two stages: batches of events in order, bounded by events, with a stated policy when full.

Stages run in threads; native work gives the interpreter's lock back, so a line is all they share.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentinel._native import EventBatch


@dataclass(slots=True)
class Cut:
    """A mark in the stream at which every stage adds its state: what becomes a checkpoint."""

    final: bool = False
    """The stages end behind it."""
    parts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Load:
    """What goes down a line: events, with the alerts and chains that came of them."""

    events: EventBatch
    alerts: list[bytes] = field(default_factory=list)
    chains: list[bytes] = field(default_factory=list)
    live: bool = False
    """Events of packets: they cannot wait, some may be shed."""
    time: int = 0
    """Event time up to which the events come, in microseconds."""
    count: int = 0


class Closed(Exception):  # noqa: N818
    """The line is closed: nothing more comes or is taken."""


class Line:
    """Bounded by `most` events. One thread puts, one takes."""

    def __init__(self, name: str, most: int) -> None:
        self.name, self.most = name, most
        self.events = 0
        """Events that wait."""
        self.high = 0
        """Most that ever waited."""
        self._items: deque[Load | Cut] = deque()
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: Load | Cut) -> None:
        """Wait for room and put something in. Raises `Closed`.

        A load larger than the line is taken when the line is empty.
        """
        count = 0
        if isinstance(item, Load):
            count = item.count = len(item.events) + len(item.alerts)
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or not self.events or self.events + count <= self.most
            )
            if self._closed:
                raise Closed
            self._items.append(item)
            self.events += count
            self.high = max(self.high, self.events)
            self._changed.notify_all()

    def offer(self, load: Load, shed: Callable[[str, int], None]) -> None:
        """Put events of packets in at once. Where there is no room, monitoring events are shed first,
        then all others but alerts of other detectors; `shed` is told the reason and how many."""
        with self._changed:
            room = self.most - self.events
        if len(load.events) > room:
            shed("monitoring", load.events.shed("notable"))
        if len(load.events) > room:
            shed("events", load.events.shed("none"))
        if not len(load.events):
            return
        load.count = len(load.events)
        with self._changed:
            if self._closed:
                raise Closed
            self._items.append(load)
            self.events += load.count
            self.high = max(self.high, self.events)
            self._changed.notify_all()

    def take(self, seconds: float) -> Load | Cut | None:
        """The next item, or None if none came in time. Raises `Closed` at the end of a closed line."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout=seconds)
            if not self._items:
                if self._closed:
                    raise Closed
                return None
            item = self._items.popleft()
            if isinstance(item, Load):
                self.events -= item.count
            self._changed.notify_all()
            return item

    @property
    def crowded(self) -> bool:
        """More than half full: those who can wait should."""
        return self.events * 2 > self.most

    def close(self) -> None:
        """Nothing more is put in; what waits may still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
