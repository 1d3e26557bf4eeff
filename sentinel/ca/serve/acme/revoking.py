"""Revocation by a client (RFC 8555, 7.6)."""

from __future__ import annotations

import hashlib

import msgspec

from sentinel.ca import revocation
from sentinel.ca.authority import Authority
from sentinel.ca.register import Certificate
from sentinel.ca.serve.acme import jwk
from sentinel.ca.serve.acme.calls import Call
from sentinel.ca.serve.acme.problems import AcmeError, unauthorized
from sentinel.ca.serve.web import Reply
from sentinel.ca.x509 import certificate
from sentinel.errors import UserError

REASONS = {
    0: "unspecified",
    1: "keyCompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    9: "privilegeWithdrawn",
}
"""Codes of RFC 5280, 5.3.1, that a client may give."""


class _Revoke(msgspec.Struct, frozen=True):
    certificate: str
    reason: int = 0


def revoke(authority: Authority, call: Call) -> Reply:
    """Revoke a certificate that the account was given, or that has the key which signed the request."""
    asked = call.decoded(_Revoke)
    data = jwk.octets(asked.certificate, "certificate")
    row = authority.register.by_fingerprint(hashlib.sha256(data).hexdigest())
    if row is None or row.profile in revocation.OWN:
        raise AcmeError(404, "malformed", "certificate: is none that this CA gave to a client")
    _entitled(call, row, data)
    reason = REASONS.get(asked.reason)
    if reason is None:
        known = ", ".join(map(str, REASONS))
        raise AcmeError(400, "badRevocationReason", f"reason {asked.reason}: {known} are taken")
    if row.state == "revoked":
        raise AcmeError(400, "alreadyRevoked", f"certificate {row.serial}: is revoked already")
    who = call.account.who if call.account is not None else row.subject
    why = "ACME" if call.account is not None else "ACME, signed with the certificate's key"
    revocation.revoke(authority, row.serial, reason, revocation.Actor(who, call.request.peer, why))
    return Reply(200)


def _entitled(call: Call, row: Certificate, data: bytes) -> None:
    if call.account is not None:
        if row.requester != call.account.who:
            raise unauthorized(f"certificate {row.serial}: is not of this account")
        return
    try:
        own = certificate.read(data).spki
    except UserError as error:
        raise AcmeError(400, "malformed", error.message) from None
    if own != call.key.spki():
        raise unauthorized(f"certificate {row.serial}: has another key than the one that signed this")
