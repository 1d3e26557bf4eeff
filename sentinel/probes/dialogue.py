"""What probes of framed request-and-answer protocols share: cutting a stream, pairing, time limits.

A probe says how long a frame is and whether it is sound, and what one frame means. Frames that are not
sound are passed over byte by byte, so that one bad frame costs no more than itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from sentinel.model.words import LoginOutcome, Outcome
from sentinel.probes.contract import Credential, Observation, Operation, Probe, Side, Stamp

MAX_UNSOUND = 64
"""Whole frames with a wrong checksum in one piece, after which the rest of it is given up: bytes that
begin with nothing but marks would be summed again and again."""

_LOGIN: dict[Outcome, LoginOutcome] = {
    "accepted": "success",
    "refused": "failure",
    "no-answer": "unknown",
    "unknown": "unknown",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits: what it will be reported as."""

    key: Hashable
    side: Side
    operation: Operation | None
    credentials: tuple[Credential, ...]
    stamp: Stamp


class Dialogue(Probe):
    """One flow of a framed protocol. Subclasses give `mark`, `size`, `sound` and `message`."""

    mark: ClassVar[bytes]
    """What every frame begins with."""
    filler: ClassVar[bytes] = b""
    """Bytes that may stand between frames and mean nothing."""
    most: ClassVar[int] = 4096
    """Longest frame; what says it is longer is none."""
    head: ClassVar[int] = 32
    """Bytes of a frame's beginning that `size` is given."""
    max_pending: ClassVar[int] = 32
    """Requests of one flow that wait for their answer; the oldest gives way."""
    timeout_us: ClassVar[int] = 60_000_000
    """A request without an answer for so long gets none."""

    def __init__(self) -> None:
        self._held: dict[Side, bytes] = {"client": b"", "server": b""}
        self._open: deque[Asked] = deque()
        self._spoke: set[Side] = set()
        """Sides that sent a frame."""

    def size(self, data: bytes) -> int | None:
        """Length of the frame that `data` begins with; None if more bytes are needed, 0 if it is none."""
        raise NotImplementedError

    def sound(self, frame: bytes) -> bool:
        """Whether end and checksum of a whole frame are right."""
        raise NotImplementedError

    def message(self, side: Side, frame: bytes, stamp: Stamp) -> Iterable[Observation]:
        """What a sound frame says."""
        raise NotImplementedError

    def feed(self, side: Side, data: bytes, gap: int, time_us: int, frame: int) -> Iterable[Observation]:
        """Bytes of one direction. Raises ValueError if they can be no part of any frame."""
        if gap:
            self._held[side] = b""
        frames, rest, stray = self._cut(self._held[side] + data)
        self._held[side] = rest  # less than one frame: at most `most` bytes
        if stray and not frames and not rest:
            raise ValueError(f"{stray} bytes without a frame")
        found: list[Observation] = list(self._expire(time_us))
        for one in frames:
            self._spoke.add(side)
            found.extend(self.message(side, one, (time_us, frame)))
        return found

    def end(self) -> Iterable[Observation]:
        """What is still open gets no answer any more."""
        found = [o for asked in self._open for o in self._unanswered(asked)]
        self._open.clear()
        return found

    def ask(
        self,
        key: Hashable,
        side: Side,
        stamp: Stamp,
        operation: Operation | None,
        credentials: tuple[Credential, ...] = (),
    ) -> Iterator[Observation]:
        """Keep a request until it is answered. Gives what the oldest comes to, if it has to go."""
        self._open.append(Asked(key, side, operation, credentials, stamp))
        if len(self._open) > self.max_pending:
            yield from self._unanswered(self._open.popleft())

    def take(self, key: Hashable, side: Side) -> Asked | None:
        """The oldest request of the other side with this key."""
        for asked in self._open:
            if asked.key == key and asked.side != side:
                self._open.remove(asked)
                return asked
        return None

    def settle(
        self, key: Hashable, side: Side, outcome: Outcome, exception: tuple[int, str] | None = None
    ) -> Iterator[Observation]:
        """The answer to the oldest request with this key came from `side`."""
        asked = self.take(key, side)
        if asked is not None:
            yield from close(asked, outcome, exception)

    def _expire(self, now: int) -> Iterator[Observation]:
        while self._open and now - self._open[0].stamp[0] > self.timeout_us:
            yield from self._unanswered(self._open.popleft())

    def _unanswered(self, asked: Asked) -> Iterator[Observation]:
        other: Side = "server" if asked.side == "client" else "client"
        yield from close(asked, "no-answer" if other in self._spoke else "unknown")

    def _cut(self, data: bytes) -> tuple[list[bytes], bytes, int]:
        """Frames in `data`, what is left of an incomplete one, and bytes that belong to none."""
        found: list[bytes] = []
        at = stray = unsound = 0
        while (start := data.find(self.mark, at)) >= 0:
            stray += len(data[at:start].strip(self.filler)) if self.filler else start - at
            length = self.size(data[start : start + self.head])
            if length is None or self.most >= length > len(data) - start:
                return found, data[start:][-self.most :], stray
            if 0 < length <= self.most and self.sound(data[start : start + length]):
                found.append(data[start : start + length])
                at = start + length
                continue
            at, stray = start + 1, stray + 1
            unsound += bool(length)
            if unsound > MAX_UNSOUND:
                return found, b"", stray + len(data) - at
        rest = data[at:]
        for n in range(min(len(self.mark) - 1, len(rest)), 0, -1):
            if rest.endswith(self.mark[:n]):
                return found, rest[-n:], stray
        return found, b"", stray + len(rest.strip(self.filler) if self.filler else rest)


def close(asked: Asked, outcome: Outcome, exception: tuple[int, str] | None = None) -> Iterator[Observation]:
    """The operation of a request with its outcome, and what it carried to log in."""
    if asked.operation is not None:
        yield replace(asked.operation, outcome=outcome, exception=exception, by=asked.side, asked=asked.stamp)
    for credential in asked.credentials:
        yield replace(credential, outcome=_LOGIN[outcome], asked=asked.stamp)


def text(raw: bytes, encoding: str = "gbk") -> str:
    """A field filled up with zeros or blanks, as text; empty if it is none."""
    shown = raw.split(b"\0", 1)[0].decode(encoding, "replace").strip()
    return shown if shown.isprintable() and "�" not in shown else ""


def crc16(data: bytes, polynomial: int = 0xA001, start: int = 0xFFFF) -> int:
    """A reflected CRC of 16 bits, that of MODBUS unless told otherwise."""
    crc = start
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ polynomial if crc & 1 else crc >> 1
    return crc


def xor(data: bytes) -> int:
    """All bytes XORed."""
    out = 0
    for byte in data:
        out ^= byte
    return out
