"""Documents in, as raw NDJSON, some requests at once, until each is kept, there already, or refused."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from sentinel.config.sections import ElasticSettings
from sentinel.errors import StoreAwayError, UserError
from sentinel.store.elastic import faults
from sentinel.store.elastic.client import NDJSON, Client, segment
from sentinel.store.elastic.faults import AnswerError

MAX_BODY = 8 << 20
"""Octets of a request's body at most (servers refuse 100 MiB); a larger document goes alone."""
PATIENCE = 10
"""Tries for documents that the server has no room for just now (429)."""
FEW = 2
"""Tries for documents whose shard is not there: each takes five seconds."""
FIRST_WAIT = 0.05
LONGEST_WAIT = 5.0
"""Seconds between two tries, doubled from the first on."""

Line: TypeAlias = tuple[str, bytes]
"""(id, what a bulk request says of the document: action and source lines, each ended)."""


class _Error(msgspec.Struct, gc=False):
    type: str = ""
    reason: str | None = None
    caused_by: Any = None


class _Item(msgspec.Struct, gc=False):
    status: int
    error: _Error | None = None


class _Answer(msgspec.Struct, gc=False):
    errors: bool = False
    items: list[dict[str, _Item]] = []


_answer = msgspec.json.Decoder(_Answer).decode
WHOLE = ("cluster_block_exception", "index_not_found_exception", "security_exception")
"""Errors of a document that are not about it: blocked, deleted under us, a right taken."""
_PATH = "_bulk?timeout=5s&filter_path=errors,items.*.status,items.*.error"


@dataclass(slots=True)
class Outcome:
    """What became of documents."""

    new: int = 0
    there: int = 0
    conflicts: int = 0
    """Of these: the server has a newer version, or another has made it before."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """(id, why) of those that can never be kept."""

    def add(self, other: Outcome) -> None:
        """Take over what another part of the same call gave."""
        self.new += other.new
        self.there += other.there
        self.conflicts += other.conflicts
        self.refused += other.refused


def create(id: str, document: bytes) -> Line:
    """Keep a document unless there is one of this id."""
    return id, b'{"create":{"_id":%b}}\n%b\n' % (msgspec.json.encode(id), document)


def index(id: str, document: bytes) -> Line:
    """Keep a document in place of one of this id."""
    return id, b'{"index":{"_id":%b}}\n%b\n' % (msgspec.json.encode(id), document)


def delete(id: str) -> Line:
    """Forget the document of this id."""
    return id, b'{"delete":{"_id":%b}}\n' % msgspec.json.encode(id)


class Bulk:
    """Bulk requests of a writer: at most `elastic.in_flight` at once."""

    def __init__(self, client: Client, settings: ElasticSettings) -> None:
        self._client, self._batch = client, settings.batch
        self._pool = ThreadPoolExecutor(settings.in_flight, thread_name_prefix="bulk")

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def write(self, index: str, lines: Sequence[Line]) -> Outcome:
        """Returns once every document is kept or refused. Raises `StoreAwayError` if the server cannot take
        them: some may be kept then."""
        return self.write_all([(index, lines)])

    def write_all(self, parts: Iterable[tuple[str, Sequence[Line]]]) -> Outcome:
        """Likewise, for several indices."""
        cut = [(index, some) for index, lines in parts for some in _cut(lines, self._batch)]
        if len(cut) == 1:
            return self._send(*cut[0])
        whole = Outcome()
        futures = [self._pool.submit(self._send, index, some) for index, some in cut]
        fault: BaseException | None = None
        for future in futures:  # all are waited for: none is under way when this returns
            try:
                whole.add(future.result())
            except UserError as error:
                fault = fault or error
                for waiting in futures:
                    waiting.cancel()
            except BaseException as error:  # noqa: BLE001
                if fault is None or not isinstance(error, Exception):
                    fault = fault or error
        if fault is not None:
            raise fault
        return whole

    def _send(self, index: str, lines: Sequence[Line]) -> Outcome:
        outcome = Outcome()
        wait = FIRST_WAIT
        busy = True
        for n in range(PATIENCE):
            if n >= FEW and not busy:
                break
            if n:
                time.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311
                wait = min(wait * 2, LONGEST_WAIT)
            why, lines, busy = self._try(index, lines, outcome)
            if not lines:
                return outcome
        raise StoreAwayError(f"{self._client.url}: {index}: {why}")

    def _try(self, index: str, lines: Sequence[Line], outcome: Outcome) -> tuple[str, Sequence[Line], bool]:
        """One request. Returns why something is to be sent again, what, and whether the server is busy."""
        body = b"".join(line for _, line in lines)
        try:
            answer = self._client.raw("POST", f"/{segment(index)}/{_PATH}", body, content=NDJSON)
        except faults.TooManyError as error:
            return error.message, lines, True
        except AnswerError as error:
            if error.status == 413 and len(lines) > 1:
                half = len(lines) // 2
                outcome.add(self._send(index, lines[:half]))
                outcome.add(self._send(index, lines[half:]))
                return "", (), False
            if error.status in (400, 413) and len(lines) == 1:
                outcome.refused.append((lines[0][0], error.reason or error.message))
                return "", (), False
            raise
        decoded = _answer(answer)
        if not decoded.errors:
            outcome.new += sum(item.status == 201 for each in decoded.items for item in each.values())
            outcome.there += sum(item.status != 201 for each in decoded.items for item in each.values())
            return "", (), False
        again: list[Line] = []
        why, busy = "", False
        for line, each in zip(lines, decoded.items, strict=True):
            (item,) = each.values()
            if item.error is None:
                outcome.new += item.status == 201
                outcome.there += item.status != 201
            elif item.status == 409 or (
                item.status == 404 and item.error.type != "index_not_found_exception"
            ):
                outcome.there += 1
                outcome.conflicts += item.status == 409
            elif item.status in faults.PASSING:
                again.append(line)
                busy = busy or item.status == 429
                why = item.error.reason or item.error.type
            elif item.error.type in WHOLE:
                told = msgspec.json.encode({"error": item.error})
                raise _passing(
                    faults.of(self._client.url, f"bulk into {index}", item.status, told, self._client.user)
                )
            else:
                outcome.refused.append((line[0], _why(item.error)))
        return faults.one_line(why), again, busy


def _passing(error: UserError) -> StoreAwayError:
    return error if isinstance(error, StoreAwayError) else StoreAwayError(error.message)


def _why(error: _Error) -> str:
    return faults.reason_of({"type": error.type, "reason": error.reason, "caused_by": error.caused_by})


def _cut(lines: Sequence[Line], batch: int) -> Iterable[Sequence[Line]]:
    start = size = 0
    for at, (_, line) in enumerate(lines):
        if at > start and (at - start >= batch or size + len(line) > MAX_BODY):
            yield lines[start:at]
            start, size = at, 0
        size += len(line)
    if start < len(lines):
        yield lines[start:]
