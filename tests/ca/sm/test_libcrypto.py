"""SM2 against libcrypto, both ways, over random keys and the edges of what a signature may be.

SENTINEL_CASES says how many cases (2,000): 100,000 take some three minutes.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bench import _libcrypto
from sentinel import _native

CASES = int(os.environ.get("SENTINEL_CASES", "2000"))
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
TOP = 1 << 256


@pytest.fixture(scope="module", autouse=True)
def libcrypto() -> None:
    try:
        _libcrypto.Key("SM2", _libcrypto.combined(1, 0, None))
    except OSError as error:
        pytest.skip(f"no libcrypto 3 with SM2: {error}")


@dataclass(frozen=True)
class Case:
    kind: str
    public: bytes
    e: int
    r: int
    s: int
    expected: bool | None = None  # None: whatever the others say


def edge(rng: random.Random) -> int:
    """A number from 1 to n - 1 that is random, near an end, sparse, or made of runs of ones."""
    kind = rng.randrange(6)
    if kind < 2:
        return rng.randrange(1, N)
    if kind == 2:
        return rng.randrange(1, 2000)
    if kind == 3:
        return N - rng.randrange(1, 2000)
    if kind == 4:
        return sum(1 << rng.randrange(256) for _ in range(rng.randrange(1, 6))) % N or 1
    ones = (1 << rng.randrange(1, 257)) - 1
    return (ones << rng.randrange(64)) % N or 1


def made(rng: random.Random) -> Case:
    """A signature that holds, of chosen s and t = r + s, over a digest that fits them."""
    while True:
        key = edge(rng) % (N - 2) + 1
        s, t = edge(rng), edge(rng)
        if rng.randrange(8) == 0:  # s * G = t * P: the last addition is a doubling
            t = s * pow(key, -1, N) % N
        r = (t - s) % N
        public = _libcrypto.combined(key, 0, None)
        total = _libcrypto.combined(s, t, public)
        if r and len(total) == 65:
            break
    e = (r - int.from_bytes(total[1:33])) % N
    if e + N < TOP and rng.random() < 0.5:
        e += N
    return Case("made", public, e, r, s, True)


def signed(rng: random.Random) -> Iterator[Case]:
    """A signature of ours and one of libcrypto with one key."""
    key = edge(rng) % (N - 2) + 1
    ours = _native.Sm2Key(key.to_bytes(32))
    theirs = _libcrypto.Key("SM2", ours.public(), key.to_bytes(32))
    e = rng.randrange(TOP) if rng.randrange(8) else rng.choice([0, 1, N - 1, N, N + 1, TOP - 1])
    digest = e.to_bytes(32)
    for kind, raw in (
        ("ours", ours.sign_digest(digest)),
        ("theirs", _native.sm2_signature_raw(theirs.sign(digest))),
    ):
        yield Case(kind, ours.public(), e, int.from_bytes(raw[:32]), int.from_bytes(raw[32:]), True)


def changed(rng: random.Random, case: Case) -> Case:
    """One field of a good case made bad, or perhaps not."""
    x, y = case.public[1:33], int.from_bytes(case.public[33:])
    e, r, s, public = case.e, case.r, case.s, case.public
    match rng.randrange(8):
        case 0:
            e ^= 1 << rng.randrange(256)
        case 1:
            r ^= 1 << rng.randrange(256)
        case 2:
            s ^= 1 << rng.randrange(256)
        case 3:
            r, s = rng.choice([(r + N, s), (r, s + N), (r - N, s), (r, s - N)])
        case 4:
            special = [0, 1, N - 1, N, N + 1, P, TOP - 1]
            r, s = rng.choice([(rng.choice(special), s), (r, rng.choice(special)), (r, N - r)])
        case 5:
            r, s = s, r
        case 6:
            public = b"\4" + x + (P - y).to_bytes(32)
        case 7:
            e = (e + N) % TOP
    return Case("changed", public, e, r % TOP, s % TOP)


def cases(count: int) -> list[Case]:
    rng = random.Random(count)
    out: list[Case] = []
    while len(out) < count:
        out += signed(rng)
        out.append(made(rng))
        out += [changed(rng, case) for case in out[-3:]]
    return out[:count]


def test_the_same_signatures_hold() -> None:
    all_cases = cases(CASES)
    batch = [(c.public, c.e.to_bytes(32), c.r.to_bytes(32) + c.s.to_bytes(32)) for c in all_cases]
    packed = [(_native.sm2_compress(public), e, raw) for public, e, raw in batch]
    ours = _native.sm2_verify_many(batch, threads=2)
    assert _native.sm2_verify_many(packed) == ours
    for case, (public, e, raw), held in zip(all_cases, batch, ours, strict=True):
        theirs = _libcrypto.Key("SM2", public).verify(e, _native.sm2_signature_der(raw))
        assert held == theirs, case
        assert case.expected in (None, held), case
    assert {case.kind for case in all_cases} == {"ours", "theirs", "made", "changed"}
    assert 0.4 < sum(ours) / len(ours) < 0.7


def test_messages_go_both_ways() -> None:
    rng = random.Random(1)
    for i in range(max(CASES // 20, 20)):
        key = edge(rng) % (N - 2) + 1
        ours = _native.Sm2Key(key.to_bytes(32))
        theirs = _libcrypto.Key("SM2", ours.public(), key.to_bytes(32))
        # one octet has a key stream of zeros once in 256 times, which the standard forbids
        message = rng.randbytes(1 + i % 300)
        assert theirs.decrypt(_native.sm2_encrypt(ours.public(), message, der=True)) == message
        octets = theirs.encrypt(message)
        assert octets is not None
        assert ours.decrypt(octets, der=True) == message
        at = rng.randrange(len(octets))
        bad = octets[:at] + bytes([octets[at] ^ 1 << rng.randrange(8)]) + octets[at + 1 :]
        with pytest.raises(ValueError, match="ciphertext"):
            ours.decrypt(bad, der=True)


@pytest.mark.parametrize(
    "bad",
    [
        "3006020101020101ff",  # more after the end
        "300702020001020101",  # a zero too many
        "308106020101020101",  # a length in two octets that fits one
        "3006020181020101",  # a number below 0
        "3003020101",  # one number
        "3009020101020101020101",  # three
        "",
    ],
)
def test_other_forms_of_der_are_refused_by_both(bad: str) -> None:
    octets = bytes.fromhex(bad)
    public = _libcrypto.combined(5, 0, None)
    assert not _native.sm2_verify(public, b"", b"", octets)
    assert not _libcrypto.Key("SM2", public).verify(bytes(32), octets)
    with pytest.raises(ValueError, match="no DER sequence of two numbers"):
        _native.sm2_signature_raw(octets)
