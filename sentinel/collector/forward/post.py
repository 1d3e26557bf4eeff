"""One receiver's queue and the thread that empties it. Whoever hands over never waits for a receiver.

What is handed over is in the journal when `offer` returns, and leaves it when the receiver has it. The queue
is bounded by number and octets: the oldest go, counted. A chain that changed again while it waits is sent
once, as it is now.

Counters hold: offered + resumed = sent + dropped_full + dropped_refused + dropped_tried + superseded +
waiting.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from secrets import SystemRandom
from typing import Any, Protocol

from sentinel.collector.forward.journal import SLACK, Journal
from sentinel.collector.forward.message import AwayError, Item, Kind, Settled, head

MOST_BYTES = 64 << 20
"""Octets of documents that wait for one receiver at most."""
MOST_JOURNAL = 4 * MOST_BYTES
"""Octets the journal of one receiver may have; beyond, what comes waits in memory only, counted."""
LONGEST_WAIT = 60.0
"""Seconds between two tries at most, unless a receiver asked for more."""
LONGEST_ASKED = 600.0
"""Seconds that a receiver may ask for (Retry-After)."""
QUIET = 60.0
"""Seconds between two lines in the log that say the same."""

FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a document that is not as it should be may raise in an encoder: it is refused, the rest goes on."""

COUNTED = (
    "offered", "resumed", "sent", "dropped_full", "dropped_refused", "dropped_tried", "superseded",
    "below_level", "unreadable", "failures", "not_in_journal",
)  # fmt: skip
"""Counters every receiver has from the start; a sender adds its own."""


def reason(error: OSError) -> str:
    """An error of the network in a few words."""
    return error.strerror or str(error) or type(error).__name__


class Log(Protocol):
    """Where changes of a receiver's state are told: structlog, or what is like it."""

    def info(self, event: str, **fields: Any) -> Any: ...
    def warning(self, event: str, **fields: Any) -> Any: ...


class Sender(Protocol):
    """What knows how to reach one kind of receiver. One thread uses it; only `interrupt` may be called
    by others."""

    most: int
    """Documents it takes at once."""
    counts: Counter[str]

    def deliver(self, batch: list[Item]) -> Settled:
        """Send the first of a batch, at least one, and say how many are settled. Raises `AwayError`."""

    def interrupt(self) -> None:
        """Have a delivery that is under way fail at once."""

    def close(self) -> None:
        """Give back what is open."""


class Post:
    """The queue of one receiver. `first_wait` is the seconds of the first wait after a failure."""

    def __init__(
        self,
        name: str,
        sender: Sender,
        journal: Journal,
        log: Log,
        *,
        level: int,
        most: int,
        first_wait: float = 1.0,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.name = name
        self._sender, self._journal, self._log = sender, journal, log
        self._level, self._most, self._most_bytes, self._first_wait = level, most, most_bytes, first_wait
        self._changed = threading.Condition()
        self._waiting: deque[Item] = deque(journal.waiting)
        self._flying: list[Item] = []
        self._bytes = sum(len(item.raw) for item in self._waiting)
        self._chains = {item.id: item.number for item in self._waiting if item.kind == "chain"}
        self._superseded: set[int] = set()
        self._counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
        self._counts["resumed"] = len(self._waiting)
        self._last = journal.last
        self._up: bool | None = None
        self._warned: dict[str, float] = {}
        self._ends: float | None = None
        journal.waiting = []
        with self._changed:
            self._shorten()
        self._thread = threading.Thread(target=self._run, name=f"forward {name}", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def offer(self, kind: Kind, documents: Iterable[bytes]) -> None:
        """Take documents that are severe enough. Waits for no receiver; a page of the disk at most."""
        with self._changed:
            new = []
            for raw in documents:
                try:
                    severity, id = head(kind, raw)
                except ValueError:
                    self._counts["unreadable"] += 1
                    continue
                if severity < self._level:
                    self._counts["below_level"] += 1
                    continue
                self._last += 1
                new.append(Item(self._last, kind, id, raw))
            if not new:
                return
            self._counts["offered"] += len(new)
            if self._journal.size > MOST_JOURNAL or not self._journal.put(new):
                self._counts["not_in_journal"] += len(new)
            for item in new:
                if kind == "chain":
                    self._supersede(item)
                self._waiting.append(item)
                self._bytes += len(item.raw)
            self._shorten()
            self._changed.notify_all()

    def _supersede(self, item: Item) -> None:
        older = self._chains.get(item.id)
        self._chains[item.id] = item.number
        if older is not None and self._waiting and self._waiting[0].number <= older:
            self._superseded.add(older)

    def _shorten(self) -> None:
        """Let the oldest that nobody sends just now go until the bounds hold."""
        gone = []
        while self._waiting and (
            len(self._waiting) + len(self._flying) > self._most or self._bytes > self._most_bytes
        ):
            item = self._next()
            old = item.number in self._superseded
            self._superseded.discard(item.number)
            self._counts["superseded" if old else "dropped_full"] += 1
            self._bytes -= len(item.raw)
            gone.append(item.number)
            if not old:
                self._warn("queue of a receiver is full, the oldest go")
        if gone:
            self._journal.done(gone)

    def _next(self) -> Item:
        item = self._waiting.popleft()
        if item.kind == "chain" and self._chains.get(item.id) == item.number:
            del self._chains[item.id]
        return item

    def _take(self) -> list[Item]:
        """What is to be sent next; waits for it. Empty at the end."""
        with self._changed:
            while True:
                stopped = self._ends is not None
                if self._ends is not None and time.monotonic() >= self._ends:
                    return []
                gone = []
                while self._waiting and len(self._flying) < self._sender.most:
                    item = self._next()
                    if item.number in self._superseded:
                        self._superseded.discard(item.number)
                        self._counts["superseded"] += 1
                        self._bytes -= len(item.raw)
                        gone.append(item.number)
                    else:
                        self._flying.append(item)
                if gone:
                    self._journal.done(gone)
                if self._flying or stopped:
                    return list(self._flying)
                self._changed.wait()

    def _run(self) -> None:
        failed = 0
        while batch := self._take():
            try:
                settled = self._sender.deliver(batch)
            except (AwayError, OSError) as error:
                away = error if isinstance(error, AwayError) else AwayError(reason(error))
                failed += 1
                self._away(away)
                if self._ends is not None:
                    break
                self._wait(away, failed)
            except FAULTS as error:
                self._settle(Settled(1, "refused", f"cannot be written: {type(error).__name__}"))
            else:
                failed = 0
                self._settle(settled)
            self._compact()
        self._sender.close()

    def _warn(self, what: str, **more: str) -> None:
        """Tell something at most once a minute: counters hold how often it was."""
        now = time.monotonic()
        if now - self._warned.get(what, -QUIET) >= QUIET:
            self._warned[what] = now
            self._log.warning(what, receiver=self.name, **more)

    def _settle(self, settled: Settled) -> None:
        with self._changed:
            gone, self._flying = self._flying[: settled.count], self._flying[settled.count :]
            self._bytes -= sum(len(item.raw) for item in gone)
            self._counts["sent" if settled.verdict == "sent" else f"dropped_{settled.verdict}"] += len(gone)
            if gone:
                self._journal.done([item.number for item in gone])
        if settled.verdict != "sent":
            if settled.count:
                self._warn("receiver did not take a document", reason=settled.why)
        elif gone and self._up is not True:
            if self._up is not None:
                self._log.info("receiver is back", receiver=self.name)
            self._up = True

    def _away(self, away: AwayError) -> None:
        with self._changed:
            self._counts["failures"] += 1
            self._journal.sync()
        if self._up is not False:
            self._up = False
            self._log.warning("receiver is away", receiver=self.name, reason=away.why)

    def _wait(self, away: AwayError, failed: int) -> None:
        """Twice as long after each failure, less up to a half, so that not all come back at once."""
        longest = min(LONGEST_WAIT, self._first_wait * 2.0 ** min(failed - 1, 30))
        wait = longest * (0.5 + SystemRandom().random() / 2)
        if away.after is not None:
            wait = max(wait, min(away.after, LONGEST_ASKED))
        until = time.monotonic() + wait
        while (left := until - time.monotonic()) > 0:
            with self._changed:
                if self._ends is not None:
                    return
                self._changed.wait(min(left, 1.0))
            self._compact()

    def _compact(self) -> None:
        """Write the journal anew where most of it is of what is done with."""
        with self._changed:
            if self._journal.size <= 2 * self._bytes + SLACK:
                return
            waiting = [*self._flying, *(i for i in self._waiting if i.number not in self._superseded)]
            since = self._journal.size
        try:
            new = self._journal.rewritten(waiting)
            with self._changed:
                self._journal.take_over(new, since)
        except OSError as error:
            with self._changed:
                self._counts["failures"] += 1
            self._log.warning("journal was not written anew", receiver=self.name, reason=error.strerror)

    def counters(self) -> dict[str, int]:
        """What was counted; `dropped` for whatever reason, `waiting`, `journal_bytes`, and `up`: 1 reached,
        0 away or not tried yet."""
        with self._changed:
            return {
                "dropped": sum(n for name, n in self._counts.items() if name.startswith("dropped_")),
                **self._counts,
                **self._sender.counts,
                "waiting": len(self._waiting) + len(self._flying),
                "journal_bytes": self._journal.size,
                "up": int(self._up is True),
            }

    def end(self, deadline: float) -> None:
        """Send what waits until then (monotonic clock); a receiver that is away is not waited for."""
        with self._changed:
            self._ends = deadline
            self._changed.notify_all()

    def join(self, deadline: float) -> None:
        """Wait until then for the thread's end, break off what is under way, and keep what waits."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))
            if self._thread.is_alive():
                self._sender.interrupt()
                self._thread.join(1.0)
        with self._changed:
            self._journal.close()
