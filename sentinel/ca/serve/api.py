"""`/v1`: certificates, tokens and profiles as JSON, for operators and for devices with a token.

POST   /v1/certificates                 issue: an object of `Wanted`
GET    /v1/certificates?q= &state= ...  search and list
GET    /v1/certificates/SERIAL          one, with its PEM
POST   /v1/certificates/SERIAL/revoke   {"reason", "why"}; also hold and resume
GET    /v1/tokens, POST /v1/tokens, DELETE /v1/tokens/ID
GET    /v1/profiles, /v1/ca, /v1/health
/v1/audit/...                           see `audits`
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import msgspec

from sentinel import _native
from sentinel.ca import files, revocation
from sentinel.ca.authority import Authority
from sentinel.ca.register import Certificate
from sentinel.ca.serve import tokens
from sentinel.ca.serve.access import Caller, Callers
from sentinel.ca.serve.audits import Audits
from sentinel.ca.serve.issuing import Ask, bound, issue
from sentinel.ca.serve.web import (
    RefusedError,
    Reply,
    Request,
    json,
    number,
    parameters,
    refusal,
    segments,
    told,
)
from sentinel.ca.x509 import altnames, certificate, names, request
from sentinel.ca.x509.issue import Issuer
from sentinel.ca.x509.order import Issued, Order
from sentinel.errors import UserError

PREFIX = "/v1/"
PAGE = 100
MOST = 1000
"""Certificates of a page: unless asked otherwise, and at the most."""

_T = TypeVar("_T")
_Own = msgspec.Struct


class Wanted(_Own, frozen=True, forbid_unknown_fields=True):
    """What is asked for a certificate. `csr` is PKCS#10 in PEM; what is given beside it takes the place of
    what it says."""

    csr: str
    profile: str
    subject: str | None = None
    san: list[str] | None = None
    days: int | None = None
    serial: str | None = None
    hardware_type: str | None = None
    role: str | None = None
    asset: str = ""
    why: str = ""


class Reason(_Own, frozen=True, forbid_unknown_fields=True):
    """Of a revocation; hold and resume have a why alone."""

    reason: str = ""
    why: str = ""


class TokenWanted(_Own, frozen=True, forbid_unknown_fields=True):
    """A token to be made."""

    kind: str
    name: str
    days: int = 7
    profile: str = ""
    serial_number: str = ""


_wanted = msgspec.json.Decoder(Wanted)


@dataclass(frozen=True, slots=True)
class Api:
    """Answers `/v1`."""

    authority: Authority
    issuer: Issuer
    changed: Callable[[], None]
    """Called when a state has changed, before that is answered."""
    audits: Audits

    def __call__(self, requests: Sequence[Request]) -> None:
        """Answer a group: what issues together in one transaction, the rest one by one."""
        asks = []
        callers = Callers(self.authority.register, requests)
        for one in requests:
            try:
                if one.method == "POST" and one.path == "/v1/certificates":
                    asks.append(self._ask(one, callers))
                elif (reply := self._answer(one, callers)) is not None:
                    reply.give(one)
            except UserError as error:
                refusal(error).give(one)
        if asks:
            issue(self.issuer, self.authority.register, asks)

    def _ask(self, one: Request, callers: Callers) -> Ask:
        who = callers.of(one)
        wanted = _decoded(one, Wanted, _wanted)
        token = who.token
        serial = wanted.serial or (token.serial_number if token is not None else "") or None
        order = Order(
            wanted.profile,
            request=_unpem(wanted.csr),
            subject=None if wanted.subject is None else names.parse(wanted.subject),
            alt_names=None if wanted.san is None else tuple(map(altnames.parse, wanted.san)),
            days=wanted.days,
            serial_number=serial,
            hardware_type=wanted.hardware_type,
            role=wanted.role,
            asset=wanted.asset,
            who=who.name,
            source=one.peer,
            why=wanted.why,
        )
        return Ask(one, who, bound(who, order), self._issued)

    def _issued(self, issued: Issued) -> Reply:
        out: dict[str, Any] = {
            "serial": issued.serial,
            "certificate": _pem(issued.der),
            "notes": issued.notes,
        }
        if issued.pair_der is not None:
            out |= {"pair_serial": issued.pair_serial, "pair_certificate": _pem(issued.pair_der)}
        if issued.enveloped is not None:
            out["enveloped_key"] = issued.enveloped
        return json(out, 201, ("location", f"{PREFIX}certificates/{issued.serial}"))

    def _answer(self, one: Request, callers: Callers) -> Reply | None:
        parts = segments(one.path, PREFIX)
        match one.method, parts:
            case "GET", ["health"]:
                return json({"ok": True})
            case "GET", ["ca"]:
                chain = self.authority.chain()
                return json(
                    {"name": self.authority.charter.name, "chain": [_pem(each.der) for each in chain]}
                )
        who = callers.of(one)
        match one.method, parts:
            case "GET", ["profiles"]:
                who.need("read")
                return json(self.authority.profiles.names())
            case "GET", ["certificates"]:
                who.need("read")
                return self._list(one)
            case "GET", ["certificates", serial]:
                who.need("read")
                return self._show(serial)
            case "POST", ["certificates", serial, ("revoke" | "hold" | "resume") as action]:
                who.need("revoke")
                return self._revoke(action, serial, who, one)
            case _, ["audit", *rest]:
                who.need("audit")
                return self.audits.answer(one, rest)
            case "GET", ["tokens"]:
                who.need("read")
                return json([msgspec.to_builtins(token) for token in tokens.every(self.authority.register)])
            case "POST", ["tokens"]:
                return self._token(one, who)
            case "DELETE", ["tokens", id]:
                who.need("tokens")
                with self.authority.register.transaction() as change:
                    tokens.remove(change, id, who=who.name, source=one.peer)
                return Reply(204)
        raise RefusedError(404, f"{one.method} {one.path[:100]}: nothing is here")

    def _list(self, one: Request) -> Reply:
        asked = parameters(one.query, ("q", "state", "profile", "expiring", "limit", "after"))
        limit = number(asked.get("limit", str(PAGE)), "limit", 1, MOST)
        register = self.authority.register
        if "q" in asked:
            if set(asked) - {"q", "limit"}:
                raise RefusedError(400, "q: goes with limit alone")
            found = register.search(asked["q"], limit=limit)
            return json([row.document() for row in found])
        expiring = asked.get("expiring")
        rows = register.list(
            state=asked.get("state"),
            profile=asked.get("profile"),
            expiring=None if expiring is None else number(expiring, "expiring", 0, 1_000_000),
            limit=limit,
            after=asked.get("after"),
        )
        return json([row.document() for row in islice(rows, limit)])

    def _show(self, serial: str) -> Reply:
        row, data = self._row(serial), self.authority.register.encoded(serial)
        if data is None:
            raise RefusedError(404, f"serial {serial}: its certificate is not kept")
        return json({**row.document(), "certificate": _pem(data)})

    def _revoke(self, action: str, serial: str, who: Caller, one: Request) -> Reply:
        asked = _decoded(one, Reason)
        if self._row(serial).profile in revocation.OWN:
            raise RefusedError(
                403, f"serial {serial}: is the CA's own; that takes `sentinel ca revoke` and its approvals"
            )
        actor = revocation.Actor(who.name, one.peer, asked.why)
        if action == "revoke":
            rows = revocation.revoke(self.authority, serial, asked.reason or "unspecified", actor)
        elif asked.reason:
            raise RefusedError(400, f"reason: {action} has none")
        else:
            act = revocation.hold if action == "hold" else revocation.resume
            rows = act(self.authority, serial, actor)
        self.changed()
        return json([row.document() for row in rows])

    def _row(self, serial: str) -> Certificate:
        """The row of a serial as the API writes it: nothing else, no file and no role, is looked up."""
        row = self.authority.register.certificate(serial)
        if row is None:
            raise RefusedError(404, f"serial {serial}: this CA has no such certificate")
        return row

    def _token(self, one: Request, who: Caller) -> Reply:
        wanted = _decoded(one, TokenWanted)
        who.need("enrol-tokens" if wanted.kind == "enrol" else "tokens")
        if wanted.kind == "enrol":
            self.authority.profiles.get(wanted.profile)
        with self.authority.register.transaction() as change:
            text, token = tokens.make(
                change,
                kind=wanted.kind,
                name=wanted.name,
                by=who.name,
                days=wanted.days,
                profile=wanted.profile,
                serial_number=wanted.serial_number,
                source=one.peer,
            )
        return json({"token": text, **msgspec.to_builtins(token)}, 201)


def _decoded(one: Request, kind: type[_T], decoder: msgspec.json.Decoder[_T] | None = None) -> _T:
    """The body as an object. `RefusedError` says what is wrong with it."""
    try:
        return (
            decoder.decode(one.body)
            if decoder is not None
            else msgspec.json.decode(one.body or b"{}", type=kind)
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(400, f"body: {told(error)}") from None


def _unpem(csr: str) -> bytes:
    """A request from PEM: as most clients write it, or in any other form there is."""
    data = _native.pem_decode(request.LABELS[0], csr)
    return files.unpem(csr.encode(), *request.LABELS, name="csr")[0][1] if data is None else data


def _pem(der: bytes) -> str:
    return _native.pem_encode(certificate.LABEL, der)
