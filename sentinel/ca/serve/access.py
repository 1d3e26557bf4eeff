"""Who asks, and what he may do."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from sentinel.ca import operators
from sentinel.ca.register import Certificate, Register
from sentinel.ca.register.records import now
from sentinel.ca.serve import tokens
from sentinel.ca.serve.web import RefusedError, Request
from sentinel.ca.x509 import certificate

RIGHTS = {
    "administrator": frozenset({"read", "tokens"}),
    "operator": frozenset({"read", "issue", "revoke", "enrol-tokens"}),
    "auditor": frozenset({"read", "audit"}),
    "enrol": frozenset({"issue"}),
    "device": frozenset[str](),
}
"""What each role may do. Nobody has all of it (GB/T 25056)."""

_CHALLENGE = (
    ("www-authenticate", 'Bearer realm="sentinel ca"'),
    ("www-authenticate", 'Basic realm="sentinel ca"'),
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who proved who he is, by a token or by the certificate of his connection."""

    name: str
    role: str
    token: tokens.Token | None = None
    row: Certificate | None = None

    def need(self, right: str) -> None:
        """`RefusedError` if the role may not do it."""
        if right not in RIGHTS[self.role]:
            who = " or ".join(role for role, rights in RIGHTS.items() if right in rights)
            raise RefusedError(403, f"{self.name} is {self.role}; this takes {who}")


def caller(register: Register, request: Request) -> Caller:
    """Who made a request: what its Authorization header says goes before the connection's certificate.
    `RefusedError` (401) if it is nobody that is known."""
    said = request.header("authorization")
    if said:
        return _by_token(register, said)
    if request.certificate is None:
        raise RefusedError(
            401, "show a token (Authorization: Bearer) or a certificate of this CA", *_CHALLENGE
        )
    return _by_certificate(register, request.certificate)


def _by_token(register: Register, said: str) -> Caller:
    """Bearer (RFC 6750), or Basic with the token as password (RFC 7617), which is what EST clients have."""
    scheme, _, value = said.partition(" ")
    value = value.strip()
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:
            raise RefusedError(401, "Authorization: no Basic credentials (RFC 7617)", *_CHALLENGE) from None
    elif scheme.lower() != "bearer":
        raise RefusedError(401, "Authorization: Bearer or Basic are taken", *_CHALLENGE)
    token = tokens.find(register, value, now())
    if token is None:
        raise RefusedError(401, "token: not known; it was spent, taken back, or has ended", *_CHALLENGE)
    if token.kind == "enrol":
        return Caller(token.name, "enrol", token=token)
    person = operators.find(register, token.name)
    if person is None:
        raise RefusedError(401, f"token: {token.name} is no operator any more", *_CHALLENGE)
    return Caller(token.name, person[0], token=token)


def _by_certificate(register: Register, der: bytes) -> Caller:
    row = register.by_fingerprint(hashlib.sha256(der).hexdigest())
    if row is None:
        raise RefusedError(401, "the certificate of this connection is not of this CA", *_CHALLENGE)
    if row.state != "valid":
        raise RefusedError(401, f"certificate {row.serial}: is {row.state}", *_CHALLENGE)
    person = operators.by_key(register, certificate.read(der).spki)
    if person is not None:
        return Caller(*person, row=row)
    return Caller(row.subject, "device", row=row)
