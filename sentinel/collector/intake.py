"""The stage that listens: live ports and logs, one thread for both."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

from sentinel.collector.line import Cut, Line, Load

if TYPE_CHECKING:
    from sentinel._native import EventBatch, Inventory, Live, Tails
    from sentinel.collector.figures import Figures
    from sentinel.probes.runner import Runner
    from sentinel.sources.evidence import Keeper as Packets

STEP_SECONDS = 0.1
"""Seconds a look at the ports waits for packets: what passes between a packet and its event at most."""


TURN_SECONDS = 1.0
"""Seconds between two writings of packets that are evidence."""

BEHIND_NS = 1_000_000_000
"""Nanoseconds after which a packet that has come is out of its ring."""


class Intake:
    """Reads ports and logs and puts their events into a line. Packets cannot wait; logs can, and do so
    while the line is crowded."""

    def __init__(
        self,
        sink: Line,
        live: Live | None,
        runner: Runner | None,
        tails: Tails | None,
        figures: Figures,
        *,
        every: float,
        evidence: Packets | None = None,
    ) -> None:
        self._out, self._live, self._runner, self._tails = sink, live, runner, tails
        self._figures, self._evidence = figures, evidence
        self._turned = time.monotonic()
        self._stop = threading.Event()
        self.every = every
        """Seconds between two cuts."""
        self.lag = 0
        """Octets of logs that are written and not yet read."""
        self.beat = time.monotonic()
        """When the stage last showed that it lives."""
        self._under_way: Cut | None = None

    def stop(self) -> None:
        """Cut once more and end."""
        self._stop.set()

    def run(self) -> None:
        """Listen until stopped."""
        # the first at once: a log that is rotated before the next, and a kill then, lose nothing
        due = time.monotonic()
        while not self._stop.is_set():
            self.beat = time.monotonic()
            self._turn()
            if time.monotonic() >= due and self._ready():
                self._cut()
                due = time.monotonic() + self.every
        self._cut(final=True)

    def caught_up(self) -> bool:
        """All that is written to logs has been read."""
        return self.lag == 0 and not self._out.events

    def _ready(self) -> bool:
        return self._under_way is None or "done" in self._under_way.parts

    def _turn(self) -> None:
        if self._live is not None and self._runner is not None:
            self._live.step(STEP_SECONDS if not self.lag else 0.0)
            self._runner.turn()
            events = self._live.events()
            self._keep_packets(events)
            if len(events):
                self._out.offer(Load(events, live=True), self._shed)
        if self._tails is not None and not self._out.crowded:
            self._tails.step(0.0 if self._live is not None else STEP_SECONDS)
            events = self._tails.events()
            if len(events):
                self._out.put(Load(events))
        elif self._live is None:
            self._stop.wait(STEP_SECONDS)
        self._count()

    def _keep_packets(self, events: EventBatch) -> None:
        """Have the packets around what was seen written."""
        if self._evidence is None:
            return
        self._evidence.see(events)
        if time.monotonic() - self._turned >= TURN_SECONDS:
            self._turned = time.monotonic()
            # on a quiet wire no packet says that the time after the moment is over
            self._evidence.turn((time.time_ns() - BEHIND_NS) // 1000)
            self._figures.parts["evidence"] = self._evidence.counted()

    def _count(self) -> None:
        if self._tails is not None:
            logs = json.loads(self._tails.counters())
            self._figures.parts["logs"] = logs
            self.lag = sum(log.get("lag", 0) for log in logs.values())
        if self._live is not None:
            self._figures.parts["interfaces"] = json.loads(self._live.counters())

    def _shed(self, reason: str, count: int) -> None:
        if count:
            self._figures.shed[reason] += count

    def _cut(self, *, final: bool = False) -> None:
        """Mark the place where every stage adds its state, with our own."""
        cut = Cut(final=final)
        found: Inventory | None = None
        sources: list[dict[str, Any]] = []
        if self._live is not None:
            # in this order: what was harvested of a flow is part of its state
            found = self._live.harvest()
            cut.parts["flows"] = self._live.save_flows()
            sources += map(json.loads, self._live.sources())
        if self._tails is not None:
            cut.parts["positions"] = self._tails.positions()
            told = self._tails.harvest()
            if found is None:
                found = told
            else:
                found.absorb(told)
            sources += map(json.loads, self._tails.sources())
        cut.parts["found"], cut.parts["sources"] = found, sources
        if final and self._evidence is not None:
            self._evidence.finish()
        self._under_way = cut
        self._out.put(cut)
