"""Account keys as JSON Web Keys (RFC 7517, RFC 7518, RFC 8037): read strictly, and signatures verified."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sentinel.ca.serve.acme.problems import AcmeError, malformed

ALGORITHMS = ("ES256", "RS256", "EdDSA")
"""Of signatures; each goes with one kind of key."""

RSA_BITS = (2048, 4096)
_TEXT = re.compile(r"[A-Za-z0-9_-]*")
_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}


def octets(text: object, name: str) -> bytes:
    """Octets of base64url without padding (RFC 7515, 2), in the one way they are written."""
    if not isinstance(text, str) or _TEXT.fullmatch(text) is None or len(text) % 4 == 1:
        raise malformed(f"{name}: no base64url without padding")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if written(data) != text:
        raise malformed(f"{name}: base64url with bits left over")
    return data


def written(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Jwk:
    """A public key. `text` holds the required members in the order of RFC 7638: equal for equal keys."""

    text: str
    algorithm: str
    key: Any

    def thumbprint(self) -> str:
        """RFC 7638, by SHA-256, base64url."""
        return written(hashlib.sha256(self.text.encode()).digest())

    def spki(self) -> bytes:
        return bytes(self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def verify(self, message: bytes, signature: bytes) -> bool:
        try:
            if self.algorithm == "ES256":
                if len(signature) != 64:
                    return False
                r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
                self.key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
            elif self.algorithm == "RS256":
                self.key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            else:
                self.key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


def read(given: object, name: str = "jwk") -> Jwk:
    """A key from its JSON object; `AcmeError` says what is wrong with it."""
    kind = given.get("kty") if isinstance(given, dict) else None
    members = _MEMBERS.get(kind) if isinstance(kind, str) else None
    if members is None or not isinstance(given, dict):
        raise _bad(f"{name}: kty {kind!r:.24}; {', '.join(_MEMBERS)} are taken")
    if "d" in given:
        raise _bad(f"{name}: holds a private key; it is known to others now, make a new one")
    text = msgspec.json.encode({member: given.get(member) for member in members}).decode()
    try:
        match kind, given.get("crv"):
            case "EC", "P-256":
                x, y = octets(given.get("x"), f"{name}.x"), octets(given.get("y"), f"{name}.y")
                if len(x) != 32 or len(y) != 32:
                    raise _bad(f"{name}: coordinates of P-256 have 32 octets each")
                numbers = ec.EllipticCurvePublicNumbers(
                    int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
                )
                return Jwk(text, "ES256", numbers.public_key())
            case "OKP", "Ed25519":
                key = ed25519.Ed25519PublicKey.from_public_bytes(octets(given.get("x"), f"{name}.x"))
                return Jwk(text, "EdDSA", key)
            case "RSA", _:
                return Jwk(text, "RS256", _rsa(given, name))
    except ValueError as error:
        raise _bad(f"{name}: {error}") from None
    raise _bad(f"{name}: crv {given.get('crv')!r:.24}; P-256 or Ed25519 are taken")


def _rsa(given: dict[str, Any], name: str) -> rsa.RSAPublicKey:
    n, e = octets(given.get("n"), f"{name}.n"), octets(given.get("e"), f"{name}.e")
    if n[:1] == b"\0" or e[:1] == b"\0":
        raise _bad(f"{name}: a number begins with a zero octet")
    modulus, exponent = int.from_bytes(n, "big"), int.from_bytes(e, "big")
    if not RSA_BITS[0] <= modulus.bit_length() <= RSA_BITS[1]:
        raise _bad(f"{name}: RSA of {modulus.bit_length()} bits; {RSA_BITS[0]} to {RSA_BITS[1]} are taken")
    if not 65537 <= exponent < 1 << 32:
        raise _bad(f"{name}: exponent below 65537, or above 32 bits")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _bad(message: str) -> AcmeError:
    return AcmeError(400, "badPublicKey", message)
