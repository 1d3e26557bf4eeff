"""`/v1/audit`: the audit for an auditor, who needs no access to the CA's machine.

GET    /v1/audit/head                        the last signed head, as `sentinel ca audit head` writes it
GET    /v1/audit/entries?first=N&limit=M     entries from number N on
POST   /v1/audit/verify                      {"heads": [...]}: heads that were kept elsewhere
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sentinel.ca.audit import heads, key
from sentinel.ca.audit.tree import MOST as MOST_ENTRIES
from sentinel.ca.audit.verify import verify
from sentinel.ca.authority import REGISTER, Authority
from sentinel.ca.serve.web import RefusedError, Reply, Request, json, number, parameters, refusal, told
from sentinel.errors import UserError

log = logging.getLogger("sentinel.ca.serve")

PAGE = 100
MOST = 1000
"""Entries of a page: unless asked otherwise, and at the most."""
MOST_HEADS = 100
"""Heads that an audit is verified against at once."""


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    heads: list[msgspec.Raw] = []


@dataclass(slots=True)
class Audits:
    """Answers `/v1/audit`. One verification is under way at a time, in a thread of its own."""

    authority: Authority
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, one: Request, parts: Sequence[str]) -> Reply | None:
        """The reply; None where it is given later. `RefusedError` for what is not here."""
        match one.method, parts:
            case "GET", ["head"]:
                return self._head()
            case "GET", ["entries"]:
                return self._entries(one)
            case "POST", ["verify"]:
                self._verify(one)
                return None
        raise RefusedError(404, f"{one.method} {one.path[:100]}: nothing is here")

    def _head(self) -> Reply:
        found = self.authority.register.head()
        if found is None:
            raise RefusedError(404, "audit: no head was signed yet; `serve` needs the audit's passphrase")
        return json(msgspec.to_builtins(found))

    def _entries(self, one: Request) -> Reply:
        asked = parameters(one.query, ("first", "limit"))
        first = number(asked.get("first", "0"), "first", 0, min(MOST_ENTRIES, 999_999_999))
        limit = number(asked.get("limit", str(PAGE)), "limit", 1, MOST)
        rows = self.authority.register.query(
            "SELECT number, CAST(entry AS BLOB) FROM audit WHERE number >= ? ORDER BY number LIMIT ?",
            (first, limit),
        )
        entries = [{"number": at, "entry": msgspec.Raw(entry)} for at, entry in rows]
        size = self.authority.register.position() + 1
        after = first + len(entries)
        document: dict[str, Any] = {"size": size, "entries": entries}
        return json(document | ({"next": after} if after < size else {}))

    def _verify(self, one: Request) -> None:
        kept = _heads(one.body)
        if not self._busy.acquire(blocking=False):
            raise RefusedError(429, "audit: it is being verified; ask again", ("retry-after", "5"))

        def work() -> None:
            try:
                self._report(kept).give(one)
            finally:
                self._busy.release()

        threading.Thread(target=work, name="ca-verify", daemon=True).start()

    def _report(self, kept: Sequence[heads.Head]) -> Reply:
        folder = self.authority.folder
        try:
            report = verify(folder / REGISTER, key=key.public(folder), kept=kept)
        except UserError as error:
            return refusal(error)
        if not report.ok:
            log.warning("the audit is not whole: %d faults", report.faults)
        return json(msgspec.to_builtins(report))


def _heads(body: bytes) -> list[heads.Head]:
    try:
        given = msgspec.json.decode(body or b"{}", type=_Kept).heads
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(400, f"body: {told(error)}") from None
    if len(given) > MOST_HEADS:
        raise RefusedError(400, f"heads: {len(given)}; {MOST_HEADS} are taken at once")
    try:
        return [heads.parse(bytes(one), f"heads[{at}]") for at, one in enumerate(given)]
    except UserError as error:
        raise RefusedError(400, error.message) from None
