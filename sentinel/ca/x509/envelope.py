"""SM2EnvelopedKey (GM/T 0009, 7.4; GB/T 35276): a private key that only the holder of another opens.

The CA makes the encryption key of a TLCP pair and hands it over so: a fresh SM4 key encrypted by SM2 to
the signing key, and the private number, 32 octets without padding, under SM4-ECB.
"""

from __future__ import annotations

import secrets

from sentinel import _native
from sentinel.ca.x509 import der
from sentinel.errors import UserError

SM4_ECB = "1.2.156.10197.1.104.1"
SM4 = "1.2.156.10197.1.104"
_KEY = 16
_SECRET = 32


def seal(recipient: bytes, public: bytes, secret: bytes) -> bytes:
    """SM2EnvelopedKey, DER. `recipient` and `public` are points of 65 octets, `secret` the 32 octets of
    the private number that belongs to `public`."""
    key = secrets.token_bytes(_KEY)
    return der.sequence(
        der.sequence(der.oid(SM4_ECB)),
        _native.sm2_encrypt(recipient, key, der=True),
        der.bits(public),
        der.bits(_native.sm4_ecb(key, secret)),
    )


def unseal(envelope: bytes, recipient: _native.Sm2Key) -> tuple[bytes, bytes]:
    """Public point and private number from an SM2EnvelopedKey; `UserError` if it is none, was made for
    another key, or its two halves do not belong together."""
    try:
        outer = der.Reader(envelope)
        inner = outer.enter()
        outer.end()
        algorithm = inner.enter()
        if algorithm.oid() not in (SM4_ECB, SM4):
            raise UserError("enveloped key: not under SM4")
        wrapped = inner.raw(der.SEQUENCE)
        public, sealed = inner.bits(), inner.bits()
        inner.end()
        key = recipient.decrypt(wrapped, der=True)
        if len(sealed) != _SECRET or len(key) != _KEY:
            raise UserError(f"enveloped key: private number of {len(sealed)} octets, key of {len(key)}")
        secret = _native.sm4_ecb(key, sealed, decrypt=True)
        if _native.Sm2Key(secret).public() != _native.sm2_decompress(public):
            raise UserError("enveloped key: private and public number do not belong together")
    except ValueError as error:
        raise UserError(f"enveloped key: {error}") from None
    return public, secret
