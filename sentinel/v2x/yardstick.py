"""OpenSSL's verification of P-256 signatures, through ctypes: what verification is measured by."""

from __future__ import annotations

import ctypes
import ctypes.util
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_void_p
from time import perf_counter

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

KEYS = 64
DIGEST = bytes(range(32))


class OpenSsl:
    """Verifies a signature of each of some keys in turn. `OSError` if there is no libcrypto."""

    def __init__(self) -> None:
        lib = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
        try:
            lib.d2i_PUBKEY.restype = lib.EVP_PKEY_CTX_new_from_pkey.restype = c_void_p
            lib.d2i_PUBKEY.argtypes = [c_void_p, POINTER(c_char_p), c_long]
            lib.EVP_PKEY_CTX_new_from_pkey.argtypes = [c_void_p, c_void_p, c_char_p]
            lib.EVP_PKEY_verify_init.argtypes = [c_void_p]
            lib.EVP_PKEY_verify.argtypes = [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t]
            lib.EVP_PKEY_verify.restype = lib.EVP_PKEY_verify_init.restype = c_int
            lib.EVP_PKEY_CTX_free.argtypes = lib.EVP_PKEY_free.argtypes = [c_void_p]
            lib.OpenSSL_version_num.argtypes = []
        except AttributeError as error:
            raise OSError(f"libcrypto is older than 3.0: {error}") from None
        self._lib = lib
        self._cases: list[tuple[int, bytes]] = []
        for _ in range(KEYS):
            key = ec.generate_private_key(ec.SECP256R1())
            der = key.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            public = lib.d2i_PUBKEY(None, byref(c_char_p(der)), len(der))
            context = lib.EVP_PKEY_CTX_new_from_pkey(None, public, None) if public else None
            if not context or lib.EVP_PKEY_verify_init(context) != 1:
                raise OSError("libcrypto does not take a key of P-256")
            lib.EVP_PKEY_free(public)  # the context holds it
            signature = key.sign(DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))
            self._cases.append((context, signature))
        self.count = 0
        self.seconds = 0.0

    def slice(self, rounds: int = 8) -> None:
        """Verify all of them so many times. The time of the calls from Python is taken off."""
        verify, nothing = self._lib.EVP_PKEY_verify, self._lib.OpenSSL_version_num
        started = perf_counter()
        held = 0
        for _ in range(rounds):
            for context, signature in self._cases:
                held += verify(context, signature, len(signature), DIGEST, 32)
        middle = perf_counter()
        for _ in range(rounds):
            for _case in self._cases:
                nothing()
        ended = perf_counter()
        if held != rounds * len(self._cases):
            raise OSError("libcrypto does not verify what was signed")
        self.count += held
        self.seconds += (middle - started) - (ended - middle)

    @property
    def rate(self) -> float:
        """Verifications a second."""
        return self.count / self.seconds if self.seconds else 0.0

    def close(self) -> None:
        for context, _ in self._cases:
            self._lib.EVP_PKEY_CTX_free(context)
        self._cases.clear()
