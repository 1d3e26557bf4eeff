"""Documents from JSON lines into a store. Reading them twice stores them once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

from sentinel.model.store import Store, Writer, Written
from sentinel.store.heads import MAX_TOLD, Refused, alerts, events

BATCH = 5_000
"""Lines that are written at once."""

MAX_LINE = 16 << 20
"""Bytes of a line; a longer one is none of ours and is told."""

_ACK = ("sentinel.ack.time", "sentinel.ack.user", "sentinel.ack.note")
_OTHERS = frozenset({"source", "conversation", "credential", "operation"})


@dataclass(slots=True)
class Loaded:
    """What became of the lines."""

    read: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("event", "alert", "chain", "asset"), 0)
    )
    new: int = 0
    """Events and alerts that were not there before."""
    left_out: int = 0
    """Records that a store works out itself from what it observed."""
    lost: int = 0
    refused: list[str] = field(default_factory=list)
    """One line for each document that could not be kept, with its number; at most `MAX_TOLD`."""

    def refuse(self, line: str) -> None:
        self.lost += 1
        if len(self.refused) < MAX_TOLD:
            self.refused.append(line)


def load(store: Store, lines: IO[bytes]) -> Loaded:
    """Read events, alerts, chains and assets, one document a line, each with its kind in `record` (an event
    or alert may go without). Assets stand until the store's own observations say otherwise."""
    loaded = Loaded()
    numbered = _lines(lines, loaded)
    with store.writer() as writer:
        while batch := list(islice(numbered, BATCH)):
            _write(store, writer, batch, loaded)
    return loaded


def _lines(lines: IO[bytes], loaded: Loaded) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := lines.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            loaded.refuse(f"line {number:,}: longer than {MAX_LINE:,} bytes")
            while line and not line.endswith(b"\n"):
                line = lines.readline(MAX_LINE)
        elif line := line.strip():
            yield number, line


def _write(store: Store, writer: Writer, batch: list[tuple[int, bytes]], loaded: Loaded) -> None:
    kept: dict[str, list[bytes]] = {kind: [] for kind in loaded.read}
    acks: list[tuple[str, str, str, str]] = []
    for number, line in batch:
        try:
            kind, document = _untagged(json.loads(line))
        except (ValueError, RecursionError) as error:
            loaded.refuse(f"line {number:,}: {error}")
            continue
        if kind in _OTHERS:
            loaded.left_out += 1
            continue
        said = [document.pop(name) for name in _ACK if name in document] if kind == "alert" else []
        encoded = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        if why := _CHECKS[kind](encoded, document):
            loaded.refuse(f"line {number:,}: {why}")
            continue
        if len(said) == len(_ACK):
            acks.append((document["event.id"], *map(str, said)))
        kept[kind].append(encoded)
        loaded.read[kind] += 1
    _told(writer.append_events(b"\n".join(kept["event"])), loaded)
    if kept["alert"]:
        _told(writer.append_alerts(kept["alert"]), loaded)
    if kept["chain"]:
        writer.put_chains(kept["chain"])
    if kept["asset"]:
        writer.update("asset", [(json.loads(asset)["id"], asset) for asset in kept["asset"]])
    for ack in acks:
        store.acknowledge(*ack)


def _untagged(document: Any) -> tuple[str, dict[str, Any]]:
    """The kind of a document, and it without."""
    if not isinstance(document, dict):
        raise ValueError("not a document")  # noqa: TRY004  (one kind of error for a bad line)
    kind = document.pop("record", None)
    if kind is None and "event.id" in document:
        kind = "alert" if document.get("event.kind") == "alert" and "rule.id" in document else "event"
    if kind not in _CHECKS and kind not in _OTHERS:
        raise ValueError(f"no kind of record is called {str(kind)[:40]!r}")
    return kind, document


def _event(encoded: bytes, document: dict[str, Any]) -> str:
    refused = Refused()
    events(encoded, 10, refused)
    return refused.why


def _alert(encoded: bytes, document: dict[str, Any]) -> str:
    refused = Refused()
    alerts([encoded], refused)
    return refused.why


def _chain(encoded: bytes, document: dict[str, Any]) -> str:
    texts = all(isinstance(document.get(name), str) for name in ("id", "state", "last"))
    score = document.get("score", 0.0)
    number = score is None or (isinstance(score, int | float) and not isinstance(score, bool))
    return "" if texts and number else "a chain has an id, a state, its last time and a score"


def _asset(encoded: bytes, document: dict[str, Any]) -> str:
    lists = all(isinstance(document.get(name, []), list) for name in ("ip", "mac", "aliases"))
    texts = all(isinstance(document.get(name) or "", str) for name in ("vendor", "type"))
    level = isinstance(document.get("level") or 0, int | float)
    known = isinstance(document.get("id"), str) and document["id"] != ""
    return "" if known and lists and texts and level else "not an asset as a store holds them"


_CHECKS: dict[str, Callable[[bytes, dict[str, Any]], str]] = {
    "event": _event,
    "alert": _alert,
    "chain": _chain,
    "asset": _asset,
}
"""What is wrong with a document, or nothing."""


def _told(written: Written, loaded: Loaded) -> None:
    loaded.new += written.new
    loaded.lost += written.lost
    loaded.refused += written.refused[: MAX_TOLD - len(loaded.refused)]
