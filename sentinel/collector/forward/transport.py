"""Datagrams and streams to a receiver of syslog.

Syslog has no answer. For a stream, what its kernel has acknowledged counts as sent (SIOCOUTQ, tcp(7)); what
was under way when the connection broke is sent again over the next. A reset says that something was not read
(RFC 1122, 4.2.2.13): then the last of what was sent before goes over the next one again, too. A datagram
counts as sent when it left.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import ssl
import struct
import termios
import threading
import time
from collections import deque
from typing import Any, Literal, Protocol

from sentinel.collector.forward import tls
from sentinel.collector.forward.message import AwayError
from sentinel.config.sections import Receiver
from sentinel.errors import UserError

_LINGER = 0.005
"""Seconds between two looks at what the other side acknowledged, at most."""

_RECENT = 1 << 20
"""Octets of the messages that are kept for the case that their connection is reset."""
_CHATTER = 16
"""Reads of what the other side says, before a send, at most."""


class Transport(Protocol):
    """A way to a receiver."""

    def send(self, messages: list[bytes]) -> int:
        """How many of the messages are on the other side. Raises `AwayError` or `OSError` if none is."""

    def interrupt(self) -> None:
        """Have `send` fail at once; another thread may call it."""

    def close(self) -> None:
        """Give back what is open."""


class Datagrams:
    """UDP: one message a datagram (RFC 5426, 3.1)."""

    def __init__(self, receiver: Receiver, host: str, port: int) -> None:
        self._where, self._timeout = (host, port), receiver.timeout
        self._socket: socket.socket | None = None

    def send(self, messages: list[bytes]) -> int:
        """Send all, or as many as go."""
        if self._socket is None:
            family, kind, proto, _, address = _resolved(self._where, socket.SOCK_DGRAM)
            made = socket.socket(family, kind, proto)
            made.settimeout(self._timeout)
            made.connect(address)
            self._socket = made
        left = 0
        try:
            for text in messages:
                self._socket.send(text)
                left += 1
            if code := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(code, os.strerror(code))
        except OSError:
            self.close()
            # that nobody listens there (ICMP) is told of the datagram before
            if left > 1:
                return left - 1
            raise
        return left

    def interrupt(self) -> None:
        """A datagram does not take long."""

    def close(self) -> None:
        """Close the socket; the next datagram looks the name up again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Stream:
    """TCP, and TLS where the URL says so; connects when there is something to send."""

    def __init__(self, receiver: Receiver, host: str, port: int, *, secure: bool) -> None:
        self._receiver, self._where, self._secure = receiver, (host, port), secure
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._broken_off = False
        self._recent: deque[bytes] = deque()
        """What was sent over this connection, or over one that was reset, newest last."""
        self.again = 0
        """Messages that were sent again for a reset."""

    def send(self, messages: list[bytes]) -> int:
        """Send all and wait until the other side's kernel has them."""
        deadline = time.monotonic() + self._receiver.timeout
        try:
            fresh = self._socket
            at = self._connected(deadline)
            before = list(self._recent) if at is not fresh else []
            self._all(at, b"".join([*before, *messages]), deadline)
            self._acknowledged(at, deadline)
            self.again += len(before)
            self._keep(messages)
        except OSError as error:
            self.close()
            if not isinstance(error, ConnectionResetError | BrokenPipeError):
                self._recent.clear()  # of one that is slow, more would be asked each time
            raise AwayError(tls.failed(error)) from None
        except AwayError:
            self.close()
            raise
        return len(messages)

    def _keep(self, messages: list[bytes]) -> None:
        self._recent.extend(messages)
        size = sum(map(len, self._recent))
        while size > _RECENT:
            size -= len(self._recent.popleft())

    def _connected(self, deadline: float) -> socket.socket:
        if self._socket is not None:
            ended = _ended(self._socket)
            if ended is None:
                return self._socket
            if ended == "closed":
                self._recent.clear()  # all was read
        self.close()
        family, kind, proto, _, address = _resolved(self._where, socket.SOCK_STREAM)
        raw = socket.socket(family, kind, proto)
        self._hold(raw)
        raw.settimeout(_left(deadline))
        raw.connect(address)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._secure:
            return raw
        try:
            made = tls.context(self._receiver)
        except UserError as error:
            raise AwayError(error.message) from None
        wrapped = made.wrap_socket(raw, server_hostname=self._where[0], do_handshake_on_connect=False)
        self._hold(wrapped)
        wrapped.settimeout(_left(deadline))
        wrapped.do_handshake()
        return wrapped

    def _all(self, at: socket.socket, text: bytes, deadline: float) -> None:
        left = memoryview(text)
        while left:
            at.settimeout(_left(deadline))
            left = left[at.send(left[: 1 << 16]) :]

    def _acknowledged(self, at: socket.socket, deadline: float) -> None:
        pause = _LINGER / 16
        while unread(at):
            if _ended(at):
                raise ConnectionResetError("closed the connection")
            _left(deadline)
            time.sleep(pause)
            pause = min(_LINGER, pause * 2)
        if _ended(at):
            # a reset may have come in answer to what was sent: then nobody read it
            raise ConnectionResetError("closed the connection")

    def _hold(self, made: socket.socket) -> None:
        with self._lock:
            self._socket = made
            if self._broken_off:
                raise AwayError("stopped")

    def interrupt(self) -> None:
        """Break the connection off, and those to come."""
        with self._lock:
            self._broken_off = True
            if self._socket is not None:
                _break(self._socket)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            made, self._socket = self._socket, None
        if made is not None:
            made.close()


def unread(at: socket.socket) -> int:
    """Octets the other side's kernel has not acknowledged yet (SIOCOUTQ)."""
    answer = fcntl.ioctl(at.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    (count,) = struct.unpack("i", answer)
    return int(count)


def _ended(at: socket.socket) -> Literal["closed", "reset"] | None:
    """How the other side ended the connection, None if it is there. What it says is read and left alone."""
    poll = select.poll()
    poll.register(at, select.POLLIN)
    for _ in range(_CHATTER):
        if not poll.poll(0):
            return None
        try:
            at.settimeout(0)
            if not at.recv(4096):
                return "closed"
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except OSError:
            return "reset"
    return None


def _break(at: socket.socket) -> None:
    try:
        # of the plain socket: that of TLS would go on without it, in the clear
        socket.socket.shutdown(at, socket.SHUT_RDWR)
    except OSError:
        pass


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _resolved(where: tuple[str, int], kind: socket.SocketKind) -> tuple[Any, Any, int, str, Any]:
    """The first address of a host, as `getaddrinfo` gives it."""
    try:
        found = socket.getaddrinfo(*where, type=kind)
    except OSError as error:
        raise AwayError(f"{where[0]}: {error.strerror or 'no such host'}") from None
    return found[0]
