"""What a server that runs for months says again each day: what of the CA ends soon, what is overdue."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sentinel.ca import watch
from sentinel.ca.authority import Authority

log = logging.getLogger("sentinel.ca.serve")

AGAIN = timedelta(days=1)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Ending:
    """A watch of the service. The first time is a day from its making: commands say it when they start."""

    authority: Authority
    days: int
    """Before the end of a certificate of the CA (`ca.warn_days`)."""
    clock: Callable[[], datetime] = _now
    _next: datetime | None = None

    def __call__(self) -> None:
        """Warn, if a day has passed."""
        now = self.clock()
        if self._next is None:
            self._next = now + AGAIN
        if now < self._next:
            return
        self._next = now + AGAIN
        for line in (*watch.ends(self.authority, self.days, now), *watch.overdue(self.authority, now)):
            log.warning("%s", line)
