"""Algorithms of keys and of their signatures.

Sources of the object identifiers: RFC 3279, 4055, 5480, 5758, 8410; GB/T 33560 and GM/T 0006 (SM2, SM3).
"""

from __future__ import annotations

from dataclasses import dataclass

from sentinel.ca.x509 import der

SM2_ID = b"1234567812345678"
"""Distinguishing identifier of every signature in X.509 (GM/T 0009, 10; GM/T 0015)."""

SM2_CURVE = "1.2.156.10197.1.301"
SM2_WITH_SM3 = "1.2.156.10197.1.501"
EC = "1.2.840.10045.2.1"
RSA = "1.2.840.113549.1.1.1"
ED25519 = "1.3.101.112"

CURVES = {SM2_CURVE: "sm2", "1.2.840.10045.3.1.7": "p256", "1.3.132.0.34": "p384"}
"""Named curves we take, by object identifier."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A kind of key: how its public part and its signatures are marked (DER of AlgorithmIdentifier)."""

    name: str
    title: str
    key: bytes
    signature: bytes


def _curve(name: str) -> bytes:
    place = next(number for number, known in CURVES.items() if known == name)
    return der.sequence(der.oid(EC), der.oid(place))


def _bare(number: str) -> bytes:
    return der.sequence(der.oid(number))


_RSA_KEY = der.sequence(der.oid(RSA), der.null())
_RSA_SIGNATURE = der.sequence(der.oid("1.2.840.113549.1.1.11"), der.null())

ALGORITHMS: dict[str, Algorithm] = {
    a.name: a
    for a in (
        Algorithm("sm2", "SM2 with SM3", _curve("sm2"), _bare(SM2_WITH_SM3)),
        Algorithm("p256", "ECDSA P-256 with SHA-256", _curve("p256"), _bare("1.2.840.10045.4.3.2")),
        Algorithm("p384", "ECDSA P-384 with SHA-384", _curve("p384"), _bare("1.2.840.10045.4.3.3")),
        Algorithm("ed25519", "Ed25519", _bare(ED25519), _bare(ED25519)),
        Algorithm("rsa3072", "RSA 3072 with SHA-256", _RSA_KEY, _RSA_SIGNATURE),
        Algorithm("rsa4096", "RSA 4096 with SHA-256", _RSA_KEY, _RSA_SIGNATURE),
    )
}
"""What the CA makes and signs with, by the name that options and profiles use."""
