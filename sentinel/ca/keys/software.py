"""Private keys in this process: made, read from PKCS#8, and signing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from sentinel import _native
from sentinel.ca.keys.algorithms import ALGORITHMS, SM2_ID
from sentinel.ca.keys.contract import Signer
from sentinel.ca.x509 import der
from sentinel.errors import UserError

RSA_EXPONENT = 65537

_DIGEST = {"p256": hashes.SHA256(), "p384": hashes.SHA384()}


class SoftwareKey(Signer, Protocol):
    """A signer whose secret is at hand, so that it can be written to a file."""

    @property
    def secret(self) -> bytes:
        """The private number of a key on a curve, most significant octet first."""

    def pkcs8(self) -> bytes:
        """PrivateKeyInfo, DER, not encrypted."""


def generate(algorithm: str) -> SoftwareKey:
    """A new key. `algorithm` is a name of `ALGORITHMS`."""
    if algorithm == "sm2":
        return Sm2Key(_native.Sm2Key.generate())
    if algorithm in ("p256", "p384"):
        return OtherKey(ec.generate_private_key(ec.SECP256R1() if algorithm == "p256" else ec.SECP384R1()))
    if algorithm == "ed25519":
        return OtherKey(ed25519.Ed25519PrivateKey.generate())
    if algorithm in ("rsa3072", "rsa4096"):
        return OtherKey(rsa.generate_private_key(RSA_EXPONENT, int(algorithm[3:])))
    raise UserError(f"algorithm {algorithm}: not one of {', '.join(ALGORITHMS)}", 2)


def from_secret(algorithm: str, secret: bytes) -> SoftwareKey:
    """A key of `sm2` or `p256` from its private number, 32 octets, most significant first."""
    if algorithm == "sm2":
        return Sm2Key(_native.Sm2Key(secret))
    return OtherKey(ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1()))


def from_pkcs8(info: bytes) -> SoftwareKey:
    """Read a PrivateKeyInfo that is not encrypted. `UserError` if it is none or of another algorithm."""
    try:
        outer = der.Reader(info)
        inner = outer.enter()
        outer.end()
        if inner.integer() not in (0, 1):
            raise UserError("private key: PKCS#8 of an unknown version")
        if inner.raw(der.SEQUENCE) == ALGORITHMS["sm2"].key:
            key = der.Reader(inner.read(der.OCTET_STRING)).enter()
            if key.integer() != 1:
                raise UserError("private key: ECPrivateKey of an unknown version (RFC 5915)")
            return Sm2Key(_native.Sm2Key(key.read(der.OCTET_STRING)))
        other = load_der_private_key(info, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UserError(f"private key: no PKCS#8 of a kind we know: {error}") from None
    if isinstance(other, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
        return OtherKey(other)
    raise UserError(f"private key: {type(other).__name__}; one of {', '.join(ALGORITHMS)} is taken")


class Sm2Key:
    """An SM2 key of the native module."""

    algorithm = "sm2"

    def __init__(self, key: _native.Sm2Key) -> None:
        self._key = key
        self._public = key.public()
        self._spki = der.sequence(ALGORITHMS["sm2"].key, der.bits(self._public))

    @property
    def secret(self) -> bytes:
        """The private number, 32 octets, most significant first."""
        return self._key.secret()

    def spki(self) -> bytes:
        return self._spki

    def signature_algorithm(self) -> bytes:
        return ALGORITHMS["sm2"].signature

    def sign(self, tbs: bytes) -> bytes:
        return self._key.sign(SM2_ID, tbs)

    def sign_many(self, tbs: Sequence[bytes]) -> list[bytes]:
        return self._key.sign_many(SM2_ID, tbs)

    def pkcs8(self) -> bytes:
        key = der.sequence(der.integer(1), der.octets(self.secret), der.explicit(1, der.bits(self._public)))
        return der.sequence(der.integer(0), ALGORITHMS["sm2"].key, der.octets(key))


class OtherKey:
    """A key of `cryptography`."""

    def __init__(
        self, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
    ) -> None:
        self._key = key
        self._spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if isinstance(key, rsa.RSAPrivateKey):
            self._algorithm = f"rsa{key.key_size}"
        elif isinstance(key, ed25519.Ed25519PrivateKey):
            self._algorithm = "ed25519"
        else:
            self._algorithm = {"secp256r1": "p256", "secp384r1": "p384"}.get(key.curve.name, key.curve.name)
        if self._algorithm not in ALGORITHMS:
            raise UserError(f"private key: {self._algorithm}; one of {', '.join(ALGORITHMS)} is taken")
        self._quick: _native.P256Key | None = None

    @property
    def algorithm(self) -> str:
        return self._algorithm

    @property
    def secret(self) -> bytes:
        """The private number of a key on a NIST curve, most significant octet first."""
        if not isinstance(self._key, ec.EllipticCurvePrivateKey):
            raise UserError(f"private key: {self._algorithm} has no private number")
        return self._key.private_numbers().private_value.to_bytes((self._key.key_size + 7) // 8)

    def spki(self) -> bytes:
        return self._spki

    def signature_algorithm(self) -> bytes:
        return ALGORITHMS[self._algorithm].signature

    def sign_many(self, tbs: Sequence[bytes]) -> list[bytes]:
        """P-256 by the native module, which signs in a third of the time; all others one by one."""
        if not isinstance(self._key, ec.EllipticCurvePrivateKey) or self._algorithm != "p256":
            return [self.sign(each) for each in tbs]
        if self._quick is None:
            secret = self._key.private_numbers().private_value.to_bytes(32, "big")
            point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            self._quick = _native.P256Key(secret, point)
        return self._quick.sign_many(tbs)

    def sign(self, tbs: bytes) -> bytes:
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(tbs, ec.ECDSA(_DIGEST[self._algorithm]))
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(tbs, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(tbs)

    def pkcs8(self) -> bytes:
        return self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
