"""Names: which index a document is in is a function of its own time, so that a document that is written
again meets itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z")
"""The form of times in documents."""
YEARS = (1970, 2261)
"""Times a `date_nanos` can hold are of these whole years."""
RECORDS = {
    "asset": "assets",
    "conversation": "conversations",
    "credential": "credentials",
    "operation": "operations",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of indices that begin with a prefix; events by day or by hour, alerts by month."""

    prefix: str
    part: Literal["hour", "day"] = "day"

    @property
    def events(self) -> str:
        """The alias of all events."""
        return f"{self.prefix}-events"

    @property
    def alerts(self) -> str:
        """The alias of all alerts."""
        return f"{self.prefix}-alerts"

    @property
    def chains(self) -> str:
        return f"{self.prefix}-chains"

    @property
    def sources(self) -> str:
        return f"{self.prefix}-sources"

    @property
    def state(self) -> str:
        return f"{self.prefix}-state"

    def records(self, kind: str) -> str:
        """The index of a kind of records."""
        return f"{self.prefix}-{RECORDS[kind]}"

    @property
    def fixed(self) -> list[str]:
        """Indices that are not of a time."""
        return [*map(self.records, RECORDS), self.chains, self.sources, self.state]

    @property
    def length(self) -> int:
        """Characters of a time that name a part."""
        return 13 if self.part == "hour" else 10

    def event_index(self, time: str) -> str:
        """The index of an event of this time."""
        return f"{self.events}-{time[: self.length].replace('-', '.').replace('T', '.')}"

    def alert_index(self, time: str) -> str:
        """The index of an alert of this time."""
        return f"{self.alerts}-{time[:7].replace('-', '.')}"

    def part_of(self, index: str) -> str | None:
        """The part an index of events is of (`YYYY-MM-DD`, `YYYY-MM-DDTHH`); None if it is none."""
        found = re.fullmatch(
            r"([0-9]{4})\.([0-9]{2})\.([0-9]{2})(?:\.([0-9]{2}))?", index[len(self.events) + 1 :]
        )
        if found is None or not index.startswith(f"{self.events}-"):
            return None
        return "-".join(found.groups()[:3]) + (f"T{found[4]}" if found[4] else "")


@lru_cache(maxsize=4096)
def is_day(text: str) -> bool:
    """True if `YYYY-MM-DD` is a day that can be kept."""
    try:
        return YEARS[0] <= date.fromisoformat(text).year <= YEARS[1]
    except ValueError:
        return False
