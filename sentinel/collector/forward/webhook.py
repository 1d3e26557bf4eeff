"""Alerts and chains to an HTTPS endpoint: signed, answered, told at least once.

A delivery is a POST of `{"version": 1, "documents": [{"id", "kind", "document"}]}`; docs/guides/forwarding.md
says how a receiver checks the signature and knows a delivery again. Any 2xx answer settles it. Redirects are
not followed: they would carry the documents to where nobody said.

* unreachable, 429, 502, 503, 504: the receiver is away; tried again without end, the queue is the bound.
* 500, other 5xx, 408, 425, no answer in time: tried again `retries` times, then given up.
* 400, 413, 422 with several documents: halves are sent, so that one bad document takes no other with it.
* all else: refused, counted, not sent again.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult

import msgspec

from sentinel import __version__
from sentinel.collector.forward import tls
from sentinel.collector.forward.message import AwayError, Item, Settled
from sentinel.config.sections import Receiver
from sentinel.errors import UserError

MOST = 100
"""Documents of a delivery at most."""
MOST_BYTES = 1 << 20
"""Octets of documents in a delivery at most, unless one alone is larger."""
AWAY = frozenset((429, 502, 503, 504))
"""Answers that say nothing about what was sent (RFC 9110, 15.6; RFC 6585, 4)."""
PASSING = frozenset((408, 425))
"""Answers below 500 to a delivery that may be sent again (RFC 9110, 15.5.9; RFC 8470, 5.2)."""
TOO_MUCH = frozenset((400, 413, 422))
"""Answers that one document of several may have caused."""
_READ = 1 << 16
"""Octets of an answer that are read; the connection is not used again if there are more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said."""

    status: int
    after: float | None


class Webhook:
    """Sends deliveries over one connection that is kept open."""

    most = MOST

    def __init__(self, receiver: Receiver, url: SplitResult, secret: bytes | None) -> None:
        self.counts: Counter[str] = Counter(deliveries=0)
        self._receiver, self._url, self._secret = receiver, url, secret
        self._target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        self._connection: http.client.HTTPConnection | None = None
        self._size, self._tried = MOST, 0
        self._under_way = 0
        self._watch = _Watch()

    def deliver(self, batch: list[Item]) -> Settled:
        """Send the beginning of a batch, as much as one delivery takes."""
        # what is tried again is the same as before, so that the receiver knows it again by its key
        some = batch[: self._under_way] if self._under_way else _fitting(batch[: self._size])
        self._under_way = len(some)
        settled = self._outcome(some)
        self._under_way = 0
        return settled

    def _outcome(self, some: list[Item]) -> Settled:
        try:
            answer = self._post(body(some), key(some))
        except TimeoutError:
            return self._again(some, "no answer in time", None)
        except (OSError, http.client.HTTPException) as error:
            why = tls.failed(error) if isinstance(error, OSError) else "its answer is no HTTP"
            raise AwayError(why) from None
        if 200 <= answer.status < 300:
            self._size, self._tried = min(MOST, self._size * 2), 0
            return Settled(len(some))
        if answer.status in AWAY:
            raise AwayError(f"answered {answer.status}", answer.after)
        if answer.status >= 500 or answer.status in PASSING:
            return self._again(some, f"answered {answer.status}", answer.after)
        if answer.status in TOO_MUCH and len(some) > 1:
            self._size, self._tried = len(some) // 2, 0
            return Settled(0)
        self._size, self._tried = min(MOST, self._size * 2), 0
        return Settled(len(some), "refused", f"answered {answer.status}")

    def _again(self, some: list[Item], why: str, after: float | None) -> Settled:
        self._tried += 1
        if self._tried <= self._receiver.retries:
            raise AwayError(why, after)
        self._tried = 0
        return Settled(len(some), "tried", why)

    def _post(self, text: bytes, idempotency: str) -> Answer:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"sentinel/{__version__}",
            "Idempotency-Key": idempotency,
            **signed(self._secret, text, int(time.time())),
        }
        self.counts["deliveries"] += 1
        with self._watch.until(self._receiver.timeout):
            try:
                connection = self._connected()
                connection.request("POST", self._target, text, headers)
                got = connection.getresponse()
                rest = got.read(_READ)
                if got.will_close or len(rest) == _READ:
                    self.close()
                return Answer(got.status, retry_after(got.headers.get("Retry-After"), datetime.now(UTC)))
            except AwayError:
                self.close()
                raise
            except (OSError, http.client.HTTPException):
                self.close()
                if self._watch.late:
                    raise TimeoutError from None
                raise

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is not None and not _stale(self._connection.sock):
            self._connection.sock.settimeout(self._receiver.timeout)
            return self._connection
        self.close()
        host, secure = self._url.hostname or "", self._url.scheme == "https"
        port = self._url.port or (443 if secure else 80)
        try:
            at = socket.create_connection((host, port), self._receiver.timeout)
            self._watch.hold(at)
            if secure:
                at = tls.context(self._receiver).wrap_socket(
                    at, server_hostname=host, do_handshake_on_connect=False
                )
                self._watch.hold(at)
                at.do_handshake()
        except UserError as error:
            raise AwayError(error.message) from None
        except OSError as error:
            # nothing was sent: that says nothing about the documents
            why = "no connection in time" if self._watch.late else tls.failed(error)
            raise AwayError(why) from None
        made = http.client.HTTPConnection(host, port)
        made.sock = at
        self._connection = made
        return made

    def interrupt(self) -> None:
        """Break off what is under way."""
        self._watch.interrupt()

    def close(self) -> None:
        """Close the connection."""
        made, self._connection = self._connection, None
        self._watch.hold(None)
        if made is not None:
            made.close()


class _Watch:
    """Breaks a connection off when its time is up: a timeout of a socket begins anew with each octet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._stopped = False
        self.late = False

    def until(self, seconds: float) -> _Until:
        self.late = False
        return _Until(self, seconds)

    def hold(self, made: socket.socket | None) -> None:
        with self._lock:
            self._socket = made
            over = self.late or self._stopped
        if over and made is not None:
            made.close()
            raise TimeoutError

    def expire(self) -> None:
        with self._lock:
            self.late = True
            self._break()

    def interrupt(self) -> None:
        with self._lock:
            self._stopped = True
            self._break()

    def _break(self) -> None:
        if self._socket is not None:
            try:
                # of the plain socket: that of TLS would go on without it, in the clear
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError:
                pass


class _Until:
    def __init__(self, watch: _Watch, seconds: float) -> None:
        self._timer = threading.Timer(seconds, watch.expire)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def _stale(at: socket.socket) -> bool:
    """True if the receiver closed the connection, or said something unasked."""
    at.settimeout(0)
    try:
        at.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    else:
        return True


def _fitting(batch: list[Item]) -> list[Item]:
    """The beginning of a batch that one delivery takes, one document at least."""
    size = 0
    for n, item in enumerate(batch):
        size += len(item.raw)
        if n and size > MOST_BYTES:
            return batch[:n]
    return batch


def body(items: list[Item]) -> bytes:
    """The text of a delivery: documents are put in as they are."""
    documents = (
        b'{"id":%s,"kind":"%s","document":%s}'
        % (msgspec.json.encode(item.id), item.kind.encode(), item.raw.strip())
        for item in items
    )
    return b'{"version":1,"documents":[' + b",".join(documents) + b"]}"


def key(items: list[Item]) -> str:
    """What names a delivery: the id of its only alert, else a hash over what is in it."""
    if len(items) == 1 and items[0].kind == "alert" and items[0].id.isascii() and items[0].id.isprintable():
        return items[0].id
    over = hashlib.sha256()
    for item in items:
        # a chain keeps its id while it grows
        over.update(hashlib.sha256(item.id.encode() if item.kind == "alert" else item.raw).digest())
    return over.hexdigest()[:32]


def signed(secret: bytes | None, text: bytes, now: int) -> Mapping[str, str]:
    """Headers that prove who sent a text and when: HMAC-SHA256 (RFC 2104) over the seconds since 1970, a
    point and the text."""
    stamp = {"Sentinel-Timestamp": str(now)}
    if secret is None:
        return stamp
    code = hmac.new(secret, str(now).encode() + b"." + text, hashlib.sha256).hexdigest()
    return {**stamp, "Sentinel-Signature": f"v1={code}"}


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds of a `Retry-After` header: a number or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:9]), 10**9))
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())
