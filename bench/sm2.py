"""Verification of SM2 signatures: ours, RustCrypto's and OpenSSL's, beside OpenSSL's of P-256.

Every signature has a key of its own. Ours is timed from octets: the key is read, a compressed one
worked out, and each call takes a batch from Python. OpenSSL's keys and contexts are set up before; a
loop in C (`_verify.c`) calls EVP_PKEY_verify in this process. Rounds take turns; time is CPU time of the
thread, and the median is told, of rates and of each round's ratios.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench import _libcrypto, _measure, _plan
from sentinel import _native

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 9
KEYS = 1000
"""Keys, and signatures in a round of each."""
REPEAT = 3
"""Times a round verifies them all, where that is fast."""
WANTED = {"P-256": 0.85, "SM2": 4.5}
"""Least ratio of ours, with compressed keys, to OpenSSL's."""


class _Item(ctypes.Structure):
    _fields_ = (
        ("context", ctypes.c_void_p),
        ("signature", ctypes.c_char_p),
        ("length", ctypes.c_size_t),
        ("digest", ctypes.c_char_p),
    )


def loop() -> ctypes.CDLL:
    """The loop in C, compiled."""
    target = _plan.cache() / "verify.so"
    source = Path(__file__).with_name("_verify.c")
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", "-o", target, source], check=True)
    lib = ctypes.CDLL(str(target))
    lib.verify_all.restype = ctypes.c_long
    lib.verify_all.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Item), ctypes.c_long, ctypes.c_long]
    return lib


def openssl(lib: ctypes.CDLL, curve: str, keys: list[bytes], rounds: int) -> Callable[[], float]:
    """Seconds of a verification by libcrypto, over a digest for each key."""
    kept = []
    items = (_Item * len(keys))()
    for i, secret in enumerate(keys):
        digest = i.to_bytes(32)
        public = _native.sm2_public(secret) if curve == "SM2" else _p256(secret)
        key = _libcrypto.Key(curve, public, secret)
        signature = key.sign(digest)
        key = _libcrypto.Key(curve, public)
        items[i] = _Item(key.context("verify"), signature, len(signature), digest)
        kept.append((key, signature, digest))
    function = ctypes.cast(_libcrypto.library().EVP_PKEY_verify, ctypes.c_void_p)

    def once() -> float:
        start = time.thread_time()
        held: int = lib.verify_all(function, items, len(kept), rounds)
        spent = time.thread_time() - start
        assert held == len(kept) * rounds
        return spent / held

    return once


def _p256(secret: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def ours(keys: list[bytes], compressed: bool) -> tuple[Callable[[], float], list[tuple[bytes, bytes, bytes]]]:
    """Seconds of a verification by `sm2_verify_many`, and the cases."""
    cases = []
    for i, secret in enumerate(keys):
        key, digest = _native.Sm2Key(secret), i.to_bytes(32)
        public = key.public()
        cases.append(
            (_native.sm2_compress(public) if compressed else public, digest, key.sign_digest(digest))
        )
    cases *= REPEAT

    def once() -> float:
        start = time.thread_time()
        held = sum(_native.sm2_verify_many(cases))
        spent = time.thread_time() - start
        assert held == len(cases)
        return spent / held

    return once, cases


def rustcrypto() -> Callable[[], float]:
    """Seconds of a verification by the crate `sm2`, in a program of its own, compressed keys."""
    if _plan.PLAN.build:
        subprocess.run(
            ["cargo", "build", "--release", "-q", "-p", "sentinel-sm", "--example", "rustcrypto"],
            cwd=ROOT,
            check=True,
        )
    program = ROOT / "target" / "release" / "examples" / "rustcrypto"

    def once() -> float:
        folder = _plan.cache()
        none, some = (_measure.run([str(program), str(n)], folder).cpu for n in (0, KEYS))
        return (some - none) / KEYS

    return once


def main() -> None:
    lib = loop()
    keys = [_native.sm2_generate() for _ in range(KEYS)]
    compressed, cases = ours(keys, True)
    candidates = {
        "sentinel, compressed key": compressed,
        "sentinel, uncompressed key": ours(keys, False)[0],
        "OpenSSL P-256": openssl(lib, "P-256", keys, REPEAT),
        "OpenSSL SM2": openssl(lib, "SM2", keys, 1),
        "RustCrypto sm2, compressed key": rustcrypto(),
    }
    times: dict[str, list[float]] = {name: [] for name in candidates}
    threads = []
    for _ in range(ROUNDS):
        for name, once in candidates.items():
            times[name].append(once())
        walls = []
        for count in (1, 2):
            start = time.perf_counter()
            _native.sm2_verify_many(cases, count)
            walls.append(time.perf_counter() - start)
        threads.append(walls[0] / walls[1])
    print(f"{_libcrypto.version()}; {KEYS} keys, median of {ROUNDS} rounds, per CPU second of one thread")
    first = times["sentinel, compressed key"]
    for name, spent in times.items():
        ratio = median(other / own for own, other in zip(first, spent, strict=True))
        print(f"{name:32} {1 / median(spent):9,.0f} verifications/s   compressed is {ratio:.2f} times it")
        _plan.PLAN.record(
            "sm2", **{name: {"per_s": round(1 / median(spent)), "compressed_is": round(ratio, 3)}}
        )
    for curve, wanted in WANTED.items():
        spent = times[f"OpenSSL {curve}"]
        ratio = median(other / own for own, other in zip(first, spent, strict=True))
        print(f"times OpenSSL {curve}: {ratio:.2f} ({'at least' if ratio >= wanted else 'below'} {wanted})")
    both = median(threads)
    print(f"two threads, wall-clock: {both:.2f} times one")
    _plan.PLAN.record("sm2", two_threads=round(both, 2))
