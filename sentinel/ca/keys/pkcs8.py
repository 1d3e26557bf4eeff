"""Encrypted PKCS#8 (RFC 5958, PBES2 of RFC 8018): any key's PrivateKeyInfo under a passphrase.

Written: scrypt (RFC 7914) with N = 2^14, r = 8, p = 2 and AES-256-CBC; SM4-CBC in its place when asked
for. N = 2^15 would be a little above the 32 MiB to which OpenSSL keeps when it opens a key; p = 2 costs a
guesser the same time. Read as well: PBKDF2 and AES-128, as OpenSSL and others write.
"""

from __future__ import annotations

import hashlib
import os

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from sentinel.ca.x509 import der
from sentinel.errors import UserError

PBES2 = "1.2.840.113549.1.5.13"
PBKDF2 = "1.2.840.113549.1.5.12"
SCRYPT = "1.3.6.1.4.1.11591.4.11"
AES_128, AES_256, SM4 = "2.16.840.1.101.3.4.1.2", "2.16.840.1.101.3.4.1.42", "1.2.156.10197.1.104.2"

_CIPHERS = {AES_128: (algorithms.AES, 16), AES_256: (algorithms.AES, 32), SM4: (algorithms.SM4, 16)}
_HMAC = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
_N, _R, _P = 1 << 14, 8, 2
_MOST_MEMORY = 256 << 20
"""Octets that the scrypt parameters of a file may ask for."""
_MOST_ROUNDS = 10_000_000
"""Rounds of PBKDF2 that a file may ask for."""
_BLOCK = 16


def encrypt(info: bytes, passphrase: bytes, *, cipher: str = AES_256) -> bytes:
    """EncryptedPrivateKeyInfo, DER. `cipher` is AES_256 or SM4 (an object identifier)."""
    kind, size = _CIPHERS[cipher]
    salt, iv = os.urandom(16), os.urandom(_BLOCK)
    key = _scrypt(passphrase, salt, _N, _R, _P, size)
    padder = padding.PKCS7(8 * _BLOCK).padder()
    sealer = Cipher(kind(key), modes.CBC(iv)).encryptor()
    sealed = sealer.update(padder.update(info) + padder.finalize()) + sealer.finalize()
    derived = der.sequence(
        der.oid(SCRYPT),
        der.sequence(der.octets(salt), der.integer(_N), der.integer(_R), der.integer(_P), der.integer(size)),
    )
    scheme = der.sequence(der.oid(cipher), der.octets(iv))
    return der.sequence(der.sequence(der.oid(PBES2), der.sequence(derived, scheme)), der.octets(sealed))


def decrypt(sealed: bytes, passphrase: bytes) -> bytes:
    """PrivateKeyInfo, DER. `UserError` for a wrong passphrase or a scheme that is not known."""
    try:
        outer = der.Reader(sealed)
        inner = outer.enter()
        outer.end()
        algorithm, text = inner.enter(), inner.read(der.OCTET_STRING)
        inner.end()
        if algorithm.oid() != PBES2:
            raise UserError("private key: not encrypted by PBES2; write it anew with `openssl pkcs8 -topk8`")
        parameters = algorithm.enter()
        derivation, scheme = parameters.enter(), parameters.enter()
        cipher, iv = scheme.oid(), scheme.read(der.OCTET_STRING)
        if cipher not in _CIPHERS or len(iv) != _BLOCK:
            raise UserError(f"private key: encrypted with {cipher}; AES-128, AES-256 or SM4 in CBC are read")
        kind, size = _CIPHERS[cipher]
        key = _derive(derivation, passphrase, size)
    except der.DerError as error:
        raise UserError(f"private key: no encrypted PKCS#8: {error}") from None
    try:
        opener = Cipher(kind(key), modes.CBC(iv)).decryptor()
        unpadder = padding.PKCS7(8 * _BLOCK).unpadder()
        info = unpadder.update(opener.update(text) + opener.finalize()) + unpadder.finalize()
        der.check(info)
    except ValueError:
        raise UserError("private key: the passphrase is wrong, or the file is damaged") from None
    return info


def _derive(derivation: der.Reader, passphrase: bytes, size: int) -> bytes:
    number, given = derivation.oid(), derivation.enter()
    salt, rounds = given.read(der.OCTET_STRING), given.integer()
    if number == SCRYPT:
        r, p = given.integer(), given.integer()
        if rounds < 2 or rounds & (rounds - 1) or r < 1 or p < 1 or 128 * rounds * r * p > _MOST_MEMORY:
            raise UserError(f"private key: scrypt with N={rounds}, r={r}, p={p} is not taken")
        return _scrypt(passphrase, salt, rounds, r, p, size)
    if number != PBKDF2:
        raise UserError(f"private key: passphrase by {number}; scrypt or PBKDF2 are read")
    if not 1 <= rounds <= _MOST_ROUNDS:
        raise UserError(f"private key: PBKDF2 with {rounds:,} rounds is not taken")
    if given.peek() == der.INTEGER:
        given.integer()
    digest = given.enter().oid() if given.peek() is not None else "1.2.840.113549.2.7"
    if digest not in _HMAC:
        raise UserError(f"private key: PBKDF2 with {digest} is not known")
    return hashlib.pbkdf2_hmac(_HMAC[digest], passphrase, salt, rounds, size)


def _scrypt(passphrase: bytes, salt: bytes, n: int, r: int, p: int, size: int) -> bytes:
    return hashlib.scrypt(passphrase, salt=salt, n=n, r=r, p=p, dklen=size, maxmem=2 * _MOST_MEMORY)
