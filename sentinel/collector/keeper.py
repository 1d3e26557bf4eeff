"""The stage that keeps: events, alerts and chains into the store, and checkpoints."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sentinel.collector.checkpoint import Checkpoint, StateFolder
from sentinel.collector.clock import Clock, rfc3339
from sentinel.collector.line import Cut, Line, Load
from sentinel.errors import StoreAwayError, UserError

if TYPE_CHECKING:
    from sentinel.collector.figures import Figures
    from sentinel.collector.stock import Stock
    from sentinel.model.store import Store, Writer, Written

FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
"""Seconds between two tries while the store is away: doubled up to the longest."""

STORE_SECONDS = 600.0
"""Seconds between two writings of all observations to the store. The checkpoint has them every time."""

CENTRE_SECONDS = 60.0
"""The same where a centre needs them for its list of assets."""

BYTES_A_SECOND = 500_000
"""What checkpoints may write on average: a large one is taken less often."""

EXPIRE_SECONDS = 60.0


class Keeper:
    """Takes from a line, and keeps. What `run` took off the line and has not kept is not acknowledged."""

    def __init__(
        self,
        source: Line,
        store: Store,
        writer: Writer,
        stock: Stock,
        folder: StateFolder,
        clock: Clock,
        figures: Figures,
        log: Any,
        *,
        site: str,
        sensor: str,
        keep_days: int | None,
        keep_bytes: int | None,
        tell: Callable[[list[bytes], list[bytes]], None],
        assets: Callable[[bytes, bytes], None],
        slower: Callable[[float], None],
        number: int = 0,
        store_every: float = STORE_SECONDS,
    ) -> None:
        self._in, self._store, self._writer = source, store, writer
        self._stock, self._folder = stock, folder
        self._clock, self._figures, self._log = clock, figures, log
        self._site, self._sensor = site, sensor
        self.keep_days, self.keep_bytes = keep_days, keep_bytes
        self._tell, self._assets, self._slower = tell, assets, slower
        self._number, self._store_every = number, store_every
        self._drain: Callable[[], object] | None = getattr(writer, "drain", None)
        self._away = ""
        """Why a spool takes what is meant for the store; empty while the store takes it."""
        self._stored_at = time.monotonic()
        # what is older than retention is refused from the start on
        self._expired_at = self._stored_at - EXPIRE_SECONDS
        self.beat = time.monotonic()
        self.give_up = threading.Event()
        """Set when the daemon has to end though the store is away: what is not kept is given up."""
        self.kept = threading.Event()
        """Set once the last checkpoint is written: nothing is lost any more by ending."""

    def run(self) -> None:
        """Work until the final cut has passed."""
        while True:
            self.beat = time.monotonic()
            item = self._in.take(1.0)
            if isinstance(item, Cut):
                self._checkpoint(item)
                if item.final:
                    return
            elif item is not None:
                self._keep(item)
            if self._drain is not None:
                self._drain()
                self._say_away(getattr(self._writer, "why", ""))
            self._expire()

    def _say_away(self, why: str) -> None:
        """Log when the store goes away and when it is back, once each."""
        if why and not self._away:
            self._log.warning("store-away", message=f"the spool takes all: {why}")
        elif self._away and not why:
            self._log.info("store-back")
        self._away = why

    def _keep(self, load: Load) -> None:
        if len(load.events):
            self._try(lambda: self._count(self._writer.append_events(load.events)))
            self._figures.event_time = max(self._figures.event_time, load.time)
        if load.alerts:
            self._try(lambda: self._count(self._writer.append_alerts(load.alerts)))
        if load.chains:
            self._try(lambda: self._writer.put_chains(load.chains))
        if load.alerts or load.chains:
            self._tell(load.alerts, load.chains)

    def _count(self, written: Written) -> None:
        self._figures.stored += written.new
        self._figures.expired += written.expired
        self._figures.refused += written.lost
        for line in written.refused:
            self._log.warning("document-refused", message=line)

    def _try(self, write: Callable[[], Any]) -> bool:
        """Write, again and again while the store is away. False if it was given up."""
        wait = FIRST_WAIT
        while True:
            begin = time.perf_counter()
            try:
                write()
            except StoreAwayError as error:
                if self._figures.store_away is None:
                    self._log.warning("store-away", message=error.message)
                self._figures.store_away = error.message
                self.beat = time.monotonic()
                if self.give_up.wait(wait):
                    return False
                wait = min(wait * 2, LONGEST_WAIT)
                continue
            self._figures.parts.setdefault("store_seconds", []).append(time.perf_counter() - begin)
            if self._figures.store_away is not None:
                self._figures.store_away = None
                self._log.info("store-back")
            return True

    def _checkpoint(self, cut: Cut) -> None:
        """All that came before the cut is kept: its state may be."""
        begin = time.monotonic()
        now = rfc3339(self._clock.now())
        parts = cut.parts
        if parts.get("found") is not None:
            self._stock.add(parts["found"])
        self._stock.work_out(now)
        if not cut.final:
            self._assets(*self._stock.assets())
        self._try(lambda: self._stock.write(self._writer))
        self._number += 1
        checkpoint = Checkpoint(
            site=self._site,
            sensor=self._sensor,
            time=now,
            number=self._number,
            flows=parts.get("flows", b""),
            positions=parts.get("positions", b""),
            rules=parts.get("rules", b""),
            baseline=parts.get("baseline", b""),
            chains=parts.get("chains", b""),
            observations=self._stock.observations(),
            ledger=self._stock.ledger(),
            key=self._stock.key,
        )
        try:
            size = self._folder.save(checkpoint)
        except OSError as error:
            self._log.error(
                "checkpoint-failed", reason=f"{error.filename or self._folder.path}: {error.strerror}"
            )
            parts["done"] = True
            return
        figures = self._figures
        figures.checkpoints += 1
        figures.checkpoint_time, figures.checkpoint_bytes = self._clock.now(), size
        figures.checkpoint_seconds = time.monotonic() - begin
        counted = {name: json.loads(text) for name, text in self._stock.counters().items()}
        figures.parts["certificates"] = self._stock.certificates
        figures.parts["inventory"] = {**counted, "totals": self._stock.totals()}
        self._slower(max(size / BYTES_A_SECOND, figures.checkpoint_seconds * 10))
        if cut.final:
            self.kept.set()
        if cut.final or begin - self._stored_at >= self._store_every:
            try:
                self._write_run(parts)
                self._stored_at = begin
            except StoreAwayError as error:
                # the checkpoint has it; the store gets it when it is back
                self._log.warning("observations-wait", message=error.message)
        parts["done"] = True

    def _write_run(self, parts: dict[str, Any]) -> None:
        """The observations of this sensor, for `store rebuild` and the centre; and what was learned."""
        self._stock.write_run(self._store, self._writer, parts["sources"])
        if parts.get("baseline"):
            self._writer.put_state(f"baseline {self._site}", parts["baseline"])

    def _expire(self) -> None:
        now = time.monotonic()
        if now - self._expired_at < EXPIRE_SECONDS:
            return
        self._expired_at = now
        gone: list[str] = []
        try:
            if self.keep_days is not None:
                today = datetime.fromtimestamp(self._clock.now() / 1e6, UTC)
                gone += self._writer.expire((today - timedelta(days=self.keep_days)).date().isoformat())
            if self.keep_bytes is not None:
                gone += self._writer.shrink(self.keep_bytes)
        except (StoreAwayError, UserError) as error:
            self._log.warning("retention-failed", message=error.message)
        if gone:
            self._log.info("events-deleted", parts=len(gone), first=gone[0], last=gone[-1])
