"""Reading for the tests on captures: what a scan says of one, and the bytes of its frames."""

from __future__ import annotations

import csv
import json
import struct
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sentinel import pipeline

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scanned:
    """Records of one capture, by kind, secrets readable; `events` only where they were asked for."""

    assets: list[Record]
    conversations: list[Record]
    credentials: list[Record]
    operations: list[Record]
    events: list[Record]

    def asset(self, address: str) -> Record:
        """The one asset that has this IP or hardware address."""
        (found,) = [a for a in self.assets if address in a["ip"] or address in a["mac"]]
        return found

    def protocols(self) -> set[str]:
        """Every protocol named anywhere in the records."""
        named = {r.get("protocol") for r in (*self.conversations, *self.credentials, *self.operations)}
        for asset in self.assets:
            named.update(r.get("protocol") for r in (*asset["services"], *asset["facts"]))
            named.update(asset["clients"])
        named.update(event.get("ot.protocol") for event in self.events)
        return {name for name in named if name}


def scanned(capture: Path, *, events: str = "none", guess: bool = True) -> Scanned:
    """Scan a capture in this process, as `sentinel scan --reveal` does; without `guess` no
    password is guessed offline, which is what takes time."""
    lines: list[Record] = []

    def keep(batch: Any) -> None:
        lines.extend(json.loads(line) for line in batch.ndjson().splitlines())

    options = pipeline.Options(reveal=True, events=events)
    if not guess:
        options = replace(options, password_seconds=0.0)
    result = pipeline.scan([str(capture)], options, on_events=keep if events != "none" else None)
    pipeline.derive(result.inventory, [], until=result.until)

    def records(kind: str) -> list[Record]:
        return [json.loads(line) for line in result.inventory.records(kind)]

    return Scanned(
        records("asset"), records("conversation"), records("credential"), records("operation"), lines
    )


def address(end: Record) -> str:
    """Text of one end of a conversation or operation: its IP, on layer 2 its hardware address."""
    return str(end.get("ip", end.get("mac")))


def table(path: Path) -> dict[str, list[dict[str, str]]]:
    """Rows of a CSV table with a `capture` column, by capture."""
    rows = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as opened:
        for row in csv.DictReader(opened):
            rows[row["capture"]].append(row)
    return dict(rows)


def surplus(left: Counter[Any], right: Counter[Any]) -> list[Any]:
    """What the left has and the right has not, in order, as often as that is so."""
    return sorted((left - right).elements())


def frame(capture: Path, number: int) -> bytes:
    """Bytes of a frame, counted from 1. Reads little-endian pcap and pcapng, which is all that is needed."""
    data = capture.read_bytes()
    frames = _pcapng(data) if data[:4] == b"\x0a\x0d\x0d\x0a" else _pcap(data)
    for n, found in enumerate(frames, 1):
        if n == number:
            return found
    raise ValueError(f"{capture.name} has no frame {number}")


def _pcap(data: bytes) -> Iterator[bytes]:
    at = 24
    while at + 16 <= len(data):
        (captured,) = struct.unpack_from("<I", data, at + 8)
        yield data[at + 16 : at + 16 + captured]
        at += 16 + captured


def _pcapng(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 12 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 6:  # enhanced packet block
            (captured,) = struct.unpack_from("<I", data, at + 20)
            yield data[at + 28 : at + 28 + captured]
        at += length
