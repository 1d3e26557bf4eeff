"""What the schemes are made of, by others than the native side: hashlib, cryptography, and MD4 by RFC 1320."""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

_WORD = 0xFFFFFFFF


def md4(data: bytes) -> bytes:
    """RFC 1320, 3: rounds as sums of bits, written for being read."""
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    padded = data + b"\x80" + b"\0" * (-(len(data) + 9) % 64) + struct.pack("<Q", len(data) * 8)
    orders = (
        list(range(16)),
        [row + 4 * column for row in range(4) for column in range(4)],
        [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    )
    mixes: tuple[tuple[Callable[[int, int, int], int], int, tuple[int, ...]], ...] = (
        (lambda x, y, z: (x & y) | (~x & z), 0, (3, 7, 11, 19)),
        (lambda x, y, z: (x & y) | (x & z) | (y & z), 0x5A827999, (3, 5, 9, 13)),
        (lambda x, y, z: x ^ y ^ z, 0x6ED9EBA1, (3, 9, 11, 15)),
    )
    for at in range(0, len(padded), 64):
        words = struct.unpack("<16I", padded[at : at + 64])
        a, b, c, d = state
        for order, (mix, constant, shifts) in zip(orders, mixes, strict=True):
            for step, word in enumerate(order):
                total = (a + mix(b, c, d) + words[word] + constant) & _WORD
                shift = shifts[step % 4]
                a, b, c, d = d, ((total << shift) | (total >> (32 - shift))) & _WORD, b, c
        state = [(old + new) & _WORD for old, new in zip(state, (a, b, c, d), strict=True)]
    return struct.pack("<4I", *state)


def md5(*parts: bytes) -> bytes:
    return hashlib.md5(b"".join(parts)).digest()


def sha1(*parts: bytes) -> bytes:
    return hashlib.sha1(b"".join(parts)).digest()


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def mac(kind: str, key: bytes, *parts: bytes) -> bytes:
    return hmac.new(key, b"".join(parts), kind).digest()


def nt(password: str) -> bytes:
    """The NT hash (MS-NLMP, 3.3.1)."""
    return md4(password.encode("utf-16-le"))


def des(key: bytes, block: bytes) -> bytes:
    """DES of a block: three times with one key is once."""
    coder = Cipher(TripleDES(key * 3), modes.ECB()).encryptor()
    return coder.update(block) + coder.finalize()


def des7(key: bytes, block: bytes) -> bytes:
    """DES with a key of 56 bits (MS-NLMP, 6: DESL)."""
    bits = "".join(f"{octet:08b}" for octet in key)
    return des(bytes(int(bits[i : i + 7] + "0", 2) for i in range(0, 56, 7)), block)


def rc4(key: bytes, data: bytes) -> bytes:
    coder = Cipher(ARC4(key), None).encryptor()
    return coder.update(data) + coder.finalize()


def aes_ecb(key: bytes, block: bytes) -> bytes:
    coder = Cipher(AES(key), modes.ECB()).encryptor()
    return coder.update(block) + coder.finalize()


def aes_cts(key: bytes, data: bytes) -> bytes:
    """AES in CBC with ciphertext stealing, the last two blocks swapped (RFC 3962, 5)."""
    rest = len(data) % 16 or 16
    coder = Cipher(AES(key), modes.CBC(bytes(16))).encryptor()
    blocks = coder.update(data + bytes(16 - rest))
    return blocks[:-32] + blocks[-16:] + blocks[-32:-16][:rest]


def cmac(key: bytes, data: bytes) -> bytes:
    made = CMAC(AES(key))
    made.update(data)
    return made.finalize()
