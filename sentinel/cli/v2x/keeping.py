"""Verdicts and reports on their way through the rules into a store: events, alerts, chains."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from sentinel._native import EventBatch
    from sentinel.model.store import Store

BATCH = 1_000
"""Events that go through the rules at once, and into the store together."""


class Keeper:
    """Rules at work on V2X events; what they find goes into a store. Events that a receiver would take are
    seen by the rules and kept with `every` only: there are ten a second of each vehicle."""

    def __init__(self, url: str, rules: Iterable[Path] = (), *, packs: bool = True, every: bool = False):
        from sentinel.rules.engine import Rules, load
        from sentinel.store import open_store

        self.store: Store = open_store(url, create=True)
        self.rules = Rules(load(tuple(rules), packs=packs))
        self.every = every
        self.kept = self.alerts = 0
        self.refused = [f"rule: {line}" for line in self.rules.refused]
        self._waiting: list[dict[str, Any]] = []
        self._entered = self.store.writer()
        self._writer = self._entered.__enter__()

    def take(self, event: dict[str, Any]) -> None:
        """An event."""
        self._waiting.append(event)
        if len(self._waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Have what waits judged and written."""
        if self._waiting:
            batch = self.rules.watch.feed_docs(self._waiting)
            self._waiting = []
            self._write(batch)

    def _write(self, batch: EventBatch) -> None:
        lines = batch.ndjson().splitlines()
        if not self.every:
            lines = [line for line in lines if not _accepted(line)]
        if lines:
            written = self._writer.append_events(b"".join(line + b"\n" for line in lines))
            self.kept += written.new
            self.refused += written.refused
        alerts = self.rules.alerts()
        if alerts:
            written = self._writer.append_alerts(alerts)
            self.alerts += written.new
            self.refused += written.refused

    def _chains(self) -> None:
        import msgspec

        from sentinel.rules import chains

        engine = chains.make()
        engine.assets(msgspec.json.encode(list(self.store.documents("asset"))))
        for some in self._writer.alert_documents():
            engine.feed(some)
        engine.finish()
        self._writer.replace_chains(list(engine.all()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.flush()
            self._write(self.rules.finish())
            self._chains()
        finally:
            self._entered.__exit__(kind, value, trace)
            self.store.close()


def _accepted(line: bytes) -> bool:
    """Whether an event is a message that a receiver would take."""
    import msgspec

    event = msgspec.json.decode(line)
    return bool(event["event.action"] == "v2x-message" and event["event.outcome"] == "success")
