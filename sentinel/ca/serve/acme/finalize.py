"""An order's certificate: the request is held against the order and goes the way of all orders (RFC 8555,
7.4)."""

from __future__ import annotations

import msgspec

from sentinel.ca.authority import Authority
from sentinel.ca.register import Change
from sentinel.ca.serve.access import Caller
from sentinel.ca.serve.acme import jwk, orders, views
from sentinel.ca.serve.acme.calls import Call
from sentinel.ca.serve.acme.orders import Order
from sentinel.ca.serve.acme.problems import AcmeError, refusal
from sentinel.ca.serve.issuing import Ask
from sentinel.ca.serve.web import Reply, json
from sentinel.ca.x509 import altnames, names, order, request
from sentinel.errors import UserError

_COMMON_NAME = 64


class _Finalize(msgspec.Struct, frozen=True):
    csr: str


def ask(authority: Authority, call: Call, known: Order) -> Ask:
    """What is asked of the issuer. `AcmeError` if the order is not ready, or the request is not for it."""
    asked, account = call.decoded(_Finalize), call.known()
    if known.status != "ready":
        raise AcmeError(403, "orderNotReady", f"order {known.id}: is {known.status}")
    csr = jwk.octets(asked.csr, "csr")
    try:
        read = request.read(csr)
        given = read.alt_names()
    except UserError as error:
        raise _bad(error.message) from None
    if read.key.spki == call.key.spki():
        raise _bad("csr: its key is the account's (RFC 8555, 11.1)")
    subject = _checked(known, read.subject, given)
    wanted = order.Order(
        account.profile,
        request=csr,
        subject=subject,
        alt_names=known.names(),
        renews=_before(authority, account.who, account.profile, subject, read.key.sha256()),
        who=account.who,
        source=call.request.peer,
        why=f"ACME, {account.name}",
    )

    def also(change: Change, issued: order.Issued) -> None:
        orders.finish(change, known, issued.serial)

    def told(issued: order.Issued) -> Reply:
        done = msgspec.structs.replace(known, serial=issued.serial)
        where = f"{call.base}order/{known.id}"
        return json(views.order(call.base, done), 200, ("location", where))

    def refused(error: UserError) -> Reply:
        return refusal(error, "badCSR")

    return Ask(call.request, Caller(account.who, "device"), wanted, told, refused=refused, also=also)


def _checked(known: Order, subject: names.Name, given: tuple[altnames.AltName, ...]) -> names.Name:
    """The certificate's subject: one of the order's names, the one asked for if any. The names of request and
    order must be the same; nothing else that a request says of its holder was proven."""
    own = set(known.names())
    name = names.common_name(subject)
    named = altnames.host_or_address(name) if name else None
    asked = {*given, *([named] if named is not None else [])}
    if name and named is None:
        raise _bad(f"csr: common name {name[:64]!r} is not one of the order's names")
    if asked != own:
        wrong = sorted(map(altnames.text, asked ^ own))
        raise _bad(f"csr: its names are not those of the order; they differ in {', '.join(wrong[:5])}")
    if named is not None:
        return (("CN", named[1]),)
    short = [value for _, value in known.names() if len(value) <= _COMMON_NAME]
    if not short:
        raise _bad(f"csr: no name of {_COMMON_NAME} characters at the most, for the subject")
    return (("CN", short[0]),)


def _before(authority: Authority, who: str, profile: str, subject: names.Name, key: str) -> tuple[str, ...]:
    """The certificate of this account, subject and key that this one takes the place of: clients that renew
    keep their key, and know no other way to say so."""
    text = names.text(subject)
    for row in authority.register.by_key(key):
        same = (row.requester, row.profile, row.subject) == (who, profile, text)
        if same and row.state in ("valid", "held"):
            return (row.serial,)
    return ()


def _bad(message: str) -> AcmeError:
    return AcmeError(400, "badCSR", message)
