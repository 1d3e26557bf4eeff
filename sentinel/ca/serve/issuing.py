"""Orders of a group of requests: signed, recorded in one transaction, and only then answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from sentinel.ca.register import Change, Register
from sentinel.ca.serve import tokens
from sentinel.ca.serve.access import Caller
from sentinel.ca.serve.web import RefusedError, Reply, Request, refusal, status_of
from sentinel.ca.x509.issue import Issuer
from sentinel.ca.x509.order import Issued, Order, Refused
from sentinel.ca.x509.rows import Prepared, record
from sentinel.errors import StoreAwayError, UserError


class Ask(msgspec.Struct, frozen=True, eq=False):
    """One order and how its outcome is told. `problem` says the form of a refusal; `refused` makes one
    in a form of its own. `also` is done in the transaction that records the certificate; a `UserError`
    of it refuses this order alone."""

    request: Request
    caller: Caller
    order: Order
    told: Callable[[Issued], Reply]
    problem: bool = True
    refused: Callable[[UserError], Reply] | None = None
    also: Callable[[Change, Issued], None] | None = None


def bound(caller: Caller, order: Order) -> Order:
    """The order as its caller may give it: an enrol token stands for one profile and, where it names a
    device, for that device. `RefusedError` otherwise."""
    caller.need("issue")
    token = caller.token
    if token is None or token.kind != "enrol":
        return order
    if order.profile != token.profile:
        raise RefusedError(403, f"profile {order.profile[:40]}: the token is for {token.profile}")
    if order.serial_number not in (None, token.serial_number or order.serial_number):
        raise RefusedError(403, "serial: the token is for another device")
    return order


def issue(issuer: Issuer, register: Register, asks: Sequence[Ask]) -> None:
    """Issue what can be issued and answer each. No answer with a certificate goes out before the transaction
    that records it is on the disk."""
    asks, doubled = _once(asks)
    for ask in doubled:
        _refuse(ask, RefusedError(401, "token: it was spent"))
    ready: list[tuple[Ask, Prepared]] = []
    for ask, prepared in zip(asks, issuer.prepare([ask.order for ask in asks]), strict=True):
        if isinstance(prepared, Refused):
            _refuse(ask, UserError(prepared.reason))
        else:
            ready.append((ask, prepared))
    _commit(register, ready)


def _once(asks: Sequence[Ask]) -> tuple[list[Ask], list[Ask]]:
    """Those to be tried, and those whose token another of the group shows first."""
    tried, doubled, seen = [], [], set()
    for ask in asks:
        token = ask.caller.token
        if token is not None and token.kind == "enrol":
            if token.id in seen:
                doubled.append(ask)
                continue
            seen.add(token.id)
        tried.append(ask)
    return tried, doubled


def _commit(register: Register, ready: list[tuple[Ask, Prepared]]) -> None:
    if not ready:
        return
    try:
        with register.transaction() as change:
            spent = _spent(change, [ask for ask, _ in ready])
            for ask, prepared in ready:
                if ask not in spent:
                    record(change, prepared)
                    if ask.also is not None:
                        ask.also(change, prepared.issued)
    except StoreAwayError as error:
        for ask, _ in ready:
            _refuse(ask, error)
        return
    except UserError as error:
        # one of them cannot be recorded; which one, is found by recording them one by one
        if len(ready) == 1:
            _refuse(ready[0][0], error)
        else:
            for pair in ready:
                _commit(register, [pair])
        return
    for ask, prepared in ready:
        if ask in spent:
            _refuse(ask, RefusedError(401, "token: it was spent"))
        else:
            ask.told(prepared.issued).give(ask.request)


def _spent(change: Change, asks: Sequence[Ask]) -> list[Ask]:
    """Spends the enrol tokens of a group; those whose token somebody else was faster with."""
    shown = [ask for ask in asks if ask.caller.token is not None and ask.caller.token.kind == "enrol"]
    taken = tokens.spend(change, [ask.caller.token for ask in shown if ask.caller.token is not None])
    return [ask for ask, was_there in zip(shown, taken, strict=True) if not was_there]


def refuse(request: Request, error: UserError, *, problem: bool) -> None:
    """Tell a client why it gets nothing. Clients of EST know 400 for all that is wrong with a request
    (RFC 7030, 4.2.3)."""
    if not problem and status_of(error) == 422:
        error = RefusedError(400, error.message)
    refusal(error, problem=problem).give(request)


def _refuse(ask: Ask, error: UserError) -> None:
    if ask.refused is not None:
        ask.refused(error).give(ask.request)
    else:
        refuse(ask.request, error, problem=ask.problem)
