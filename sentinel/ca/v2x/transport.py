"""How a PDU reaches a role: in this process here. Another way has the same one method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from sentinel.errors import UserError

Handler = Callable[[bytes], bytes]


class Transport(Protocol):
    """A way to the other roles."""

    def send(self, to: str, pdu: bytes) -> bytes:
        """The answer of a role. `UserError` with its reason where it refuses, or where it is not reached:
        then it is not known whether it acted, and the same PDU may be sent again."""


class Local:
    """Roles in this process, each made when the first PDU is for it."""

    def __init__(self, makers: Mapping[str, Callable[[], Handler]]) -> None:
        self._makers, self._made = makers, dict[str, Handler]()

    def send(self, to: str, pdu: bytes) -> bytes:
        if to not in self._made:
            if to not in self._makers:
                raise UserError(
                    f"role {to}: is not here; run it, or make it with `sentinel v2x init --roles`"
                )
            self._made[to] = self._makers[to]()
        return self._made[to](pdu)
