"""Events and alerts as they come, taken apart into id, time and bytes; what cannot be kept is told here,
before the server sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sentinel.model.store import Written
from sentinel.store.elastic import bulk, faults
from sentinel.store.elastic.layout import TIME, is_day

MOST_TOLD = 20
"""Lines about documents that were refused."""
MOST_ID = 512
"""Octets of an id (a limit of the server)."""


class _Head(msgspec.Struct, gc=False):
    time: str = msgspec.field(name="@timestamp")
    id: str = msgspec.field(name="event.id")


_head = msgspec.json.Decoder(_Head).decode
_is_time = TIME.fullmatch


@dataclass(slots=True)
class Intake:
    """Documents by index, and what was left out."""

    by_index: dict[str, list[bulk.Line]] = field(default_factory=dict)
    expired: int = 0
    lost: int = 0
    refused: list[str] = field(default_factory=list)

    def refuse(self, line: str) -> None:
        """Count a document that can never be kept."""
        self.lost += 1
        if len(self.refused) < MOST_TOLD:
            self.refused.append(line)

    def written(self, outcome: bulk.Outcome) -> Written:
        """What became of all."""
        for id, why in outcome.refused:
            self.refuse(f"{faults.one_line(id, 80)}: {why}")
        return Written(outcome.new, self.expired, tuple(self.refused), self.lost)


def sort(documents: Iterable[bytes], index_of: Callable[[str], str], before: str) -> Intake:
    """Take documents in. Those of times before `before` are counted as expired."""
    out = Intake()
    by_index = out.by_index
    last_part, last_lines = "", []  # most documents of a batch are of one index
    for document in documents:
        if not document:
            continue
        try:
            head = _head(document)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            out.refuse(f"{_shown(document)}: {faults.one_line(str(error))}")
            continue
        time, id = head.time, head.id
        if _is_time(time) is None or not is_day(time[:10]):
            out.refuse(
                f"{faults.one_line(id, 80)}: @timestamp {faults.one_line(time, 40)} is no time to be kept"
            )
            continue
        if not id or len(id.encode()) > MOST_ID:
            out.refuse(f"{faults.one_line(id, 80) or _shown(document)}: event.id is empty or too long")
            continue
        if document.find(b"{", 1) > 0 and (nested := _nested(document)):
            name = faults.one_line(nested, 80)
            out.refuse(f"{faults.one_line(id, 80)}: {name} holds an object; events are flat")
            continue
        if time < before:
            out.expired += 1
            continue
        if time[:13] != last_part:
            last_part = time[:13]
            last_lines = by_index.setdefault(index_of(time), [])
        last_lines.append((id, b'{"create":{"_id":%b}}\n%b\n' % (msgspec.json.encode(id), document)))
    return out


def _nested(document: bytes) -> str | None:
    """The first field that holds an object."""
    value: Any = msgspec.json.decode(document)
    for name, inner in value.items():
        for one in inner if isinstance(inner, list) else (inner,):
            if isinstance(one, dict | list):
                return str(name)
    return None


def _shown(document: bytes) -> str:
    return faults.one_line(document[:60].decode("utf-8", "replace"))
