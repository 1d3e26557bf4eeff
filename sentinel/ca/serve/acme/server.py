"""`/acme/`: what each address does."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec

from sentinel.ca import files
from sentinel.ca.authority import Authority
from sentinel.ca.register.records import now
from sentinel.ca.serve.acme import ari, finalize, membership, orders, revoking, views
from sentinel.ca.serve.acme.calls import PREFIX, Answered, Call, base, verified
from sentinel.ca.serve.acme.http01 import Http01
from sentinel.ca.serve.acme.nonces import Nonces
from sentinel.ca.serve.acme.orders import Authorization, Order
from sentinel.ca.serve.acme.problems import AcmeError, document, malformed, refusal, unauthorized
from sentinel.ca.serve.issuing import Ask, issue
from sentinel.ca.serve.web import RefusedError, Reply, Request, json, segments
from sentinel.ca.x509 import altnames, certificate
from sentinel.ca.x509.issue import Issuer
from sentinel.errors import UserError

CHAIN = "application/pem-certificate-chain"


class _Identifier(msgspec.Struct, frozen=True):
    type: str
    value: str


class _NewOrder(msgspec.Struct, frozen=True, rename="camel"):
    identifiers: list[_Identifier]
    not_before: str | None = None
    not_after: str | None = None
    replaces: str | None = None
    profile: str | None = None


class _Update(msgspec.Struct, frozen=True):
    status: str


@dataclass(frozen=True, slots=True)
class Acme:
    """Answers ACME."""

    authority: Authority
    issuer: Issuer
    http01: Http01
    changed: Callable[[], None]
    """Called when a certificate was revoked, before that is answered."""
    nonces: Nonces = field(default_factory=Nonces)

    def __call__(self, requests: Sequence[Request]) -> None:
        """Answer a group: what issues together in one transaction, the rest one by one."""
        asks = []
        for one in requests:
            answered = Answered(one, self.nonces)
            try:
                outcome = self._outcome(answered)
                if isinstance(outcome, Ask):
                    asks.append(outcome)
                else:
                    outcome.give(answered)
            except UserError as error:
                refusal(error).give(answered)
        if asks:
            issue(self.issuer, self.authority.register, asks)

    def _outcome(self, one: Request) -> Reply | Ask:
        parts = segments(one.path, PREFIX)
        match one.method, parts:
            case "GET" | "HEAD", ["directory"]:
                return json(views.directory(base(one)))
            case "GET" | "HEAD", ["new-nonce"]:
                return Reply(204 if one.method == "GET" else 200)
            case "GET", ["renewal-info", id]:
                found = ari.find(self.authority, id)
                return json(ari.window(found), 200, ("retry-after", str(ari.AGAIN)))
            case "POST", ["new-account"]:
                return membership.join(self.authority.register, self._call(one, "key"))
            case "POST", ["revoke-cert"]:
                reply = revoking.revoke(self.authority, self._call(one, "either"))
                self.changed()
                return reply
            case "POST", [_, *_]:
                return self._by_account(one, parts)
        raise RefusedError(404, f"{one.method} {one.path[:100]}: nothing is here")

    def _call(self, one: Request, by: str) -> Call:
        return verified(one, self.authority.register, self.nonces, by=by)

    def _by_account(self, one: Request, parts: list[str]) -> Reply | Ask:
        call = self._call(one, "account")
        register = self.authority.register
        match parts:
            case ["new-order"]:
                return self._order(call)
            case ["key-change"]:
                return membership.rekey(register, call)
            case ["account", id]:
                self._own(call, id)
                return membership.update(register, call)
            case ["account", id, "orders"]:
                self._own(call, id)
                call.bare()
                known = orders.of(register, call.known())
                return json({"orders": [f"{call.base}order/{each}" for each in known]})
            case ["order", id]:
                call.bare()
                return json(views.order(call.base, self._known(call, id)))
            case ["order", id, "finalize"]:
                return finalize.ask(self.authority, call, self._known(call, id))
            case ["authorization", id]:
                return self._authorization(call, *self._place(call, id))
            case ["challenge", id]:
                return self._challenge(call, *self._place(call, id))
            case ["certificate", serial]:
                call.bare()
                return self._chain(call, serial)
        raise RefusedError(404, f"{one.method} {one.path[:100]}: nothing is here")

    def _own(self, call: Call, id: str) -> None:
        if id != call.known().id:
            raise unauthorized(f"account {id[:40]}: another one signed this")

    def _known(self, call: Call, id: str) -> Order:
        order = orders.find(self.authority.register, id)
        if order is None or order.account != call.known().id:
            raise AcmeError(404, "malformed", f"order {id[:40]}: this account has no such order")
        return order

    def _place(self, call: Call, id: str) -> tuple[Order, int]:
        """Order and number of an authorization."""
        name, _, number = id.partition("-")
        order = self._known(call, name)
        if not (number.isascii() and number.isdigit() and len(number) < 4):
            raise AcmeError(404, "malformed", f"authorization {id[:60]}: there is none")
        if int(number) >= len(order.authorizations):
            raise AcmeError(404, "malformed", f"authorization {id[:60]}: there is none")
        return order, int(number)

    def _order(self, call: Call) -> Reply:
        asked, account = call.decoded(_NewOrder), call.known()
        if asked.not_before is not None or asked.not_after is not None:
            raise malformed("notBefore, notAfter: the profile gives the time of a certificate")
        if asked.profile not in (None, "", account.profile):
            raise AcmeError(
                400, "invalidProfile", f"profile {asked.profile!r:.60}: this account has {account.profile}"
            )
        if not 0 < len(asked.identifiers) <= altnames.MOST_NAMES:
            raise malformed(f"identifiers: 1 to {altnames.MOST_NAMES} are taken")
        names = dict.fromkeys(map(_name, asked.identifiers))
        allowed = set(map(altnames.parse, account.names))
        known = tuple(self._authorized(kind, value, (kind, value) in allowed) for kind, value in names)
        replaces = ""
        if asked.replaces is not None:
            row = ari.find(self.authority, asked.replaces)
            if row.requester != account.who:
                raise unauthorized(f"replaces: certificate {row.serial} is not of this account")
            if orders.was_replaced(self.authority.register, row.serial):
                raise orders.replaced(row.serial)
            replaces = row.serial
        with self.authority.register.transaction() as change:
            order = orders.make(change, account, known, replaces)
        where = f"{call.base}order/{order.id}"
        return json(views.order(call.base, order), 201, ("location", where))

    def _authorized(self, kind: str, value: str, listed: bool) -> Authorization:
        if listed:
            return Authorization(kind=kind, value=value, status="valid")
        if not self.http01.allows(kind, value):
            raise AcmeError(
                403,
                "rejectedIdentifier",
                f"{kind} {value}: is not among the names of this account, and http-01 is off for it",
            )
        return Authorization(kind=kind, value=value, status="pending", token=secrets.token_urlsafe(32))

    def _authorization(self, call: Call, order: Order, number: int) -> Reply:
        if call.signed.payload:
            if call.decoded(_Update).status != "deactivated":
                raise malformed("status: deactivated is all that can be asked for")
            with self.authority.register.transaction() as change:
                order = orders.authorize(change, order.id, number, status="deactivated") or order
        trying = self.http01.waiting(f"{order.id}-{number}")
        return json(views.authorization(call.base, order, number, trying=trying))

    def _challenge(self, call: Call, order: Order, number: int) -> Reply:
        found, id = order.authorizations[number], f"{order.id}-{number}"
        if not found.token:
            raise AcmeError(404, "malformed", f"challenge {id}: this name was valid from the start")
        if call.signed.payload:
            call.decoded(dict)
            if found.status == "pending" and order.status == "pending":
                expected = f"{found.token}.{call.key.thumbprint()}"
                done = partial(self._tried, order.id, number)
                self.http01.start(id, found.value, found.token, expected, done)
        trying = self.http01.waiting(id)
        up = f'<{call.base}authorization/{id}>;rel="up"'
        return json(views.challenge(call.base, order, number, trying=trying), 200, ("link", up))

    def _tried(self, id: str, number: int, fault: AcmeError | None) -> None:
        """Keep the outcome of a challenge; called in a thread of `http01`."""
        with self.authority.register.transaction() as change:
            if fault is None:
                orders.authorize(change, id, number, status="valid", validated=now())
            else:
                orders.authorize(change, id, number, status="invalid", error=document(fault))

    def _chain(self, call: Call, serial: str) -> Reply:
        row = self.authority.register.certificate(serial)
        data = self.authority.register.encoded(serial)
        if row is None or data is None or row.requester != call.known().who:
            raise AcmeError(404, "malformed", f"certificate {serial}: this account has no such certificate")
        chain = self.authority.chain()
        shown = [data, *(one.der for one in (chain[:-1] or chain))]
        return Reply(200, b"".join(files.pem(certificate.LABEL, each) for each in shown), CHAIN)


def _name(one: _Identifier) -> altnames.AltName:
    """An identifier as a name (RFC 8555, 9.7.7; RFC 8738)."""
    if one.type not in ("dns", "ip"):
        raise AcmeError(400, "unsupportedIdentifier", f"identifier {one.type[:20]!r}: dns and ip are taken")
    if one.value.startswith("*"):
        raise AcmeError(400, "rejectedIdentifier", f"dns {one.value[:80]}: no wildcards are given by ACME")
    try:
        return altnames.checked((one.type, one.value))
    except UserError as error:
        raise AcmeError(400, "rejectedIdentifier", error.message) from None
