"""Certificates taken out of force: revoked for good, or put on hold and resumed.

Both certificates of a TLCP pair share one fate. What is done is one transaction with its entry of the
audit; OCSP tells it from the next answer on, a CRL from the next one that is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sentinel.ca import approvals
from sentinel.ca.authority import Authority
from sentinel.ca.lookup import lookup
from sentinel.ca.register import Certificate, Change
from sentinel.errors import UserError

REASONS = (
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
    "aACompromise",
    "unspecified",
)
"""Reasons to revoke for good (RFC 5280, 5.3.1)."""

OWN = ("root", "issuing")
"""Profiles of the CA's own certificates."""

_ELSE = {"certificateHold": "`sentinel ca hold`", "removeFromCRL": "`sentinel ca resume`"}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, from where and why: for the audit."""

    who: str
    source: str
    why: str = ""


def revoke(authority: Authority, which: str, reason: str, actor: Actor) -> list[Certificate]:
    """Revoke a certificate, one on hold too. Gives the rows as they are now, the one named first.

    `UserError` for a reason that is none, a certificate that is revoked already, or the root, which
    nothing above can revoke; `PendingError` where the CA's own needs approvals that are not there yet.
    """
    if reason not in REASONS:
        instead = f"; that is done by {_ELSE[reason]}" if reason in _ELSE else ""
        raise UserError(f"--reason {reason}: one of {', '.join(REASONS)}{instead}", 2)
    named, _ = lookup(authority, which)
    if named.profile == "root":
        raise UserError(
            f"certificate {named.serial}: is the root, which nothing can revoke; tell those who trust it"
        )

    request = None
    if named.profile in OWN:
        if named.state == "revoked":
            raise UserError(f"serial {named.serial}: is revoked already")
        request = approvals.demand(
            authority.register,
            "revoke-ca",
            {"serial": named.serial, "reason": reason},
            needed=authority.charter.policy.needed("revoke-ca"),
            who=actor.who,
            source=actor.source,
        )

    def act(change: Change, one: Certificate) -> None:
        change.revoke(one.serial, reason)

    states = ("valid", "expired", "held")
    return _together(authority, named, states, act, "revoke", actor, {"reason": reason}, request)


def hold(authority: Authority, which: str, actor: Actor) -> list[Certificate]:
    """Put a certificate on hold. `UserError` if it is not in force, or one of the CA's own."""
    named, _ = lookup(authority, which)
    _not_own(named, "put on hold")

    def act(change: Change, one: Certificate) -> None:
        change.hold(one.serial)

    return _together(authority, named, ("valid",), act, "hold", actor, {})


def resume(authority: Authority, which: str, actor: Actor) -> list[Certificate]:
    """End the hold of a certificate. `UserError` if it is not on hold."""
    named, _ = lookup(authority, which)

    def act(change: Change, one: Certificate) -> None:
        change.resume(one.serial)

    return _together(authority, named, ("held",), act, "resume", actor, {})


def _not_own(row: Certificate, what: str) -> None:
    if row.profile in OWN:
        raise UserError(f"certificate {row.serial}: is the CA's own and cannot be {what}; it can be revoked")


def _together(
    authority: Authority,
    named: Certificate,
    states: tuple[str, ...],
    act: Callable[[Change, Certificate], None],
    action: str,
    actor: Actor,
    details: Mapping[str, str],
    request: approvals.Request | None = None,
) -> list[Certificate]:
    """Change a certificate, and the other one of its pair where that is in one of `states` too."""
    register = authority.register
    with register.transaction() as change:
        others = []
        if named.pair_id is not None:
            pair = register.pair(named.pair_id)
            others = [one for one in pair if one.serial != named.serial and one.state in states]
        approved = approvals.take(change, request)
        act(change, named)
        for other in others:
            act(change, other)
        told = {"name": named.subject, "profile": named.profile, **details}
        if others:
            told["pair_serial"] = ",".join(one.serial for one in others)
        change.audit(
            action,
            who=actor.who,
            why=actor.why,
            source=actor.source,
            subject=named.serial,
            details=told,
            approvals=approved,
        )
    found = [register.certificate(one.serial) for one in (named, *others)]
    return [one for one in found if one is not None]
