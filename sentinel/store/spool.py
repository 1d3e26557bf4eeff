"""What waits on disk while a store is away: a bounded queue of events and alerts, first in, first out.

A folder of segment files (`segments.py`), and a file that says how far they are drained. `append` returns
when its record is on disk (fsync). After a kill the torn end of a record whose `append` did not return is
cut off; a damaged record is told and the rest read on. What was drained may be read once more: ids make
that harmless.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, TypeAlias

from sentinel.errors import StoreAwayError, UserError
from sentinel.model.disk import sync_folder
from sentinel.store import segments
from sentinel.store.hold import HeldError, Hold

Kind: TypeAlias = Literal["event", "alert"]
KINDS: tuple[Kind, ...] = ("event", "alert")
SEGMENT = 16 << 20
"""Octets after which another file is begun; a drained file is deleted as a whole."""
MOST_TOLD = 20

Place: TypeAlias = tuple[int, int]
"""(number of the segment, offset in it)."""


class SpoolFullError(StoreAwayError):
    """The spool has no room: the caller waits, or sheds."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record that waits, and the place behind it."""

    kind: Kind
    data: bytes
    behind: Place


class Spool:
    """The queue in a folder (0700, files 0600). One process has it at a time; one thread uses it."""

    def __init__(self, folder: Path, limit: int, *, now: Callable[[], float] = time.time) -> None:
        self.folder, self.limit, self._now = folder, limit, now
        self.records = 0
        """Records that wait."""
        self.bytes = 0
        """Octets of all segment files."""
        self.lost = 0
        """Octets that were damaged and stepped over."""
        self.told: list[str] = []
        """What was damaged or torn, one line each, at most 20."""
        self._sizes: dict[int, int] = {}
        self._oldest: int | None = None
        self._file: IO[bytes] | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = Hold(folder / "lock")
            try:
                self._start()
            except BaseException:
                self._lock.release()
                raise
        except HeldError:
            raise UserError(f"{folder}: another process has this spool; wait for it to end") from None
        except OSError as error:
            raise UserError(f"{error.filename or folder}: {error.strerror}") from None

    # --- in -------------------------------------------------------------------------------------------

    def append(self, kind: Kind, data: bytes) -> None:
        """Put something behind all that waits; it is on disk when this returns. Raises `SpoolFullError`
        if there is no room, `StoreAwayError` if the disk fails; then nothing of it is kept."""
        record = segments.packed(KINDS.index(kind), data, int(self._now() * 1e6))
        if self.bytes + len(record) > self.limit:
            raise SpoolFullError(f"{self.folder}: the spool is full ({self.bytes:,} of {self.limit:,} bytes)")
        try:
            last = max(self._sizes, default=0)
            if self._file is None or self._sizes[last] + len(record) > SEGMENT:
                last = self._begin()
            assert self._file is not None
            self._file.write(record)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            self._take_back()
            raise StoreAwayError(f"{self.folder}: {error.strerror}; the spool cannot take anything") from None
        self._sizes[last] += len(record)
        self.bytes += len(record)
        self.records += 1
        if self._oldest is None:
            self._oldest = int(self._now() * 1e6)

    def _begin(self) -> int:
        """Begin another segment."""
        self._end()
        number = max((*self._sizes, self._place[0])) + 1
        path = self._path(number)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._file = os.fdopen(fd, "ab", buffering=0)
        self._sizes[number] = 0
        sync_folder(self.folder)
        return number

    def _take_back(self) -> None:
        """Cut off what a failed write left. Nothing more is written to that file: after a failed fsync nobody
        knows what of it is on disk."""
        if self._file is not None:
            number = max(self._sizes)
            try:
                os.ftruncate(self._file.fileno(), self._sizes[number])
            except OSError:
                pass  # its torn end is seen when it is read
            self._end()

    def _end(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            file.close()

    # --- out ------------------------------------------------------------------------------------------

    def waiting(self) -> Iterator[Waiting]:
        """What waits, the oldest first, from behind what was drained on. `drained` is to be called with the
        place of what is kept elsewhere."""
        number, offset = self._place
        for segment in sorted(n for n in self._sizes if n >= number):
            start = offset if segment == number else 0
            for found in self._read(segment, start):
                yield Waiting(KINDS[found.kind], found.data, (segment, found.end))

    def drained(self, behind: Place, records: int) -> None:
        """Everything before this place, so many records, is kept elsewhere."""
        self._note(behind)
        self.records -= records
        for number in sorted(self._sizes):
            done = number < behind[0] or (number == behind[0] and behind[1] >= self._sizes[number])
            if not done:
                break
            if number == max(self._sizes):
                self._end()
            self._path(number).unlink(missing_ok=True)
            self.bytes -= self._sizes.pop(number)
        first = next(self._records_from(self._place), None) if self._sizes else None
        self._oldest = first.time if first else None
        if not self._sizes:
            self.records = 0

    @property
    def age(self) -> float:
        """Seconds that the oldest record has waited."""
        return 0.0 if self._oldest is None else max(self._now() - self._oldest / 1e6, 0.0)

    def close(self) -> None:
        """Give the folder back."""
        self._end()
        self._lock.release()

    # --- start ----------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._place = self._noted()
        for path in sorted(self.folder.glob("*.seg")):
            if path.stem.isdigit():
                number = int(path.stem)
                if number < self._place[0]:
                    path.unlink()
                    continue
                self._sizes[number] = path.stat().st_size
        for number in sorted(self._sizes):
            start = self._place[1] if number == self._place[0] else 0
            self._count(number, start)
        self.bytes = sum(self._sizes.values())

    def _count(self, number: int, start: int) -> None:
        """Count what waits in a segment, and cut off its torn end."""
        path = self._path(number)
        for found in segments.read(path, start):
            if isinstance(found, segments.Record):
                self.records += 1
                if self._oldest is None:
                    self._oldest = found.time
            elif found.torn:
                os.truncate(path, found.start)
                self._sizes[number] = found.start
            else:
                self.lost += found.end - found.start
                self._tell(f"{path}: {found.end - found.start:,} bytes from {found.start:,} on are damaged")

    def _records_from(self, place: Place) -> Iterator[segments.Record]:
        for number in sorted(n for n in self._sizes if n >= place[0]):
            yield from self._read(number, place[1] if number == place[0] else 0)

    def _read(self, number: int, start: int) -> Iterator[segments.Record]:
        try:
            for found in segments.read(self._path(number), start):
                if isinstance(found, segments.Record) and found.kind < len(KINDS):
                    yield found
        except FileNotFoundError:
            self._tell(f"{self._path(number)}: is gone")

    def _tell(self, line: str) -> None:
        if len(self.told) < MOST_TOLD and line not in self.told:
            self.told.append(line)

    # --- how far --------------------------------------------------------------------------------------

    def _noted(self) -> Place:
        try:
            text = (self.folder / "drained").read_text(encoding="ascii")
            number, offset, check = text.split()
            if int(check, 16) != zlib.crc32(f"{number} {offset}".encode()):
                raise ValueError
            return int(number), int(offset)
        except FileNotFoundError:
            return 0, 0
        except (ValueError, UnicodeDecodeError):
            self._tell(f"{self.folder / 'drained'}: is damaged; all that is there is written once more")
            return 0, 0

    def _note(self, place: Place) -> None:
        """Replace the file at once. It is not synced: what is read once more does no harm."""
        text = f"{place[0]} {place[1]}"
        part = self.folder / "drained.part"
        try:
            fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fd, "w", encoding="ascii") as file:
                file.write(f"{text} {zlib.crc32(text.encode()):08x}")
            part.replace(self.folder / "drained")
        except OSError as error:
            raise StoreAwayError(f"{part}: {error.strerror}") from None
        self._place = place

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:012}.seg"
