"""The sender of syslog and CEF: documents become messages, messages go over a transport."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from sentinel.collector.forward import cef, syslog
from sentinel.collector.forward.message import AwayError, Item, Settled
from sentinel.collector.forward.post import FAULTS
from sentinel.collector.forward.transport import Datagrams, Stream, Transport
from sentinel.config.sections import Receiver

Writer: TypeAlias = Callable[[Item, str, int], syslog.Written]

WRITERS: dict[str, Writer] = {"syslog": syslog.message, "cef": cef.message}
PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
"""Ports where the URL names none (RFC 5426, RFC 6587, RFC 5425)."""


class Lines:
    """Sends syslog or CEF. `host` is who it is from."""

    most = 256

    def __init__(self, receiver: Receiver, scheme: str, to: tuple[str, int], host: str) -> None:
        self.counts: Counter[str] = Counter(truncated=0, again=0)
        self._write, self._host = WRITERS[receiver.kind], host
        self._size = self.most
        self._stream = scheme != "udp"
        self._limit = syslog.MOST_STREAM if self._stream else syslog.MOST_DATAGRAM
        self._transport: Transport = (
            Stream(receiver, *to, secure=scheme == "tls") if self._stream else Datagrams(receiver, *to)
        )

    def deliver(self, batch: list[Item]) -> Settled:
        """Send the batch, or its beginning: up to the first document that cannot be written, and no more
        than a slow receiver takes in time."""
        messages: list[syslog.Written] = []
        for item in batch[: self._size]:
            try:
                messages.append(self._write(item, self._host, self._limit))
            except FAULTS as error:
                if messages:
                    break
                return Settled(1, "refused", f"cannot be written: {type(error).__name__}")
        texts = [syslog.framed(m.text) if self._stream else m.text for m in messages]
        try:
            count = self._transport.send(texts)
        except (AwayError, OSError):
            self._size = max(1, self._size // 4)
            raise
        self._size = min(self.most, self._size * 2)
        self.counts["again"] = getattr(self._transport, "again", 0)
        self.counts["truncated"] += sum(m.cut for m in messages[:count])
        return Settled(count)

    def interrupt(self) -> None:
        """Have a delivery fail at once."""
        self._transport.interrupt()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()
