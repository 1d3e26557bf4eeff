"""Who asks, and what he may do."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

import msgspec

from sentinel.ca import operators
from sentinel.ca.register import Certificate, Register
from sentinel.ca.register.records import now
from sentinel.ca.serve import tokens
from sentinel.ca.serve.web import RefusedError, Request
from sentinel.ca.x509 import certificate
from sentinel.errors import UserError

RIGHTS = {
    "administrator": frozenset({"read", "tokens"}),
    "operator": frozenset({"read", "issue", "revoke", "enrol-tokens"}),
    "auditor": frozenset({"read", "audit"}),
    "enrol": frozenset({"issue"}),
    "device": frozenset[str](),
}
"""What each role may do. Nobody has all of it (GB/T 25056)."""

_BASIC = ("www-authenticate", 'Basic realm="sentinel ca"')
_CHALLENGE = (_BASIC, ("www-authenticate", 'Bearer realm="sentinel ca"'))
"""Basic first: clients of EST know no other, and Bouncy Castle's reads the first alone."""


class Caller(msgspec.Struct, frozen=True):
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


class Callers:
    """Who made the requests of a group. Their tokens are looked up together."""

    def __init__(self, register: Register, requests: Sequence[Request]) -> None:
        self._register = register
        shown = (_shown(one.header("authorization"))[1] for one in requests)
        self._fault: UserError | None = None
        try:
            self._tokens = tokens.find(register, filter(None, shown), now())
        except UserError as error:  # told to each that shows a token
            self._fault = error

    def of(self, request: Request) -> Caller:
        """Who made one of them: what its Authorization header says goes before the connection's certificate.
        `RefusedError` (401) if it is nobody that is known."""
        said = request.header("authorization")
        if said:
            return self._by_token(said)
        if request.certificate is None:
            raise _unshown("show a token (Authorization: Bearer) or a certificate of this CA")
        return _by_certificate(self._register, request.certificate)

    def _by_token(self, said: str) -> Caller:
        known, text = _shown(said)
        if not known:
            raise RefusedError(401, "Authorization: Bearer, or Basic in base64, are taken", *_CHALLENGE)
        if self._fault is not None:
            raise self._fault
        token = self._tokens.get(text)
        if token is None:
            raise RefusedError(401, "token: not known; it was spent, taken back, or has ended", *_CHALLENGE)
        if token.kind == "enrol":
            return Caller(token.name, "enrol", token=token)
        person = operators.find(self._register, token.name)
        if person is None:
            raise RefusedError(401, f"token: {token.name} is no operator any more", *_CHALLENGE)
        return Caller(token.name, person[0], token=token)


def _shown(said: str) -> tuple[bool, str]:
    """Whether a scheme is one of ours, and the token: Bearer (RFC 6750), or the password of Basic
    (RFC 7617), which is what EST clients have."""
    scheme, _, value = said.partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return True, value
    if scheme.lower() != "basic":
        return False, ""
    try:
        return True, base64.b64decode(value, validate=True).decode().partition(":")[2]
    except ValueError:
        return False, ""


def _unshown(reason: str) -> RefusedError:
    """Of a request without an Authorization header. The challenge holds the reason too (RFC 6750, 3)."""
    told = f'Bearer realm="sentinel ca", error_description="{reason}"'
    return RefusedError(401, reason, _BASIC, ("www-authenticate", told))


def _by_certificate(register: Register, der: bytes) -> Caller:
    row = register.by_fingerprint(hashlib.sha256(der).hexdigest())
    if row is None:
        raise _unshown("the certificate of this connection is not of this CA")
    if row.state != "valid":
        raise _unshown(f"certificate {row.serial}: is {row.state}")
    person = operators.by_key(register, certificate.read(der).spki)
    if person is not None:
        return Caller(*person, row=row)
    return Caller(row.subject, "device", row=row)
