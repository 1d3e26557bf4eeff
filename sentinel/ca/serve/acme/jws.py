"""Signed requests (RFC 8555, 6.2): one flattened JWS each, read strictly."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

import msgspec

from sentinel.ca.serve.acme import jwk
from sentinel.ca.serve.acme.problems import AcmeError, malformed
from sentinel.ca.serve.web import told


class _Flat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    protected: str
    payload: str
    signature: str


class _Header(msgspec.Struct, frozen=True):
    alg: str
    url: str
    nonce: str | None = None
    kid: str | None = None
    jwk: dict[str, Any] | None = None
    crit: object = None
    b64: object = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A JWS that is read and not verified. `kid` or `key` says whose it is."""

    algorithm: str
    url: str
    nonce: str | None
    kid: str | None
    key: jwk.Jwk | None
    payload: bytes
    covered: bytes
    signature: bytes

    def check(self, key: jwk.Jwk) -> None:
        """`AcmeError` unless `key` signed it."""
        if self.algorithm != key.algorithm:
            raise AcmeError(
                400,
                "badSignatureAlgorithm",
                f"alg {self.algorithm!r:.24}: this key signs with {key.algorithm}",
                algorithms=jwk.ALGORITHMS,
            )
        if not key.verify(self.covered, self.signature):
            raise malformed("signature: does not hold")

    def check_mac(self, secret: bytes) -> bool:
        """Whether it is a MAC (HS256) under a secret."""
        made = hmac.digest(secret, self.covered, "sha256")
        return self.algorithm == "HS256" and hmac.compare_digest(made, self.signature)


def read(data: bytes | dict[str, Any], name: str = "body") -> Signed:
    """Read a JWS, from octets or as an object within another."""
    try:
        flat = (
            msgspec.json.decode(data, type=_Flat) if isinstance(data, bytes) else msgspec.convert(data, _Flat)
        )
        header = msgspec.json.decode(jwk.octets(flat.protected, f"{name}.protected"), type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(f"{name}: no JWS in flattened JSON: {told(error)}") from None
    if header.crit is not None or header.b64 is not None:
        raise malformed(f"{name}.protected: crit and b64 are not known here")
    if (header.kid is None) == (header.jwk is None):
        raise malformed(f"{name}.protected: one of kid and jwk is taken")
    return Signed(
        header.alg,
        header.url,
        header.nonce,
        header.kid,
        None if header.jwk is None else jwk.read(header.jwk, f"{name}.jwk"),
        jwk.octets(flat.payload, f"{name}.payload"),
        f"{flat.protected}.{flat.payload}".encode(),
        jwk.octets(flat.signature, f"{name}.signature"),
    )
