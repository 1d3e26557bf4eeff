"""Public keys: read from SubjectPublicKeyInfo, and signatures verified with them.

Keys of SM2 are read and used by the native module, as are those on P-256 in the form that devices send;
all others by `cryptography`, which takes as long to read a key as to verify with it. A key is taken only
with a point on its curve or an odd modulus: what cannot be a key is refused when it is read.
"""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sentinel import _native
from sentinel.ca.keys.algorithms import ALGORITHMS, CURVES, EC, ED25519, RSA, SM2_ID, SM2_WITH_SM3
from sentinel.ca.x509 import der
from sentinel.errors import UserError

_ECDSA_SHA256 = "1.2.840.10045.4.3.2"
_DIGESTS: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    _ECDSA_SHA256: (EC, hashes.SHA256()),
    "1.2.840.10045.4.3.3": (EC, hashes.SHA384()),
    "1.2.840.10045.4.3.4": (EC, hashes.SHA512()),
    "1.2.840.113549.1.1.11": (RSA, hashes.SHA256()),
    "1.2.840.113549.1.1.12": (RSA, hashes.SHA384()),
    "1.2.840.113549.1.1.13": (RSA, hashes.SHA512()),
}
"""Signature algorithms we verify beside SM2 and Ed25519: kind of key and digest. SHA-1 is not among them."""

_SM2_KEY, _P256_KEY = ALGORITHMS["sm2"].key, ALGORITHMS["p256"].key
_P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
"""Of y² = x³ - 3x + b (SP 800-186, 3.2.1.3)."""


class PublicKey:
    """A public key: `algorithm` (sm2, p256, p384, ed25519, rsa<bits>), `spki` (DER), `octets` (what the
    BIT STRING holds), `rsa` (modulus and exponent, of RSA keys only)."""

    __slots__ = ("_identifier", "_key", "_sha256", "algorithm", "octets", "rsa", "spki")

    def __init__(self, spki: bytes) -> None:
        """Read one SubjectPublicKeyInfo, nothing around it; `UserError` says what is wrong with it."""
        self.spki = spki
        self.rsa: tuple[int, int] | None = None
        self._key: Any = None
        self._sha256: str | None = None
        self._identifier: bytes | None = None
        try:
            outer = der.Reader(spki)
            info = outer.enter()
            outer.end()
            marked = info.raw(der.SEQUENCE)
            self.octets = info.bits()
            info.end()
            if marked == _SM2_KEY:
                self.algorithm = "sm2"
                _native.sm2_compress(self.octets)
                return
            if marked == _P256_KEY and self.octets[:1] == b"\x04":
                self.algorithm = "p256"
                _on_p256(self.octets)
                return
            self.algorithm = self._other(marked)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UserError(f"public key: {error}") from None

    @classmethod
    def known(cls, spki: bytes, algorithm: str, octets: bytes, sha256: str, identifier: bytes) -> PublicKey:
        """A key of SM2 or on P-256 that the native module has read, with what it has worked out of it."""
        self = cls.__new__(cls)
        self.spki, self.algorithm, self.octets = spki, algorithm, octets
        self.rsa = self._key = None
        self._sha256, self._identifier = sha256, identifier
        return self

    def _other(self, marked: bytes) -> str:
        algorithm = der.Reader(marked).enter()
        number = algorithm.oid()
        if number == EC:
            curve = algorithm.oid() if algorithm.peek() == der.OID else "given by its parameters"
            if curve not in CURVES:
                raise ValueError(f"curve {curve}; sm2, p256 or p384 are taken")
            self._key = load_der_public_key(self.spki)
            return CURVES[curve]
        if number not in (ED25519, RSA):
            raise ValueError(f"algorithm {number}; sm2, p256, p384, ed25519 or rsa are taken")
        self._key = load_der_public_key(self.spki)
        if isinstance(self._key, rsa.RSAPublicKey):
            numbers = self._key.public_numbers()
            self.rsa = (numbers.n, numbers.e)
            return f"rsa{self._key.key_size}"
        return "ed25519"

    def sha256(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, hexadecimal: what the register finds a key by."""
        if self._sha256 is None:
            self._sha256 = hashlib.sha256(self.spki).hexdigest()
        return self._sha256

    def identifier(self) -> bytes:
        """Key identifier: the leftmost 160 bits of the SHA-256 of the key (RFC 7093, 2, method 1)."""
        if self._identifier is None:
            self._identifier = hashlib.sha256(self.octets).digest()[:20]
        return self._identifier

    def verify(self, algorithm: bytes, message: bytes, signature: bytes) -> bool:
        """Whether `signature` over `message` was made with this key. `algorithm` is the DER of the
        signature's AlgorithmIdentifier; one that does not fit the key is False."""
        try:
            number = signature_number(algorithm)
        except der.DerError:
            return False
        if self.algorithm == "sm2":
            return number == SM2_WITH_SM3 and _native.sm2_verify(self.octets, SM2_ID, message, signature)
        if self._key is None and number == _ECDSA_SHA256:
            return _native.p256_verify(self.octets, message, signature)
        if self._key is None:
            self._key = load_der_public_key(self.spki)
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                if number != ED25519:
                    return False
                self._key.verify(signature, message)
                return True
            kind, digest = _DIGESTS.get(number, ("", None))
            if digest is None:
                return False
            if isinstance(self._key, ec.EllipticCurvePublicKey) and kind == EC:
                self._key.verify(signature, message, ec.ECDSA(digest))
            elif isinstance(self._key, rsa.RSAPublicKey) and kind == RSA:
                self._key.verify(signature, message, padding.PKCS1v15(), digest)
            else:
                return False
        except InvalidSignature:
            return False
        return True


def _on_p256(octets: bytes) -> None:
    """`ValueError` if 04, x, y is no point of P-256."""
    x, y = int.from_bytes(octets[1:33], "big"), int.from_bytes(octets[33:], "big")
    inside = len(octets) == 65 and x < _P256_PRIME and y < _P256_PRIME
    if not inside or (y * y - x * x * x + 3 * x - _P256_B) % _P256_PRIME:
        raise ValueError("no point of P-256")


def signature_number(algorithm: bytes) -> str:
    """Object identifier of a signature's AlgorithmIdentifier; its parameters are absent or NULL."""
    outer = der.Reader(algorithm)
    inner = outer.enter()
    outer.end()
    number = inner.oid()
    if inner.peek() is not None and inner.raw() != der.null():
        raise der.DerError(f"signature algorithm {number} with parameters")
    inner.end()
    return number
