"""What waits for a receiver, on disk: told at least once even after kill -9.

One file that only grows at its end until it is written anew. A record is the length of its body (4 octets,
big endian), the CRC-32 of it (4 octets) and the body: `P`, number (8 octets), kind (1 octet), document; or
`D`, first and last number (8 octets each) of what needs no telling any more. A record that was cut short by
the end of the process is cut off. What `put` wrote survives the end of the process; what `sync` saw survives
a power cut.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from sentinel.collector.forward.message import Item, Kind, head
from sentinel.errors import UserError

_FRAME = struct.Struct(">II")
_PUT = struct.Struct(">cQc")
_DONE = struct.Struct(">cQQ")
_KINDS: dict[bytes, Kind] = {b"a": "alert", b"c": "chain"}
_LETTERS = {kind: letter for letter, kind in _KINDS.items()}
LONGEST = 16 << 20
"""Octets of a record at most: a longer one is damage."""
SLACK = 1 << 20
"""Octets of what is done with that a file may hold beside what waits, before it is written anew."""


class Journal:
    """The file of one receiver. Not for several threads at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.waiting: list[Item] = []
        """What an earlier process left, in order."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.with_suffix(".part").unlink(missing_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UserError(f"{error.filename or path}: cannot be written: {error.strerror}") from None
        self.size = self._load()
        self._dirty = False

    def _load(self) -> int:
        """Read what waits and cut off a torn end; how many octets are sound."""
        with open(self._fd, "rb", closefd=False) as file:
            text = file.read()
        found: dict[int, Item] = {}
        self.last = 0
        at = 0
        while at + _FRAME.size <= len(text):
            length, crc = _FRAME.unpack_from(text, at)
            body = text[at + _FRAME.size : at + _FRAME.size + length]
            if len(body) < length or length > LONGEST or zlib.crc32(body) != crc:
                break
            at += _FRAME.size + length
            if body[:1] == b"P" and length >= _PUT.size:
                _, number, letter = _PUT.unpack_from(body)
                self.last = max(self.last, number)
                kind, raw = _KINDS.get(letter), body[_PUT.size :]
                if kind is not None:
                    found[number] = Item(number, kind, head(kind, raw)[1], raw)
            elif body[:1] == b"D" and length == _DONE.size:
                _, first, last = _DONE.unpack(body)
                self.last = max(self.last, last)
                some = range(first, last + 1)
                for number in some if len(some) < len(found) else [n for n in found if n in some]:
                    found.pop(number, None)
        os.ftruncate(self._fd, at)
        self.waiting = [found[number] for number in sorted(found)]
        return at

    def put(self, items: Iterable[Item]) -> bool:
        """Keep items; False if the disk does not take them."""
        kept = list(items)
        self.last = max(self.last, *(item.number for item in kept))
        return self._append(_PUT.pack(b"P", item.number, _LETTERS[item.kind]) + item.raw for item in kept)

    def done(self, numbers: Iterable[int]) -> bool:
        """Note that these items need no telling any more."""
        return self._append(_DONE.pack(b"D", first, last) for first, last in _ranges(numbers))

    def _append(self, bodies: Iterable[bytes]) -> bool:
        text = b"".join(_framed(body) for body in bodies)
        if self._fd < 0:
            return False
        try:
            written = os.pwrite(self._fd, text, self.size)
        except OSError:
            written = 0
        if written < len(text):
            # half a record at the end would hide all that comes after it
            os.ftruncate(self._fd, self.size)
            return False
        self.size += written
        self._dirty = True
        return True

    def sync(self) -> None:
        """Have it survive a power cut, as far as the disk can."""
        if self._dirty:
            self._dirty = False
            try:
                os.fsync(self._fd)
            except OSError:
                self._dirty = True

    def rewritten(self, waiting: Iterable[Item]) -> tuple[int, int]:
        """Write a new file of what waits, beside the old one: (its descriptor, its size). Slow; may run
        while another thread appends to the old one. Raises `OSError`."""
        fd = os.open(
            self.path.with_suffix(".part"), os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
        )
        size = 0
        try:
            for item in waiting:
                body = _PUT.pack(b"P", item.number, _LETTERS[item.kind]) + item.raw
                size += _written(fd, _framed(body), size)
            os.fsync(fd)
        except BaseException:
            os.close(fd)
            raise
        return fd, size

    def take_over(self, new: tuple[int, int], since: int) -> None:
        """Put the new file in the place of the old one, with what was appended to that from octet `since`
        on. Raises `OSError`; the old one then stays."""
        fd, size = new
        try:
            size += _written(fd, os.pread(self._fd, self.size - since, since), size)
            # numbers go on from the highest there was, not from the highest that waits
            size += _written(fd, _framed(_DONE.pack(b"D", self.last + 1, self.last)), size)
            self.path.with_suffix(".part").replace(self.path)
        except BaseException:
            os.close(fd)
            raise
        os.close(self._fd)
        self._fd, self.size, self._dirty = fd, size, True

    def close(self) -> None:
        """Sync and give the file back."""
        if self._fd >= 0:
            self.sync()
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _framed(body: bytes) -> bytes:
    return _FRAME.pack(len(body), zlib.crc32(body)) + body


def _written(fd: int, text: bytes, at: int) -> int:
    written = os.pwrite(fd, text, at)
    if written < len(text):
        raise OSError(28, "No space left on device")
    return written


def _ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers as ranges, both ends included."""
    out: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if out and out[-1][1] + 1 == number:
            out[-1] = (out[-1][0], number)
        else:
            out.append((number, number))
    return out
