"""Nonces (RFC 8555, 6.5): giving one out costs no memory, and those that were used are few."""

from __future__ import annotations

import base64
import heapq
import hmac
import secrets

MOST = 65_536
"""Nonces that are remembered as used. When there are more, the oldest ones not used yet end."""

_NUMBER, _MAC = 8, 16


class Nonces:
    """A nonce is a number and its MAC under a key of this process. One is good once: its number is above the
    lowest that counts, and not among those used. After a restart clients get `badNonce` and try again."""

    def __init__(self, most: int = MOST) -> None:
        self._key = secrets.token_bytes(32)
        self._next = 1
        self._lowest = 0
        self._most = most
        self._used: set[int] = set()
        self._order: list[int] = []

    def new(self) -> str:
        number = self._next.to_bytes(_NUMBER, "big")
        self._next += 1
        return base64.urlsafe_b64encode(number + self._mac(number)).decode()

    def use(self, text: str) -> bool:
        """Whether a nonce is one of ours that was not used; it is used then."""
        try:
            octets = base64.b64decode(text, altchars=b"-_", validate=True)
        except ValueError:
            return False
        number = octets[:_NUMBER]
        if len(octets) != _NUMBER + _MAC or not hmac.compare_digest(octets[_NUMBER:], self._mac(number)):
            return False
        value = int.from_bytes(number, "big")
        if value <= self._lowest or value in self._used:
            return False
        self._used.add(value)
        heapq.heappush(self._order, value)
        if len(self._order) > self._most:
            self._lowest = heapq.heappop(self._order)
            self._used.remove(self._lowest)
        return True

    def _mac(self, number: bytes) -> bytes:
        return hmac.digest(self._key, number, "sha256")[:_MAC]
