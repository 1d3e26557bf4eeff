"""The daemon's clock. It is the host's; `SENTINEL_TEST_CLOCK` names a file with seconds to add, so that
tests can let it jump."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path


class Clock:
    """Wall-clock time in microseconds since 1970 UTC."""

    def __init__(self) -> None:
        named = os.environ.get("SENTINEL_TEST_CLOCK")
        self._file = Path(named) if named else None

    def offset(self) -> int:
        """Microseconds that are added to the host's time; 0 outside tests."""
        if self._file is None:
            return 0
        try:
            return int(float(self._file.read_text(encoding="ascii")) * 1e6)
        except (OSError, ValueError):
            return 0

    def now(self) -> int:
        """Now."""
        return time.time_ns() // 1000 + self.offset()


def rfc3339(micros: int) -> str:
    """A time as documents have it."""
    whole, rest = divmod(micros, 1_000_000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"
