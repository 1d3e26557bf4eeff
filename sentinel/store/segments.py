"""Records in a file that is only appended to: each with its length and a check, so that a torn end is seen
and what is damaged is stepped over.

A record is 4 octets of mark, 4 of length (of what follows the check), 4 of CRC-32, 8 of the time it was
written (microseconds since 1970), 1 of kind, and its bytes; numbers are little-endian.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path

MARK = b"\xf5SPL"
"""Begins a record. The first octet is in no UTF-8 text."""
_HEAD = struct.Struct("<4sII")
_BODY = struct.Struct("<QB")
OVERHEAD = _HEAD.size + _BODY.size
"""Octets of a record beside its bytes."""
MOST = 1 << 30
"""Octets of a record at most."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record, and where it ends in its file."""

    kind: int
    data: bytes
    time: int
    """Microseconds since 1970."""
    end: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Octets of a file that are no record. `torn`: they are its end, and the record is not there whole."""

    start: int
    end: int
    torn: bool


def packed(kind: int, data: bytes, time: int) -> bytes:
    """A record as octets."""
    body = _BODY.pack(time, kind) + data
    return _HEAD.pack(MARK, len(body), zlib.crc32(body)) + body


def read(path: Path, start: int = 0) -> Iterator[Record | Gap]:
    """Records of a file from a place on, and the gaps between them."""
    with path.open("rb") as file:
        size = file.seek(0, SEEK_END)
        at = start
        while at < size:
            file.seek(at)
            head = file.read(_HEAD.size)
            length = _length(head)
            whole = length is not None and at + _HEAD.size + length <= size
            if length is not None and whole:
                body = file.read(length)
                if zlib.crc32(body) == _HEAD.unpack(head)[2]:
                    time, kind = _BODY.unpack_from(body)
                    at += _HEAD.size + length
                    yield Record(kind, body[_BODY.size :], time, at)
                    continue
            begin = _next(path.read_bytes(), at + 1)
            # a write that was cut short left the beginning of a record and nothing behind it
            short = len(head) < _HEAD.size and MARK.startswith(head[: len(MARK)])
            yield Gap(at, begin, torn=begin == size and (short or (length is not None and not whole)))
            at = begin


def _length(head: bytes) -> int | None:
    """Length of the body of the record with this head; None if it is none."""
    if len(head) < _HEAD.size:
        return None
    mark, length, _ = _HEAD.unpack(head)
    return length if mark == MARK and _BODY.size <= length <= MOST else None


def _next(data: bytes, at: int) -> int:
    """Where the next whole record begins, or the end."""
    while (at := data.find(MARK, at)) >= 0:
        length = _length(data[at : at + _HEAD.size])
        if length is not None:
            body = data[at + _HEAD.size : at + _HEAD.size + length]
            if len(body) == length and zlib.crc32(body) == _HEAD.unpack_from(data, at)[2]:
                return at
        at += 1
    return len(data)
