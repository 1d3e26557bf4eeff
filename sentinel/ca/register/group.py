"""Changes of many threads in one transaction: while one is being synced the next ones gather."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from sentinel.ca.register.book import Register
from sentinel.ca.register.change import Change
from sentinel.errors import StoreAwayError

T = TypeVar("T")

MOST = 256
"""Changes of one transaction."""


class _Waiting(Generic[T]):
    __slots__ = ("future", "work")

    def __init__(self, work: Callable[[Change], T]) -> None:
        self.work = work
        self.future: Future[T] = Future()


class Group:
    """Group commit for a register. No thread of its own: the first caller that finds nobody at work commits
    for all who wait. A change that fails is told to its caller alone; the others are made without it."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._waiting: deque[_Waiting[object]] = deque()
        self._turn = threading.Lock()

    def do(self, work: Callable[[Change], T]) -> T:
        """Make a change and wait until it is on the disk. Raises what `work` raised, or the register's fault.
        `work` may be called twice, in another transaction, if the first one did not stand."""
        own: _Waiting[T] = _Waiting(work)
        self._waiting.append(own)  # type: ignore[arg-type]
        with self._turn:
            while not own.future.done():
                self._commit([self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))])
        return own.future.result()

    def _commit(self, group: list[_Waiting[object]]) -> None:
        try:
            with self._register.transaction() as change:
                done = [each.work(change) for each in group]
        except Exception as error:  # noqa: BLE001  whatever it was, its caller is told
            if len(group) == 1 or isinstance(error, StoreAwayError):
                for each in group:
                    each.future.set_exception(error)
            else:
                for each in group:
                    self._commit([each])
            return
        for each, outcome in zip(group, done, strict=True):
            each.future.set_result(outcome)
