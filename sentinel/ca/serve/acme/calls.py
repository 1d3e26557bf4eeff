"""Requests as ACME sees them: who signed them, for which address, and what they hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from sentinel.ca.register import Register
from sentinel.ca.serve.acme import accounts, jwk, jws
from sentinel.ca.serve.acme.accounts import Account
from sentinel.ca.serve.acme.nonces import Nonces
from sentinel.ca.serve.acme.problems import AcmeError, malformed, unauthorized
from sentinel.ca.serve.web import Fields, Request, told

PREFIX = "/acme/"
KIND = "application/jose+json"
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")

_T = TypeVar("_T")


class Answered:
    """A request whose answer gets a nonce and the way to the directory (RFC 8555, 6.5.1, 7.1)."""

    def __init__(self, one: Request, nonces: Nonces) -> None:
        self._one, self._nonces = one, nonces
        self.method, self.path, self.query, self.body = one.method, one.path, one.query, one.body
        self.peer, self.tls, self.certificate = one.peer, one.tls, one.certificate
        self.header = one.header

    def answer(self, status: int, headers: Fields, body: bytes) -> bool:
        more = []
        if self.method == "POST" or self.path == f"{PREFIX}new-nonce":
            more.append(("replay-nonce", self._nonces.new()))
        host = self.header("host")
        if self.path != f"{PREFIX}directory" and _HOST.fullmatch(host):
            more.append(("link", f'<https://{host}{PREFIX}directory>;rel="index"'))
        return self._one.answer(status, [*headers, *more], body)


@dataclass(frozen=True, slots=True)
class Call:
    """A POST whose signature holds. `account` is None where the key itself was shown."""

    request: Request
    base: str
    signed: jws.Signed
    key: jwk.Jwk
    account: Account | None

    def known(self) -> Account:
        assert self.account is not None
        return self.account

    def bare(self) -> None:
        """`AcmeError` unless it is a POST-as-GET (6.3)."""
        if self.signed.payload:
            raise malformed("payload: is empty where something is read (POST-as-GET)")

    def decoded(self, kind: type[_T]) -> _T:
        """The payload; members that are not known are passed over (RFC 8555, 6.1)."""
        return decoded(self.signed.payload, kind)


def decoded(payload: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(f"payload: {told(error)}") from None


def base(request: Request) -> str:
    """How the client names this server: `https://HOST/acme/`."""
    host = request.header("host")
    if _HOST.fullmatch(host) is None:
        raise malformed(f"host {host[:60]!r}: no host name")
    return f"https://{host}{PREFIX}"


def verified(request: Request, register: Register, nonces: Nonces, *, by: str) -> Call:
    """Read a POST, and check its signature, address and nonce, in this order. `by` is what must have
    signed: an account (kid), a key (jwk), or either. `AcmeError` otherwise."""
    start = base(request)
    if request.header("content-type").partition(";")[0].strip().lower() != KIND:
        raise AcmeError(415, "malformed", f"content-type: {KIND} is taken")
    signed = jws.read(request.body)
    if signed.algorithm not in jwk.ALGORITHMS:
        raise AcmeError(
            400,
            "badSignatureAlgorithm",
            f"alg {signed.algorithm[:20]!r}: {', '.join(jwk.ALGORITHMS)} are taken",
            algorithms=jwk.ALGORITHMS,
        )
    account = None
    if signed.kid is not None:
        if by == "key":
            raise malformed("protected: this takes a jwk, no kid")
        account = _account(register, start, signed.kid)
        key = account.jwk()
    else:
        if by == "account":
            raise malformed("protected: this takes a kid, the account's URL, no jwk")
        assert signed.key is not None
        key = signed.key
    signed.check(key)
    expected = f"{start}{request.path[len(PREFIX) :]}"
    if signed.url != expected:
        raise unauthorized(f"url {signed.url[:200]!r}: the request came to {expected[:200]}")
    if signed.nonce is None or not nonces.use(signed.nonce):
        raise AcmeError(400, "badNonce", "nonce: not of this server, or used before; take the one given here")
    return Call(request, start, signed, key, account)


def _account(register: Register, start: str, kid: str) -> Account:
    where = f"{start}account/"
    account = accounts.find(register, kid[len(where) :]) if kid.startswith(where) else None
    if account is None or account.status == "waiting":
        raise AcmeError(400, "accountDoesNotExist", f"kid {kid[:120]!r}: no account here")
    if account.status != "valid":
        raise unauthorized(f"account {account.id}: is {account.status}")
    return account
