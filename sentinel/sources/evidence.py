"""The packets that prove something: kept while captures are read, found again by what they prove.

`sentinel._native.Evidence` holds the last packets and writes those around a moment into pcapng files of a
folder, each with an index beside it (`docs/concepts/evidence.md`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel._native import EventBatch
    from sentinel.config.sections import EvidenceSettings

LOST = {
    "evidence_dropped": "more requests than are taken at once",
    "evidence_missed": "no packet in memory any more (evidence.memory, evidence.before)",
    "evidence_failed": "not written",
}
"""Counters that mean a request has no packets, and why."""


class Keeper:
    """Asks for the packets of events and alerts, and has them written. One thread at a time.

    Raises `UserError` if the folder cannot be used.
    """

    def __init__(self, settings: EvidenceSettings) -> None:
        from sentinel._native import Evidence

        if settings.folder is None:
            raise UserError("evidence.folder: not set, no packets can be kept")
        try:
            self.native = Evidence(
                settings.folder,
                bytes=settings.bytes,
                memory=settings.memory,
                before=settings.before,
                after=settings.after,
            )
        except ValueError as error:
            raise UserError(str(error)) from None
        self.warnings: list[str] = []
        self._counted: dict[str, int] = {}

    def see(self, batch: EventBatch) -> None:
        """Ask for the packets of log-ins and changing operations, as soon as they were read."""
        if len(batch):
            self.native.see(batch)

    def alerts(self, alerts: Sequence[bytes]) -> None:
        """Ask for the packets of alerts."""
        if alerts:
            self.native.alerts(alerts)

    def turn(self, now_us: int | None = None) -> None:
        """Write what has come by now."""
        self.native.turn(now_us)
        self._tell()

    def finish(self) -> None:
        """No more packets come: write the rest, say what is missing, and give the folder back."""
        self.native.finish()
        self._tell()
        self._counted = self.counted()
        for name, why in LOST.items():
            if self._counted.get(name):
                self.warnings.append(f"evidence: {self._counted[name]:,} requests without packets: {why}")
        del self.native

    def counted(self) -> dict[str, int]:
        """What was counted, without what is zero."""
        if not hasattr(self, "native"):
            return self._counted
        return {name: n for name, n in self.native.counters() if n}

    def _tell(self) -> None:
        line = self.native.trouble()
        if line and line not in self.warnings and len(self.warnings) < 20:
            self.warnings.append(line)


@dataclass(frozen=True, slots=True)
class Pointer:
    """Packets of one file that prove something."""

    id: str
    """Id of the alert or event."""
    proves: str
    """`alert`, `credential` or `operation`."""
    time: str
    """The moment, RFC 3339."""
    comment: str
    file: Path
    packets: tuple[tuple[int, int], ...]
    """First and last number of each run of packets, numbers as Wireshark has them."""

    def numbers(self, between: str = "-", last: str = ", ") -> str:
        """The runs as text: `12-19, 25`."""
        return last.join(str(a) if a == b else f"{a}{between}{b}" for a, b in self.packets)

    def __str__(self) -> str:
        return f"{self.file} packets {self.numbers()}"

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "id": self.id,
            "proves": self.proves,
            "time": self.time,
            "file": str(self.file),
            "packets": [list(run) for run in self.packets],
            "comment": self.comment,
        }


def find(folders: Iterable[Path], *, ids: Iterable[str] = (), addresses: Iterable[str] = ()) -> list[Pointer]:
    """Packets that prove one of `ids`, or something about one of `addresses`; by time.

    Folders that are not there hold nothing. Raises `UserError` if one cannot be read.
    """
    wanted, about = frozenset(ids), frozenset(addresses)
    marks = [f'"{word}"'.encode() for word in (*wanted, *about)]
    if not marks:
        return []
    found: dict[tuple[Path, str, int], Pointer] = {}
    for folder in dict.fromkeys(folders):
        for index in _indexes(folder):
            for line in _lines(index):
                if not any(mark in line for mark in marks):
                    continue
                read = _read(line, index.with_suffix(".pcapng"))
                if read and (read[0].id in wanted or about & read[1]):
                    found[read[0].file, read[0].id, read[0].packets[0][0]] = read[0]
    return sorted(found.values(), key=lambda p: (p.time, str(p.file), p.packets))


def _indexes(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.glob("*Z-*.ndjson") if p.with_suffix(".pcapng").exists())
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}, name another folder (evidence.folder)") from None


def _lines(index: Path) -> Iterator[bytes]:
    try:
        with index.open("rb") as file:
            yield from file
    except FileNotFoundError:
        return  # it gave way to a newer one just now
    except OSError as error:
        raise UserError(f"{index}: {error.strerror}") from None


def _read(line: bytes, file: Path) -> tuple[Pointer, frozenset[str]] | None:
    """A pointer and the addresses it is about; None for a line that a crash cut."""
    try:
        entry = json.loads(line)
        pointer = Pointer(
            id=str(entry["id"]),
            proves=str(entry["proves"]),
            time=str(entry["time"]),
            comment=str(entry["comment"]),
            file=file,
            packets=tuple((int(first), int(last)) for first, last in entry["packets"]),
        )
        return (pointer, frozenset(map(str, entry["ends"]))) if pointer.packets else None
    except (ValueError, KeyError, TypeError):
        return None
