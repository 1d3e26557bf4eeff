"""The lease of a centre: one leader for each site, named by a document changed by its sequence number.

Who follows looks whether the document changes. If it did not for as long as the lease says, by the
follower's own clock, the follower takes over: by the sequence number it saw, so that of two only one can,
and with the next epoch. No wall clock is compared with another. A leader stops writing before anyone can
have taken over; what it had under way then is kept off by the epoch in the versions of what it writes
(`fenced.py`).
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from sentinel.errors import StoreAwayError, UserError
from sentinel.store.elastic import faults
from sentinel.store.elastic.client import Client, segment
from sentinel.store.elastic.layout import Layout

MARGIN = 0.9
"""Part of the lease after which a leader that could not renew it stops writing."""
LAST_WORD = 3.0
"""Seconds that giving it back may take."""


def elapsed() -> float:
    """Seconds of a clock that only goes forward, and goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class LeaseLostError(Exception):
    """Another leads now: nothing more may be written."""


class Lease:
    """The right to keep the chains of a site. Threads may share one."""

    def __init__(
        self,
        client: Client,
        layout: Layout,
        site: str,
        seconds: float,
        *,
        clock: Callable[[], float] = elapsed,
    ) -> None:
        self.site, self.seconds = site, seconds
        self.epoch = 0
        """How often it was taken over so far; ours, once we have it."""
        self.saved = 0
        """Epoch of the newest state a leader said it had kept."""
        self.leader: str | None = None
        """Who has it, as far as is known: host and process."""
        self._client, self._clock = client, clock
        self._target = f"/{segment(layout.state)}/_doc/{segment('lease/' + site)}"
        self._owner = secrets.token_hex(8)
        self._name = f"{socket.gethostname()}, process {os.getpid()}"
        self._mark: tuple[int, int] | None = None
        self._until = self._renewed = 0.0
        self._seen: tuple[tuple[int, int], float] | None = None
        self._lock = threading.Lock()

    def held(self) -> bool:
        """True while nobody else can have it."""
        return self._mark is not None and self._clock() < self._until

    @property
    def ours(self) -> bool:
        """True until another is known to have taken it, though it may be over and not renewed yet."""
        return self._mark is not None

    def check(self) -> None:
        """Raises `LeaseLostError` if it is not ours, `StoreAwayError` if it could not be renewed in time."""
        if self._mark is None:
            raise LeaseLostError(self.site)
        if self._clock() >= self._until:
            raise StoreAwayError(f"{self._client.url}: the lease of {self.site} could not be renewed in time")

    def take(self) -> bool:
        """Take it if nobody has it. Returns whether it is ours."""
        with self._lock:
            begin = self._clock()
            found = self._client.maybe("GET", self._target)
            if not found or not found.get("found"):
                return self._put(begin, 1, 0, "op_type=create")
            mark, there = (found["_seq_no"], found["_primary_term"]), found["_source"]
            epoch, self.saved = int(there["epoch"]), int(there["saved"])
            self.leader = None if there["released"] else str(there["name"])
            if there["owner"] == self._owner and not there["released"]:
                # ours: an answer was lost, or nobody wanted it while it was over
                return self._put(begin, epoch, self.saved, _if(mark))
            if not there["released"]:
                if self._seen is None or self._seen[0] != mark:
                    self._seen = (mark, self._clock())
                    return False
                if begin - self._seen[1] < max(self.seconds, float(there["seconds"])):
                    return False
            return self._put(begin, epoch + 1, self.saved, _if(mark))

    def renew(self, *, saved: int | None = None, at_once: bool = False) -> None:
        """Give a sign of life if it is time, or `at_once`. Raises `LeaseLostError` if another has it."""
        with self._lock:
            if self._mark is None:
                raise LeaseLostError(self.site)
            begin = self._clock()
            if saved is not None:
                self.saved = saved
            if not at_once and begin - self._renewed < self.seconds / 4:
                return
            if self._put(begin, self.epoch, self.saved, _if(self._mark)):
                return
            found = self._client.maybe("GET", self._target) or {}
            there = found.get("_source") or {}
            if (there.get("owner"), there.get("epoch")) == (self._owner, self.epoch):
                mark = (found["_seq_no"], found["_primary_term"])
                if self._put(begin, self.epoch, self.saved, _if(mark)):
                    return
            self._mark = None
            raise LeaseLostError(self.site)

    def drop(self) -> None:
        """Forget that it is ours: what we wrote was refused, so another has it."""
        with self._lock:
            self._mark = None

    def give_back(self) -> None:
        """Let the next one lead at once. If the server is away, it ends by itself."""
        with self._lock:
            if self._mark is None:
                return
            how = _if(self._mark)
            self._mark = None
            try:
                self._client.json(
                    "PUT",
                    f"{self._target}?{how}",
                    self._said(self.epoch, self.saved, released=True),
                    tries=1,
                    timeout=LAST_WORD,
                )
            except UserError:
                pass

    def _put(self, begin: float, epoch: int, saved: int, how: str) -> bool:
        try:
            # one try: a second one would not know when the first was sent
            answer = self._client.json(
                "PUT",
                f"{self._target}?{how}",
                self._said(epoch, saved),
                tries=1,
                timeout=max(self.seconds / 2, 0.5),
            )
        except faults.AnswerError as error:
            if error.status != 409:
                raise
            return False
        self._mark = (answer["_seq_no"], answer["_primary_term"])
        self._renewed, self._until = begin, begin + self.seconds * MARGIN
        self.epoch, self.saved, self.leader, self._seen = epoch, saved, self._name, None
        return True

    def _said(self, epoch: int, saved: int, *, released: bool = False) -> dict[str, Any]:
        return {
            "kind": "lease",
            "name": self._name,
            "site": self.site,
            "owner": self._owner,
            "epoch": epoch,
            "saved": saved,
            "seconds": self.seconds,
            "released": released,
            "nonce": secrets.token_hex(4),
        }


def _if(mark: tuple[int, int]) -> str:
    return f"if_seq_no={mark[0]}&if_primary_term={mark[1]}"
