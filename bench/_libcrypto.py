"""OpenSSL's libcrypto in this process, through ctypes: the oracle and the yardstick for SM2.

Signatures are over digests of 32 octets, as DER. Keys are made of octets: 04, x, y, and 32 of a private
one. What cannot be had is an `OSError`.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_void_p
from functools import cache

CURVES = {"SM2": bytes.fromhex("06082a811ccf5501822d"), "P-256": bytes.fromhex("06082a8648ce3d030107")}
"""Object identifiers of the curves, DER (GM/T 0006, RFC 5480 section 2.1.1.1)."""
NID_SM2 = 1172
_KEY = bytes.fromhex("06072a8648ce3d0201")  # id-ecPublicKey


def _der(tag: int, *parts: bytes) -> bytes:
    value = b"".join(parts)
    length = [len(value)] if len(value) < 128 else [0x81, len(value)]
    return bytes([tag, *length]) + value


@cache
def library() -> ctypes.CDLL:
    """libcrypto 3, with the signatures of what is used of it."""
    lib = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
    text, size = c_char_p, POINTER(c_size_t)
    for name, result, arguments in (
        ("OpenSSL_version", c_char_p, [c_int]),
        ("d2i_PUBKEY", c_void_p, [c_void_p, POINTER(c_char_p), c_long]),
        ("d2i_AutoPrivateKey", c_void_p, [c_void_p, POINTER(c_char_p), c_long]),
        ("EVP_PKEY_free", None, [c_void_p]),
        ("EVP_PKEY_CTX_new_from_pkey", c_void_p, [c_void_p, c_void_p, c_char_p]),
        ("EVP_PKEY_CTX_free", None, [c_void_p]),
        ("EVP_PKEY_verify_init", c_int, [c_void_p]),
        ("EVP_PKEY_verify", c_int, [c_void_p, text, c_size_t, text, c_size_t]),
        ("EVP_PKEY_sign_init", c_int, [c_void_p]),
        ("EVP_PKEY_sign", c_int, [c_void_p, text, size, text, c_size_t]),
        ("EVP_PKEY_encrypt_init", c_int, [c_void_p]),
        ("EVP_PKEY_encrypt", c_int, [c_void_p, text, size, text, c_size_t]),
        ("EVP_PKEY_decrypt_init", c_int, [c_void_p]),
        ("EVP_PKEY_decrypt", c_int, [c_void_p, text, size, text, c_size_t]),
        ("ERR_clear_error", None, []),
        ("BN_bin2bn", c_void_p, [text, c_int, c_void_p]),
        ("BN_free", None, [c_void_p]),
        ("EC_GROUP_new_by_curve_name", c_void_p, [c_int]),
        ("EC_POINT_new", c_void_p, [c_void_p]),
        ("EC_POINT_free", None, [c_void_p]),
        ("EC_POINT_mul", c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
        ("EC_POINT_oct2point", c_int, [c_void_p, c_void_p, text, c_size_t, c_void_p]),
        ("EC_POINT_point2oct", c_size_t, [c_void_p, c_void_p, c_int, text, c_size_t, c_void_p]),
    ):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


def version() -> str:
    text: bytes = library().OpenSSL_version(0)
    return text.decode()


class Key:
    """A key of `curve`: with `secret` a private one, else public. Contexts are set up once for each use."""

    def __init__(self, curve: str, public: bytes, secret: bytes | None = None) -> None:
        lib = library()
        algorithm = _der(0x30, _KEY, CURVES[curve])
        if secret is None:
            der, read = _der(0x30, algorithm, _der(3, b"\0", public)), lib.d2i_PUBKEY
        else:
            inner = _der(0x30, b"\2\1\1", _der(4, secret), _der(0xA1, _der(3, b"\0", public)))
            der = _der(0x30, b"\2\1\0", algorithm, _der(4, inner))
            read = lib.d2i_AutoPrivateKey
        self._key = read(None, byref(c_char_p(der)), len(der))
        lib.ERR_clear_error()
        if not self._key:
            raise OSError(f"libcrypto does not take this {curve} key")
        self._contexts: dict[str, int] = {}

    def context(self, use: str) -> int:
        """An EVP_PKEY_CTX set up for `verify`, `sign`, `encrypt` or `decrypt`."""
        lib = library()
        if use not in self._contexts:
            made = lib.EVP_PKEY_CTX_new_from_pkey(None, self._key, None)
            if not made or getattr(lib, f"EVP_PKEY_{use}_init")(made) != 1:
                raise OSError(f"libcrypto has no {use} for this key")
            self._contexts[use] = made
        return self._contexts[use]

    def _make(self, use: str, data: bytes) -> bytes | None:
        lib = library()
        call, context, length = getattr(lib, f"EVP_PKEY_{use}"), self.context(use), c_size_t(0)
        if call(context, None, byref(length), data, len(data)) != 1:
            lib.ERR_clear_error()
            return None
        out = ctypes.create_string_buffer(length.value)
        if call(context, out, byref(length), data, len(data)) != 1:
            lib.ERR_clear_error()
            return None
        return out.raw[: length.value]

    def verify(self, e: bytes, signature: bytes) -> bool:
        held = library().EVP_PKEY_verify(self.context("verify"), signature, len(signature), e, len(e))
        library().ERR_clear_error()
        return bool(held == 1)

    def sign(self, e: bytes) -> bytes:
        signature = self._make("sign", e)
        if signature is None:
            raise OSError("libcrypto does not sign with this key")
        return signature

    def encrypt(self, message: bytes) -> bytes | None:
        return self._make("encrypt", message)

    def decrypt(self, octets: bytes) -> bytes | None:
        return self._make("decrypt", octets)

    def __del__(self) -> None:
        for context in getattr(self, "_contexts", {}).values():
            library().EVP_PKEY_CTX_free(context)
        library().EVP_PKEY_free(getattr(self, "_key", None))


def combined(s: int, t: int, public: bytes | None) -> bytes:
    """s * G + t * P on SM2's curve, as 04, x, y; one octet 00 for the point at infinity."""
    lib = library()
    group = _group()
    point, out = lib.EC_POINT_new(group), lib.EC_POINT_new(group)
    numbers = [lib.BN_bin2bn(n.to_bytes(32), 32, None) for n in (s, t)]
    octets = ctypes.create_string_buffer(65)
    try:
        if public is None:
            done = lib.EC_POINT_mul(group, out, numbers[0], None, None, None)
        else:
            done = lib.EC_POINT_oct2point(group, point, public, len(public), None)
            done = done and lib.EC_POINT_mul(group, out, numbers[0], point, numbers[1], None)
        if done != 1:
            raise OSError("libcrypto does not take this point")
        length = lib.EC_POINT_point2oct(group, out, 4, octets, 65, None)
        return octets.raw[:length]
    finally:
        for number in numbers:
            lib.BN_free(number)
        lib.EC_POINT_free(point)
        lib.EC_POINT_free(out)


@cache
def _group() -> int:
    made: int = library().EC_GROUP_new_by_curve_name(NID_SM2)
    return made
