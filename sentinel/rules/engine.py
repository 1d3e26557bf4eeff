"""The engine: rules at work on batches of events. The work is done by `sentinel._native.Watch`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentinel.rules import loader

if TYPE_CHECKING:
    from sentinel._native import EventBatch, Watch

LATENESS = 120.0
"""Seconds of event time that events of a capture may come late: what is summed over a minute and the
end of an idle flow are told with the time they are of."""


class Rules:
    """Rules at work: events in, the same events with what is known about them and alerts out."""

    def __init__(
        self,
        files: Sequence[loader.RuleFile],
        *,
        context: dict[str, Any] | None = None,
        lateness: float = LATENESS,
    ) -> None:
        from sentinel._native import Watch

        self.files = list(files)
        """The files at work."""
        self.watch: Watch = Watch(
            files,
            pipelines=loader.pipelines(),
            context=json.dumps(context).encode() if context else b"",
            lateness=lateness,
        )

    def __len__(self) -> int:
        return len(self.watch)

    @property
    def refused(self) -> list[str]:
        """One line for each rule that is not used: file, line, reason."""
        return [loader.place(*refused) for refused in self.watch.refused()]

    def reload(self, files: Sequence[loader.RuleFile]) -> None:
        """Put other rules in the place of these, while events flow."""
        self.watch.reload(files, pipelines=loader.pipelines())
        self.files = list(files)

    def advance(self, now: int) -> EventBatch:
        """Time passes without events (`now`: the machine's clock, µs): give those whose time has come."""
        return self.watch.advance(now)

    def feed(self, batch: EventBatch) -> EventBatch:
        """Take a batch, which is empty afterwards; give the events whose time has come, in order."""
        return self.watch.feed(batch)

    def finish(self) -> EventBatch:
        """No more events will come: give those that were held back."""
        return self.watch.finish()

    def alerts(self, *, reveal: bool = False) -> list[bytes]:
        """Alert documents since the last call, in order."""
        return self.watch.alerts(reveal=reveal)

    def counters(self) -> dict[str, int]:
        """What was counted: events, alerts, those that came late."""
        counted: dict[str, int] = json.loads(self.watch.counters())
        return counted


def load(paths: Sequence[Path] = (), *, packs: bool = True) -> list[loader.RuleFile]:
    """Rule files of the packs and of a user's paths."""
    return [*(loader.pack_rules() if packs else ()), *loader.read(paths)]
