"""The tree against the definitions of RFC 9162, 2.1, spelled out here, and every proof of small trees."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.ca.audit import tree


def defined(entries: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return hashlib.sha256(b"\1" + defined(entries[:k]) + defined(entries[k:])).digest()


SHA256 = tree.hasher("sha256")
ENTRIES = [bytes([n]) * n for n in range(40)]
LEAVES = [tree.leaf(SHA256, entry) for entry in ENTRIES]


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_root_is_that_of_the_rfc(entries: list[bytes]) -> None:
    assert tree.root(SHA256, [tree.leaf(SHA256, entry) for entry in entries]) == defined(entries)


def test_every_inclusion_and_consistency() -> None:
    for size in range(1, len(LEAVES) + 1):
        leaves = LEAVES[:size]
        root = defined(ENTRIES[:size])
        for index in range(size):
            proof = tree.inclusion(SHA256, leaves, index)
            assert tree.included(SHA256, LEAVES[index], index, size, proof, root)
            assert not tree.included(
                SHA256, LEAVES[index], index, size, proof, LEAVES[0] if size > 1 else root[::-1]
            )
            if size > 1:
                wrong = (index + 1) % size
                assert not tree.included(SHA256, LEAVES[wrong], index, size, proof, root)
            first = index + 1
            old = defined(ENTRIES[:first])
            steps = tree.consistency(SHA256, leaves, first)
            assert tree.consistent(SHA256, first, size, old, root, steps)
            assert not tree.consistent(SHA256, first, size, old[::-1], root, steps)
            assert not tree.consistent(SHA256, first, size, old, root[::-1], steps)
            for at in range(len(steps)):
                assert not tree.consistent(
                    SHA256, first, size, old, root, [*steps[:at], bytes(32), *steps[at + 1 :]]
                )
                assert not tree.consistent(SHA256, first, size, old, root, steps[:at])


@given(st.integers(-2, 70), st.integers(-2, 70), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_no_proof_is_an_exception(a: int, b: int, proof: list[bytes]) -> None:
    assert not tree.included(SHA256, b"", a, b, proof, b"")
    assert not tree.consistent(SHA256, a, b, b"x", b"y", proof)


def test_grown_is_built_at_once() -> None:
    grown = tree.Tree(SHA256)
    for before, after in pairwise(range(len(LEAVES))):
        grown.add(LEAVES[before])
        assert grown.root() == defined(ENTRIES[:after])
        again = tree.Tree(SHA256, grown.size, grown.peaks)
        assert again.root() == grown.root()
    with pytest.raises(ValueError, match="peaks"):
        tree.Tree(SHA256, 3, [b""])


def test_sm3() -> None:
    # GB/T 32905, A.1: the digest of "abc"
    assert tree.hasher("sm3")(b"abc").hex().startswith("66c7f0f462eeedd9d1f2d46bdc10e4e2")
    with pytest.raises(ValueError, match="md5"):
        tree.hasher("md5")
