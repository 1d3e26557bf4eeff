"""The audit in the register's file: entries are appended in the transaction of what they tell of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sentinel.ca.audit import heads
from sentinel.ca.audit.tree import SIZE, Hash, Tree, leaf

if TYPE_CHECKING:
    from sentinel.ca.keys import Signer

BLOCK = 256
"""Leaves of a block: the tree is read from the peaks of the last block and at most as many entries."""


class Log:
    """The growing tree of an open register. Used inside a write transaction, by one thread at a time."""

    def __init__(self, hash: Hash, digest: str, origin: str) -> None:
        self.hash, self.digest, self.origin = hash, digest, origin
        self._tree: Tree | None = None
        self._tail: list[bytes] = []
        self._grown: Tree | None = None
        self._grown_tail: list[bytes] = []

    def begin(self, db: sqlite3.Connection) -> None:
        """Start of a transaction: another process may have added entries."""
        stored = size(db)
        if self._tree is None or self._tree.size != stored:
            self._tree, self._tail = load(db, self.hash, stored)
        self._grown, self._grown_tail = self._tree.copy(), list(self._tail)

    def append(self, db: sqlite3.Connection, entries: Sequence[bytes]) -> int:
        """Add entries; the number of the first."""
        tree, tail = self._grown, self._grown_tail
        assert tree is not None
        first = tree.size
        db.executemany(
            "INSERT INTO audit VALUES (?, ?)", [(first + n, e.decode()) for n, e in enumerate(entries)]
        )
        for entry in entries:
            hashed = leaf(self.hash, entry)
            tree.add(hashed)
            tail.append(hashed)
            if len(tail) == BLOCK:
                number = tree.size // BLOCK - 1
                db.execute(
                    "INSERT INTO block VALUES (?, ?, ?)", (number, b"".join(tree.peaks), b"".join(tail))
                )
                tail.clear()
        return first

    @property
    def size(self) -> int:
        """Entries, those of this transaction included."""
        assert self._grown is not None
        return self._grown.size

    def seal(self, db: sqlite3.Connection, signer: Signer, time: str) -> heads.Head | None:
        """Sign a head over all entries, if there are new ones. Of each block its last head is kept."""
        tree = self._grown
        assert tree is not None
        last = db.execute("SELECT max(size) FROM head").fetchone()[0]
        if last == tree.size:
            return None
        head = heads.sign(
            signer, origin=self.origin, size=tree.size, root=tree.root(), digest=self.digest, time=time
        )
        if last is not None and last // BLOCK == tree.size // BLOCK:
            db.execute("DELETE FROM head WHERE size = ?", (last,))
        db.execute("INSERT INTO head VALUES (?, ?)", (tree.size, head.json()))
        return head

    def committed(self) -> None:
        """The transaction stands: what was appended counts."""
        assert self._grown is not None
        self._tree, self._tail = self._grown, self._grown_tail
        self._grown = None


def size(db: sqlite3.Connection) -> int:
    """Entries of the audit."""
    (last,) = db.execute("SELECT max(number) FROM audit").fetchone()
    return 0 if last is None else int(last) + 1


def load(db: sqlite3.Connection, hash: Hash, stored: int) -> tuple[Tree, list[bytes]]:
    """The tree over the first `stored` entries, and the hashes of the leaves after its last whole block."""
    whole = stored // BLOCK
    tree = Tree(hash)
    if whole:
        row = db.execute("SELECT peaks FROM block WHERE number = ?", (whole - 1,)).fetchone()
        if row is None:
            raise sqlite3.DatabaseError(f"block {whole - 1} of the audit is missing")
        peaks = row[0]
        tree = Tree(hash, whole * BLOCK, [peaks[at : at + SIZE] for at in range(0, len(peaks), SIZE)])
    tail = [leaf(hash, entry) for _, entry in entries(db, whole * BLOCK, stored)]
    for hashed in tail:
        tree.add(hashed)
    return tree, tail


def entries(db: sqlite3.Connection, first: int, end: int) -> Iterator[tuple[int, bytes]]:
    """(number, entry) from `first` to before `end`, in order."""
    found = db.execute(
        "SELECT number, CAST(entry AS BLOB) FROM audit WHERE number >= ? AND number < ? ORDER BY number",
        (first, end),
    )
    yield from found
