"""Telling others: alerts and chains to receivers of syslog, CEF, webhooks and STIX bundles.

Whoever hands over never waits for a receiver. Each has a thread, a bounded queue and a journal on disk of
its own (`post.py`, `journal.py`): a slow or dead one holds up no other, and what waits survives a restart.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from sentinel.collector.forward.check import Known, check, receivers, secret
from sentinel.collector.forward.journal import Journal
from sentinel.collector.forward.lines import PORTS, Lines
from sentinel.collector.forward.post import Log, Post, Sender
from sentinel.collector.forward.stix import Folder
from sentinel.collector.forward.webhook import Webhook
from sentinel.config.sections import ForwardSettings
from sentinel.model import SEVERITIES

__all__ = ["Forwarders", "check"]


class Forwarders:
    """All receivers of the settings.

    `state_folder` is the daemon's own; `host` is who messages say they are from (`collect.sensor`), the
    host's name if not given. Raises `UserError` for settings that are wrong, and then holds nothing open.
    """

    def __init__(
        self,
        settings: ForwardSettings,
        state_folder: Path,
        log: Log,
        *,
        host: str | None = None,
        first_wait: float = 1.0,
    ) -> None:
        host = host or socket.gethostname()
        known = receivers(settings)
        for line in check(settings):
            log.warning(line)
        self._posts: list[Post] = []
        self._chains: list[Post] = []
        try:
            for one in known:
                receiver = one.receiver
                post = Post(
                    one.name,
                    _sender(one, host),
                    Journal(state_folder / "forward" / f"{_file(one.name)}.journal"),
                    log,
                    level=SEVERITIES.index(receiver.level) + 1,
                    most=receiver.queue,
                    first_wait=first_wait,
                )
                self._posts.append(post)
                if receiver.chains:
                    self._chains.append(post)
        except BaseException:
            self.stop(0)
            raise

    def start(self) -> None:
        """Begin to send, first what an earlier process left."""
        for post in self._posts:
            post.start()

    def alerts(self, documents: Iterable[bytes]) -> None:
        """Take alert documents; they are told at least once, unless counted as dropped."""
        kept = list(documents)
        for post in self._posts:
            post.offer("alert", kept)

    def chains(self, documents: Iterable[bytes]) -> None:
        """Take documents of chains that changed."""
        kept = list(documents)
        for post in self._chains:
            post.offer("chain", kept)

    def tell(self, alerts: Iterable[bytes], chains: Iterable[bytes]) -> None:
        """Take both."""
        self.alerts(alerts)
        self.chains(chains)

    def counters(self) -> dict[str, dict[str, int]]:
        """By receiver: what was counted, how many wait, and if it is reached (`up`)."""
        return {post.name: post.counters() for post in self._posts}

    def stop(self, deadline_seconds: float) -> None:
        """Send what waits, for so many seconds at most; the rest stays in the journals."""
        deadline = time.monotonic() + deadline_seconds
        for post in self._posts:
            post.end(deadline)
        for post in self._posts:
            post.join(deadline)


def _sender(known: Known, host: str) -> Sender:
    receiver, url = known.receiver, known.url
    if receiver.kind == "webhook":
        return Webhook(receiver, url, secret(receiver.secret) if receiver.secret else None)
    if receiver.kind == "stix":
        return Folder(receiver, Path(url.path))
    return Lines(receiver, url.scheme, (url.hostname or "", url.port or PORTS[url.scheme]), host)


def _file(name: str) -> str:
    """A receiver's name as that of a file; two names never give the same."""
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:80].lstrip(".")
    return safe if safe == name else f"{safe}-{sha256(name.encode()).hexdigest()[:8]}"
