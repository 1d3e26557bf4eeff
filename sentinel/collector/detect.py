"""The stage of rules and chains: events in, in order, with what is known about them; alerts; chains."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import msgspec

from sentinel.collector.line import Cut, Line, Load

if TYPE_CHECKING:
    from sentinel._native import Chains
    from sentinel.collector.clock import Clock
    from sentinel.collector.figures import Figures
    from sentinel.rules.engine import Rules
    from sentinel.sources.evidence import Keeper as Packets

TELL_SECONDS = 1.0
"""Seconds between two hand-overs of chains that changed."""

QUIET_SECONDS = 1.0
"""Seconds without an event after which the wall clock moves event time on."""


class _Head(msgspec.Struct, gc=False):
    rule: str = msgspec.field(name="rule.name", default="")
    level: int = msgspec.field(name="event.severity", default=1)


LEVELS = ("", "informational", "low", "medium", "high", "critical")
_head = msgspec.json.Decoder(_Head, strict=False).decode


class Detect:
    """Takes from one line, gives to the next."""

    def __init__(
        self,
        source: Line,
        sink: Line,
        rules: Rules,
        chains: Chains | None,
        clock: Clock,
        figures: Figures,
        *,
        caught_up: Callable[[], bool],
        evidence: Packets | None = None,
        origin: bytes = b"",
    ) -> None:
        """`origin` are members that alert documents get in front: `pipeline.origin`."""
        self._in, self._out = source, sink
        self._rules, self._chains = rules, chains
        self._clock, self._figures = clock, figures
        self._caught_up, self._evidence = caught_up, evidence
        self._origin = origin
        self._tasks: SimpleQueue[Callable[[Rules], None]] = SimpleQueue()
        self._told = self._fed = self.beat = time.monotonic()
        """`beat`: when the stage last showed that it lives."""

    def ask(self, task: Callable[[Rules], None]) -> None:
        """Have something done with the rules between two batches, in the stage's own thread."""
        self._tasks.put(task)

    def run(self) -> None:
        """Work until the final cut has passed."""
        while True:
            self.beat = time.monotonic()
            item = self._in.take(QUIET_SECONDS)
            self._do_tasks()
            if isinstance(item, Cut):
                self._cut(item)
                if item.final:
                    return
                continue
            if item is not None:
                self._fed = time.monotonic()
                load = Load(self._rules.feed(item.events), live=item.live)
            elif time.monotonic() - self._fed >= QUIET_SECONDS and self._caught_up():
                load = Load(self._rules.watch.advance(self._clock.now()))
            else:
                continue
            self._pass(load)

    def _do_tasks(self) -> None:
        while True:
            try:
                task = self._tasks.get_nowait()
            except Empty:
                return
            task(self._rules)

    def _pass(self, load: Load, *, tell: bool = False) -> None:
        found = self._rules.watch.take_alerts()
        load.time = self._rules.watch.clock() or 0
        load.alerts = [b"{" + self._origin + alert[1:] for alert in found.ndjson().splitlines()]
        for alert in load.alerts:
            head = _head(alert)
            self._figures.rule(head.rule)
            self._figures.levels[LEVELS[min(max(head.level, 1), 5)]] += 1
        if self._evidence is not None:
            self._evidence.alerts(load.alerts)
        self._figures.events += len(load.events)
        self._figures.alerts += len(load.alerts)
        if self._chains is not None:
            if load.alerts:
                self._chains.feed_batch(found)
            now = time.monotonic()
            if tell or now - self._told >= TELL_SECONDS:
                self._told = now
                if load.time:
                    # alerts wait for earlier ones in the chains too: without events, time has to pass there
                    self._chains.advance(load.time)
                load.chains = self._chains.changed()
        if len(load.events) or load.alerts or load.chains:
            self._out.put(load)

    def _cut(self, cut: Cut) -> None:
        """Add the state of the rules and chains as of what came before."""
        from sentinel._native import EventBatch
        from sentinel.rules import baselines

        self._pass(Load(EventBatch()), tell=True)
        watch = self._rules.watch
        cut.parts["rules"] = watch.snapshot()
        cut.parts["baseline"] = baselines.save(watch)
        if self._chains is not None:
            cut.parts["chains"] = self._chains.snapshot()
        self._figures.parts["rules"] = self._rules.counters()
        self._out.put(cut)
