"""The server at work: its threads, its certificate, what it looks after while it runs."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from sentinel import _native
from sentinel.ca.serve.identity import Identity
from sentinel.ca.serve.routes import LANES, settings
from sentinel.ca.serve.web import Handler
from sentinel.config.sections import CaSettings
from sentinel.errors import UserError

log = logging.getLogger("sentinel.ca.serve")

GROUP = 64
"""Requests of a lane that are answered together at the most: one sync of the register serves them."""
GATHER = 300e-6
"""Seconds that are waited for more requests once there is one."""
POLL = 0.5
"""Seconds after which an idle lane looks whether the server has stopped."""
LOOK = 0.25
"""Seconds between two looks at what others changed in the register."""
GARBAGE = 50_000
"""New objects at which the collector looks through them: a group of certificates makes some thousand, none of
them in a circle."""
GRACE = 10.0
"""Seconds that a stopping server gives the requests it has."""

Watch = Callable[[], None]
"""Something looked after all `LOOK` seconds; a `UserError` of it is told and does not end it."""


class Service:
    """A running server of a CA. `handlers` are by lane; `watches` are looked after in turn."""

    def __init__(
        self,
        listen: list[str],
        plain: list[str],
        options: CaSettings,
        identity: Identity | None,
        fixed: tuple[bytes, bytes] | None = None,
    ) -> None:
        """Listen at once; requests wait until `start`. The server's certificate is `identity`'s, or `fixed`:
        chain and key in PEM. `UserError` if an address is taken."""
        self._identity = identity
        chain, key = fixed or (None, None)
        if identity is not None:
            identity.renew()
            chain, key = identity.chain, identity.key
        bounds = settings(
            listen,
            plain,
            rate=options.rate,
            burst=options.burst,
            connections=options.connections,
            connections_per_address=options.connections_per_address,
        )
        try:
            self.server = _native.HttpServer(bounds, chain, key)
        except (OSError, ValueError) as error:
            raise UserError(str(error)) from None
        self.ends: list[Callable[[], None]] = []
        """Called when it has stopped: what handlers have at work besides."""
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()

    def start(self, handlers: Mapping[str, Handler], watches: list[Watch]) -> None:
        """Answer requests, in a thread for each lane that has a handler."""
        gc.collect()
        gc.freeze()  # what is there now stays: the collector need not look through it again and again
        gc.set_threshold(GARBAGE)
        for number, lane in enumerate(LANES):
            if lane in handlers:
                self._thread(f"ca-{lane}", partial(self._lane, number, handlers[lane]))
        self._thread("ca-watch", lambda: self._watch([self._renew, *watches]))

    def _thread(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _lane(self, number: int, handler: Handler) -> None:
        while (requests := self.server.take(number, GROUP, POLL, GATHER)) is not None:
            if requests:
                try:
                    handler(requests)
                except Exception:  # the lane goes on; those not yet answered get 500
                    log.exception("lane %s: a group of %d requests failed", LANES[number], len(requests))
            requests.clear()

    def _watch(self, watches: list[Watch]) -> None:
        while not self._stopped.wait(LOOK):
            for watch in watches:
                try:
                    watch()
                except UserError as error:
                    log.warning("%s", error.message)
                except Exception:  # the others are looked after all the same
                    log.exception("a watch failed")

    def _renew(self) -> None:
        if self._identity is not None and datetime.now(UTC) >= self._identity.due:
            self._identity.renew()
            self.server.identify(self._identity.chain, self._identity.key)

    def stop(self) -> None:
        """Take no new connection, answer what is there, and end."""
        self._stopped.set()
        self.server.stop(GRACE)
        for thread in self._threads:
            thread.join()
        for end in self.ends:
            end()

    def addresses(self) -> dict[str, list[str]]:
        """Where it listens: `https` and `http`, host:port each."""
        return {"https": self.server.addresses, "http": self.server.plain_addresses}
