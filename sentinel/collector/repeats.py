"""Messages that repeat themselves: the first is written, the others are counted.

Two messages are alike when level, kind, type of error and all short texts of them are equal; numbers,
the message and the text of an error may differ.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import structlog

WINDOW = 60.0
"""Seconds in which messages that are alike are written once."""

FREE = {"warning": 1, "error": 1, "critical": 1}
"""How many that are alike are written within the window; of other levels `OFTEN`."""

OFTEN = 10
MOST = 1024
"""Kinds of messages remembered; beyond, the one unused longest is forgotten (its count is told first)."""

_UNLIKE = frozenset({"event", "message", "error", "exc_info", "repeated"})
_SHORT = 200  # characters of a text that tells messages apart

Key = tuple[Any, ...]


@dataclass(slots=True)
class _Kind:
    level: str
    action: str
    more: dict[str, Any]
    since: float
    written: int = 0
    held: int = 0


@dataclass(slots=True)
class Repeats:
    """A processor of structlog. What it held back is told with the next of its kind after the window, as
    `sentinel.repeated`, or by `due`."""

    clock: Callable[[], float] = time.monotonic
    held: int = 0
    """Messages held back so far."""
    _kinds: OrderedDict[Key, _Kind] = field(default_factory=OrderedDict)
    _forgotten: list[_Kind] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, _: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if level == "debug" or "repeated" in event:
            return event
        texts = {
            name: value
            for name, value in event.items()
            if isinstance(value, str) and name not in _UNLIKE and len(value) <= _SHORT
        }
        action = str(event["event"])
        key = (level, action, type(event.get("error")).__name__, *sorted(texts.items()))
        now = self.clock()
        with self._lock:
            kind = self._kinds.get(key)
            if kind is None:
                kind = self._kinds[key] = _Kind(level, action, texts, now)
                if len(self._kinds) > MOST:
                    _, old = self._kinds.popitem(last=False)
                    if old.held and len(self._forgotten) < MOST:
                        self._forgotten.append(old)
            self._kinds.move_to_end(key)
            if now - kind.since >= WINDOW:
                if kind.held:
                    event["repeated"] = kind.held
                kind.since, kind.written, kind.held = now, 0, 0
            if kind.written >= FREE.get(level, OFTEN):
                kind.held += 1
                self.held += 1
                raise structlog.DropEvent
            kind.written += 1
        return event

    def due(self, *, end: bool = False) -> list[tuple[str, str, dict[str, Any]]]:
        """(level, kind, fields) of messages that were held back and whose window is over, with `end` of
        all; each is told once."""
        now = self.clock()
        with self._lock:
            told, self._forgotten = self._forgotten, []
            for key, kind in list(self._kinds.items()):
                if not end and now - kind.since < WINDOW:
                    continue
                del self._kinds[key]
                if kind.held:
                    told.append(kind)
        return [
            (
                kind.level,
                kind.action,
                {
                    **kind.more,
                    "message": f"{kind.action.replace('-', ' ')}: {kind.held} more since the last line of it",
                    "repeated": kind.held,
                },
            )
            for kind in told
        ]
