"""What receivers are told of: alerts and chains, as the daemon hands them over."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["alert", "chain"]
Document: TypeAlias = dict[str, Any]


class _Alert(msgspec.Struct):
    severity: int = msgspec.field(default=3, name="event.severity")
    id: str = msgspec.field(default="", name="event.id")


class _Chain(msgspec.Struct):
    severity: int = 3
    id: str = ""


_DECODERS: dict[Kind, msgspec.json.Decoder[_Alert | _Chain]] = {
    "alert": msgspec.json.Decoder(_Alert),
    "chain": msgspec.json.Decoder(_Chain),
}


def head(kind: Kind, raw: bytes) -> tuple[int, str]:
    """(severity 1 to 5, id) of a document. Raises `ValueError` for what is no such document."""
    found = _DECODERS[kind].decode(raw)
    return found.severity, found.id


@dataclass(frozen=True, slots=True)
class Item:
    """One document on its way to one receiver. `number` counts up for each receiver and never comes twice."""

    number: int
    kind: Kind
    id: str
    raw: bytes

    def document(self) -> Document:
        """The document as plain data."""
        parsed: Document = json.loads(self.raw)
        return parsed


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the first `count` items of a batch: `sent`, `refused` (never asked again), or `tried`
    (given up after the configured number of tries). None settled: the same are handed over again at once."""

    count: int
    verdict: Literal["sent", "refused", "tried"] = "sent"
    why: str = ""


class AwayError(Exception):
    """A receiver does not take anything now; what was handed over is tried again later, in `after` seconds
    if it said so. The message names no secret and no document."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.after = after
