"""What of a document is looked at when it is written. A document that can never be kept is told, the
others are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TypeAlias

import msgspec

MAX_TOLD = 20
"""Lines of refused documents that are passed on; all are counted."""

_SHOWN = 80
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
).fullmatch

Row: TypeAlias = tuple[str, str, str | None, str | None, str | None, str | None, str | None, str]
"""(time, id, dataset, action, operation, source, destination, document)"""


class EventHead(msgspec.Struct, gc=False):
    """What of an event has a column of its own."""

    time: str = msgspec.field(name="@timestamp")
    id: str = msgspec.field(name="event.id")
    dataset: str | None = msgspec.field(name="event.dataset", default=None)
    action: str | None = msgspec.field(name="event.action", default=None)
    operation: str | None = msgspec.field(name="ot.action", default=None)
    source: str | None = msgspec.field(name="source.ip", default=None)
    destination: str | None = msgspec.field(name="destination.ip", default=None)


class AlertHead(msgspec.Struct, gc=False):
    """What of an alert has a column of its own."""

    time: str = msgspec.field(name="@timestamp")
    id: str = msgspec.field(name="event.id")
    severity: int | None = msgspec.field(name="event.severity", default=None)
    rule: str | None = msgspec.field(name="rule.id", default=None)
    source: str | None = msgspec.field(name="source.ip", default=None)
    destination: str | None = msgspec.field(name="destination.ip", default=None)
    source_asset: str | None = msgspec.field(name="source.asset", default=None)
    destination_asset: str | None = msgspec.field(name="destination.asset", default=None)


_event = msgspec.json.Decoder(EventHead).decode
_alert = msgspec.json.Decoder(AlertHead).decode


@dataclass(slots=True)
class Refused:
    """Documents that cannot be kept."""

    count: int = 0
    lines: list[str] = field(default_factory=list)
    why: str = ""
    """What was wrong with the last one."""

    def add(self, document: bytes, why: object) -> None:
        self.count += 1
        self.why = str(why)
        if len(self.lines) < MAX_TOLD:
            text = document[:_SHOWN].decode("utf-8", "replace")
            self.lines.append(" ".join(f"{text}: {why}".split()))


def events(ndjson: bytes, length: int, refused: Refused) -> dict[str, list[Row]]:
    """Rows by the first `length` characters of their time."""
    parts: dict[str, list[Row]] = {}
    for line in ndjson.splitlines():
        try:
            h = _event(line)
            time = h.time
            row = (time, h.id, h.dataset, h.action, h.operation, h.source, h.destination, line.decode())
            if not _TIME(time):
                raise ValueError(_wrong_time(time))
            if not h.id:
                raise ValueError("event.id is empty")
        except ValueError as error:  # msgspec's errors and those of UTF-8 are ValueErrors
            if line.strip():
                refused.add(line, error)
            continue
        try:
            parts[time[:length]].append(row)
        except KeyError:
            parts[time[:length]] = [row]
    for part in [part for part in parts if not is_day(part[:10])]:
        for row in parts.pop(part):
            refused.add(row[-1].encode(), _wrong_time(row[0]))
    return parts


def alerts(documents: Iterable[bytes], refused: Refused) -> list[tuple[AlertHead, str]]:
    """Heads and documents."""
    found = []
    for document in documents:
        try:
            head = _alert(document)
            if not _TIME(head.time) or not is_day(head.time[:10]):
                raise ValueError(_wrong_time(head.time))
            if not head.id:
                raise ValueError("event.id is empty")
            found.append((head, document.decode()))
        except ValueError as error:
            refused.add(document, error)
    return found


def _wrong_time(time: str) -> str:
    return f"@timestamp {time[:40]!r} is no time as documents hold it (2026-01-31T10:00:00.000000Z)"


@lru_cache(maxsize=4096)
def is_day(day: str) -> bool:
    """True if there is such a day (`YYYY-MM-DD`)."""
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True
