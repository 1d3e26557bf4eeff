"""http-01 (RFC 8555, 8.3): a device is asked for a token, within bounds, and only where the operator allows.

A name is looked up as it is, without search domains, every address it has must lie in the listed networks,
and what is connected to is an address that was checked.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeAlias

from sentinel.ca.serve.acme.problems import AcmeError
from sentinel.errors import UserError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

PORT = 80
SECONDS = 1.0
"""For the connection and the answer together."""
MOST_OCTETS = 4096
MOST_WAITING = 64
_THREADS = 4
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r]")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)


def networks(given: Sequence[str]) -> tuple[Network, ...]:
    """Networks from the setting `ca.acme_http01`. `UserError` names one that is none."""
    out = []
    for text in given:
        try:
            out.append(ipaddress.ip_network(text))
        except ValueError as error:
            raise UserError(f"ca.acme_http01 {text[:60]}: {error}; write a network as 10.1.0.0/16") from None
    return tuple(out)


class Http01:
    """Looks at devices in threads of its own. `networks` are those it may connect to, none: it is off."""

    def __init__(self, networks: tuple[Network, ...], port: int = PORT) -> None:
        self._waiting: set[str] = set()
        self._lock = Lock()
        self.open(networks, port)

    def open(self, networks: tuple[Network, ...], port: int = PORT) -> None:
        """Begin, or begin again after `stop`."""
        self.networks, self.port = networks, port
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="ca-http01") if networks else None

    def allows(self, kind: str, value: str) -> bool:
        """Whether a name may be tried at all; of host names the addresses are seen later."""
        return bool(self.networks) and (kind != "ip" or self._listed(value))

    def _listed(self, address: str) -> bool:
        found = ipaddress.ip_address(address)
        return any(found.version == one.version and found in one for one in self.networks)

    def waiting(self, id: str) -> bool:
        with self._lock:
            return id in self._waiting

    def start(
        self, id: str, value: str, token: str, expected: str, done: Callable[[AcmeError | None], None]
    ) -> None:
        """Try a challenge once, unless that is under way; `done` is told the outcome in another thread.
        `AcmeError` if too many wait."""
        with self._lock:
            if id in self._waiting:
                return
            if self._pool is None or len(self._waiting) >= MOST_WAITING:
                raise AcmeError(
                    429, "rateLimited", "too many challenges are being tried", ("retry-after", "5")
                )
            self._waiting.add(id)

        def work() -> None:
            try:
                fault = None
                try:
                    self._try(value, token, expected)
                except AcmeError as error:
                    fault = error
                done(fault)
            finally:
                with self._lock:
                    self._waiting.discard(id)

        self._pool.submit(work)

    def _try(self, value: str, token: str, expected: str) -> None:
        address = self._address(value)
        try:
            answer = fetch(address, self.port, value, f"/.well-known/acme-challenge/{token}")
        except OSError as error:
            raise AcmeError(400, "connection", f"{value} ({address}): {error}") from None
        if answer.strip() != expected.encode():
            raise AcmeError(403, "incorrectResponse", f"{value} ({address}): another token is there")

    def _address(self, value: str) -> str:
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            pass
        try:
            found = socket.getaddrinfo(f"{value}.", self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise AcmeError(400, "dns", f"{value}: has no address: {error}") from None
        addresses = [str(one[4][0]) for one in found]
        for address in addresses:
            if not self._listed(address):
                raise AcmeError(403, "rejectedIdentifier", f"{value}: {address} is in no listed network")
        return addresses[0]

    def stop(self) -> None:
        """Begin no more, and wait for those under way."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


def fetch(address: str, port: int, host: str, path: str) -> bytes:
    """Body of a GET: status 200 only, `SECONDS` and `MOST_OCTETS` in all. `OSError` says what is wrong."""
    until = time.monotonic() + SECONDS
    shown = f"[{host}]" if ":" in host else host
    with socket.create_connection((address, port), timeout=SECONDS) as device:
        device.settimeout(_left(until))
        device.sendall(f"GET {path} HTTP/1.0\r\nHost: {shown}\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while (length := _wanted(data)) is None or len(data) < length:
            device.settimeout(_left(until))
            more = device.recv(MOST_OCTETS)
            if not more:
                break
            data += more
            if len(data) > MOST_OCTETS:
                raise OSError(f"answers with more than {MOST_OCTETS:,} octets")
    status = _STATUS.match(data)
    if status is not None and status[1] != b"200":
        raise OSError(f"answers with status {status[1].decode()}")
    if status is None or b"\r\n\r\n" not in data:
        raise OSError("answers with something else than HTTP")
    return data.partition(b"\r\n\r\n")[2]


def _wanted(data: bytes) -> int | None:
    """Octets of the whole answer, if it says so."""
    head, end, _ = data.partition(b"\r\n\r\n")
    found = _LENGTH.search(head + b"\r\n") if end else None
    return None if found is None else len(head) + 4 + int(found[1])


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError(f"no answer within {SECONDS:g} s")
    return left
