"""Merkle tree over the entries of the audit (RFC 9162, 2.1): root, inclusion and consistency.

A tree that only grows is kept as its peaks: the roots of the perfect trees that its size is made of,
largest first, one for each bit of the size. Octets are 32 a hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeAlias

Digest: TypeAlias = Literal["sha256", "sm3"]
Hash: TypeAlias = Callable[[bytes], bytes]

SIZE = 32
"""Octets of a hash, of either digest."""

MOST = 1 << 48
"""Entries a tree can hold; a size above is refused as no size."""


def hasher(digest: str) -> Hash:
    """The digest of a tree, by name. Raises `ValueError` for one that is not taken."""
    if digest == "sha256":
        return lambda data: hashlib.sha256(data).digest()
    if digest != "sm3":
        raise ValueError(f"digest {digest}: sha256 or sm3 are taken")
    first = hashlib.new("sm3")

    def sm3(data: bytes) -> bytes:
        state = first.copy()  # quicker than to look the name up each time
        state.update(data)
        return state.digest()

    return sm3


def leaf(hash: Hash, entry: bytes) -> bytes:
    """Hash of an entry."""
    return hash(b"\0" + entry)


def node(hash: Hash, left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees."""
    return hash(b"\1" + left + right)


class Tree:
    """A tree that grows at its end. `size` counts its leaves, `peaks` are its perfect subtrees."""

    __slots__ = ("hash", "peaks", "size")

    def __init__(self, hash: Hash, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.hash, self.size, self.peaks = hash, size, list(peaks)
        if len(self.peaks) != size.bit_count():
            raise ValueError(f"{len(self.peaks)} peaks for a tree of {size} leaves")

    def add(self, leaf: bytes) -> None:
        """Add the hash of an entry."""
        hash, peaks, size = self.hash, self.peaks, self.size
        while size & 1:
            leaf = hash(b"\1" + peaks.pop() + leaf)
            size >>= 1
        peaks.append(leaf)
        self.size += 1

    def copy(self) -> Tree:
        """The tree as it is now."""
        return Tree(self.hash, self.size, self.peaks)

    def root(self) -> bytes:
        """The root; that of no leaves is the hash of nothing."""
        if not self.peaks:
            return self.hash(b"")
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node(self.hash, peak, root)
        return root


def root(hash: Hash, leaves: Sequence[bytes]) -> bytes:
    """Root over hashes of entries."""
    tree = Tree(hash)
    for each in leaves:
        tree.add(each)
    return tree.root()


def split(size: int) -> int:
    """The largest power of two below `size` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion(hash: Hash, leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Proof that leaf `index` is in the tree (RFC 9162, 2.1.3.1), from the leaf upwards."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"entry {index}: the tree has {len(leaves)}")
    proof: list[bytes] = []
    low, high = 0, len(leaves)
    while high - low > 1:
        middle = low + split(high - low)
        if index < middle:
            proof.append(root(hash, leaves[middle:high]))
            high = middle
        else:
            proof.append(root(hash, leaves[low:middle]))
            low = middle
    return proof[::-1]


def included(hash: Hash, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows that `leaf` is number `index` of the tree of this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size <= MOST:
        return False
    at, last, found = index, size - 1, leaf
    for step in proof:
        if not last:
            return False
        if at & 1 or at == last:
            found = node(hash, step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(hash, found, step)
        at, last = at >> 1, last >> 1
    return not last and found == root


def consistency(hash: Hash, leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Proof that the tree of the first `first` leaves is the beginning of this one (RFC 9162, 2.1.4.1)."""
    if not 0 < first <= len(leaves):
        raise ValueError(f"size {first}: the tree has {len(leaves)}")
    proof: list[bytes] = []
    low, high, whole = 0, len(leaves), True
    while first != high:
        middle = low + split(high - low)
        if first <= middle:
            proof.append(root(hash, leaves[middle:high]))
            high = middle
        else:
            proof.append(root(hash, leaves[low:middle]))
            low, whole = middle, False
    if not whole:
        proof.append(root(hash, leaves[low:high]))
    return proof[::-1]


def consistent(hash: Hash, first: int, second: int, old: bytes, new: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the tree of size `first` and root `old` is the beginning of that of size
    `second` and root `new` (RFC 9162, 2.1.4.2)."""
    if not 0 < first <= second <= MOST:
        return False
    if first == second:
        return not proof and old == new
    steps = list(proof)
    if first.bit_count() == 1:
        steps.insert(0, old)
    if not steps:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            before, after = node(hash, step, before), node(hash, step, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node(hash, after, step)
        at, last = at >> 1, last >> 1
    return not last and before == old and after == new
