"""One writer for each sensor: a file lock on this machine, and a document that other machines see.

The document says who writes and until when. A writer renews it while it writes; one that was killed is
followed at once on its own machine, and after `LEASE` seconds on another. Every change is by the sequence
number that was read, so that two who try at once cannot both win.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import time
from pathlib import Path
from typing import Any

from sentinel.errors import UserError
from sentinel.store.elastic import faults
from sentinel.store.elastic.client import Client, segment
from sentinel.store.elastic.layout import Layout
from sentinel.store.hold import HeldError, Hold

LEASE = 60.0
"""Seconds after which a writer on another machine that was silent is taken for dead."""
RENEW = 10.0
"""Seconds between two signs of life."""
LAST_WORD = 5.0
"""Seconds that giving the right back may take."""


class Lock:
    """The right of a sensor to write. Raises `UserError` if another has it."""

    def __init__(self, client: Client, layout: Layout, sensor: str, folder: Path) -> None:
        self._client, self._sensor = client, sensor
        self._target = f"/{segment(layout.state)}/_doc/{segment('lock/' + sensor)}"
        name = hashlib.sha256(f"{client.url} {layout.prefix} {sensor}".encode()).hexdigest()[:16]
        self._path = folder / f"elastic-{name}.lock"
        self._nonce = secrets.token_hex(8)
        self._host = socket.gethostname()
        self._file: Hold | None = None
        self._mark: tuple[int, int] = (-1, -1)
        self._renewed = 0.0

    def take(self) -> None:
        """Take it, or raise."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = Hold(self._path)
        except HeldError as error:
            raise UserError(
                f"{self._client.url}: process {error.holder} writes as sensor {self._sensor}; "
                "wait for it to end"
            ) from None
        except OSError as error:
            raise UserError(f"{self._path}: {error.strerror}") from None
        try:
            self._take_document()
        except BaseException:
            self._close()
            raise

    def _take_document(self) -> None:
        found = self._client.maybe("GET", self._target)
        if found is None or not found.get("found"):
            self._put("op_type=create")
            return
        holder = found["_source"]
        silent = time.time() - float(holder.get("renewed", 0))
        if holder.get("host") not in (None, self._host) and -LEASE < silent < LEASE:
            raise UserError(
                f"{self._client.url}: {holder['host']} writes as sensor {self._sensor}; give one of them "
                "another collect.sensor, or wait for it to end"
            )
        self._put(f"if_seq_no={found['_seq_no']}&if_primary_term={found['_primary_term']}")

    def renew(self) -> None:
        """Give a sign of life if it is time. Raises `UserError` if another has taken over."""
        if time.monotonic() - self._renewed >= RENEW:
            self._put(f"if_seq_no={self._mark[0]}&if_primary_term={self._mark[1]}")

    def _put(self, how: str, host: str | None = "", **request: Any) -> None:
        own: dict[str, Any] = {
            "kind": "lock",
            "sensor": self._sensor,
            "host": self._host if host == "" else host,
            "process": os.getpid(),
            "nonce": self._nonce,
            "renewed": time.time(),
        }
        try:
            answer = self._client.json("PUT", f"{self._target}?{how}", own, **request)
        except faults.AnswerError as error:
            if error.status != 409:
                raise
            found = self._client.maybe("GET", self._target) or {}
            if (found.get("_source") or {}).get("nonce") != self._nonce:
                raise UserError(
                    f"{self._client.url}: another process has begun to write as sensor {self._sensor}"
                ) from None
            answer = found  # our own try, of which the answer was lost
        self._mark = (answer["_seq_no"], answer["_primary_term"])
        self._renewed = time.monotonic()

    def give_back(self) -> bool:
        """Let the next one write. False if the server is away: the lease ends by itself."""
        try:
            if self._mark[0] >= 0:
                how = f"if_seq_no={self._mark[0]}&if_primary_term={self._mark[1]}"
                self._put(how, None, tries=1, timeout=LAST_WORD)
        except UserError:
            return False
        finally:
            self._close()
        return True

    def _close(self) -> None:
        if self._file is not None:
            self._file.release()
            self._file = None
