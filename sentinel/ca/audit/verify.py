"""The audit checked: every entry against its tree, the tree against its signed heads, the register
against the entries.

What the files alone show: entries that were edited, deleted, added or put in another order since a head
was signed over them, heads that are not of the key that signs them, certificates without their entry.
What they cannot show: the register rolled back as a whole, and everything written anew with another
head's key. Both are seen against a head that was kept elsewhere.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from sentinel.ca.audit import heads, log
from sentinel.ca.audit.tree import SIZE, Tree, hasher, leaf
from sentinel.ca.register.faults import told
from sentinel.errors import UserError
from sentinel.model import database

MOST = 1_000
"""Faults that are told one by one; all are counted."""


class Bad(msgspec.Struct, frozen=True):
    """A fault: the number of the entry (or the size of the tree) it is at, and what is wrong.

    `edited`, `deleted`, `added`, `reordered`: the entry. `head`: a head that does not fit the entries, is
    not genuine, or of another register. `key`: a head signed by another key than the CA's. `unsigned`: an
    entry that a head should stand over. `certificate`: the register holds another certificate than the
    entry says, or none. `state`: a certificate is not revoked, held or valid as the last entry on it says.
    `file`: what cannot be read.
    """

    index: int
    kind: str


class Report(msgspec.Struct, kw_only=True):
    """The outcome: `root` is that over all entries, hexadecimal; `signed` of them are under a head."""

    ok: bool
    entries: int
    root: str
    bad: list[Bad]
    signed: int
    faults: int


_STATES = {"revoke": b"revoked", "hold": b"held", "resume": b"valid"}
"""States that actions lead to."""


class _Read(msgspec.Struct):
    """What is looked at in an entry."""

    action: str
    subject: str = ""
    details: dict[str, Any] = {}


_entry = msgspec.json.Decoder(_Read).decode


class _Found:
    """Faults, bounded."""

    def __init__(self) -> None:
        self.bad: list[Bad] = []
        self.count = 0

    def add(self, index: int, kind: str) -> None:
        self.count += 1
        if len(self.bad) < MOST:
            self.bad.append(Bad(index, kind))


def verify(path: Path, *, key: bytes | None = None, kept: Sequence[heads.Head] = ()) -> Report:
    """Check the audit in a register's file. `key` is the SubjectPublicKeyInfo of the head's key, DER, if it
    is known; `kept` are heads from elsewhere. Only a file that cannot be opened is an error."""
    if not path.is_file():
        raise UserError(f"{path}: no register is there")
    with (
        told(path),
        closing(sqlite3.connect(database.read_only(path), uri=True, timeout=database.WAIT)) as db,
    ):
        return check(db, key, kept)


def check(db: sqlite3.Connection, key: bytes | None, kept: Sequence[heads.Head]) -> Report:
    """The same for a connection that does nothing else: one moment of the register is looked at."""
    found = _Found()
    db.isolation_level = None
    db.text_factory = bytes
    try:
        db.execute("BEGIN")
        if db.execute("PRAGMA quick_check(1)").fetchone()[0] != b"ok":
            found.add(0, "file")
        settings = {k.decode(): v.decode() for k, v in db.execute("SELECT name, value FROM setting")}
        run = _Check(db, settings["origin"], settings["digest"], key, found)
        run.all(kept)
    except (KeyError, ValueError, TypeError, AttributeError, sqlite3.DatabaseError):
        # rows of another type than the tables ask for are as bad as pages that cannot be read
        found.add(0, "file")
        return Report(ok=False, entries=0, root="", bad=found.bad, signed=0, faults=found.count)
    found.bad.sort(key=lambda bad: bad.index)
    return Report(
        ok=not found.count,
        entries=run.tree.size,
        root=run.tree.root().hex(),
        bad=found.bad,
        signed=run.signed,
        faults=found.count,
    )


class _Check:
    def __init__(
        self, db: sqlite3.Connection, origin: str, digest: str, key: bytes | None, found: _Found
    ) -> None:
        self.db, self.origin, self.digest, self.key, self.found = db, origin, digest, key, found
        self.tree = Tree(hasher(digest))
        self.signed = 0
        self._stored: dict[bytes, int] = {}
        self._broken = False
        self._states: dict[bytes, tuple[bytes, bytes | None]] = {}
        """State and reason by serial, of certificates that are not valid."""
        self._told: dict[bytes, tuple[int, bytes, bytes | None]] = {}
        """Entry, state and reason by serial, as the last entry on it says."""
        self._lonely: dict[bytes, tuple[int, bytes]] = {}
        """Serials of which only one side was seen so far: (entry or -1, fingerprint)."""

    def all(self, kept: Sequence[heads.Head]) -> None:
        """Look at everything once, in order."""
        own = self._heads()
        waiting = sorted((*own, *kept), key=lambda head: head.size, reverse=True)
        certificates = self.db.execute(
            "SELECT serial, sha256, der, state, reason FROM certificate LEFT JOIN encoded USING (number) "
            "ORDER BY number"
        )
        last_good = 0
        for index, entry, stored in self._entries():
            while waiting and waiting[-1].size <= self.tree.size:
                last_good = self._head(waiting.pop(), last_good)
            hashed = leaf(self.tree.hash, entry)
            if stored is not None and stored != hashed:
                self._broken = True
                self.found.add(index, "reordered" if hashed in self._stored else "edited")
            self.tree.add(hashed)
            self._issued(index, entry, certificates)
        while waiting:
            last_good = self._head(waiting.pop(), last_good)
        for row in certificates:
            self._certificate(*row)
        for serial in self._states.keys() | self._told.keys():
            index, state, reason = self._told.get(serial, (0, b"valid", None))
            if self._states.get(serial, (b"valid", None)) != (state, reason):
                self.found.add(index, "state")
        for index, _ in self._lonely.values():
            self.found.add(max(index, 0), "certificate")
        self._tail(own)

    def _entries(self) -> Iterator[tuple[int, bytes, bytes | None]]:
        """(number, entry, hash that is stored of it if its block is whole), gaps told."""
        blocks = self.db.execute("SELECT number, leaves FROM block ORDER BY number")
        leaves: list[bytes] = []
        expected, block = 0, -1
        for index, entry in log.entries(self.db, -(1 << 62), 1 << 62):
            if index != expected:
                self._broken = True
                for missing in range(max(expected, 0), min(index, expected + MOST)):
                    self.found.add(missing, "deleted")
                if index < 0:
                    self.found.add(0, "added")
            expected = index + 1
            while block < index // log.BLOCK:
                row = blocks.fetchone()
                if row is None:
                    block, leaves = 1 << 62, []
                    break
                block = row[0]
                leaves = [row[1][at : at + SIZE] for at in range(0, len(row[1]), SIZE)]
                self._stored = {hashed: block * log.BLOCK + at for at, hashed in enumerate(leaves)}
            within = index - block * log.BLOCK
            yield index, entry, leaves[within] if 0 <= within < len(leaves) else None

    def _heads(self) -> list[heads.Head]:
        """Heads in the register's file that can be read."""
        out = []
        for size, text in self.db.execute("SELECT size, head FROM head ORDER BY size"):
            try:
                head = heads.parse(text, "head")
                if head.size != size:
                    raise UserError("another size")
                out.append(head)
            except UserError:
                self.found.add(size, "head")
        return out

    def _head(self, head: heads.Head, last_good: int) -> int:
        """Check a head where the tree has its size; the size up to which all is good."""
        if self.key is not None and head.key != heads.text(self.key):
            self.found.add(head.size, "key")
        if head.origin != self.origin or head.digest != self.digest or not head.genuine():
            self.found.add(head.size, "head")
            return last_good
        if head.size > self.tree.size:
            self.found.add(self.tree.size, "deleted")
            self._broken = True
        elif head.root != self.tree.root().hex():
            if not self._broken:
                # the hashes that are stored were made to fit: between this head and the one before it
                self.found.add(last_good, "edited")
                self._broken = True
            self.found.add(head.size, "head")
        else:
            self.signed = max(self.signed, head.size)
            return head.size
        return last_good

    def _issued(self, index: int, entry: bytes, certificates: sqlite3.Cursor) -> None:
        """Pair an entry that issued a certificate with the register's next one."""
        try:
            read = _entry(entry)
            if read.action in _STATES:
                self._changed(index, read)
            sha256 = read.details.get("sha256")
            if not isinstance(sha256, str) or "intent" in read.details:
                return
            serial, fingerprint = bytes.fromhex(read.subject), bytes.fromhex(sha256)
        except (msgspec.DecodeError, ValueError, UnicodeDecodeError):
            return
        issued = [(serial, fingerprint)]
        try:
            if read.details.get("pair_sha256"):
                pair = read.details["pair_serial"], read.details["pair_sha256"]
                issued.append((bytes.fromhex(pair[0]), bytes.fromhex(pair[1])))
        except (KeyError, ValueError, TypeError):
            self.found.add(index, "certificate")
        for serial, fingerprint in issued:
            self._pair(serial, index, fingerprint)
            row = certificates.fetchone()
            if row is not None:
                self._certificate(*row)

    def _changed(self, index: int, read: _Read) -> None:
        state = _STATES[read.action]
        reason = {b"held": "certificateHold", b"valid": None}.get(state, read.details.get("reason"))
        told = (index, state, None if reason is None else str(reason).encode())
        for text in (read.subject, *str(read.details.get("pair_serial", "")).split(",")):
            if text:
                self._told[bytes.fromhex(text)] = told

    def _certificate(
        self, serial: bytes, sha256: bytes, der: bytes | None, state: bytes, reason: bytes | None
    ) -> None:
        if der is None or hashlib.sha256(der).digest() != sha256:
            self.found.add(0, "certificate")
        if state != b"valid":
            self._states[serial] = (state, reason)
        self._pair(serial, -1, sha256)

    def _pair(self, serial: bytes, index: int, fingerprint: bytes) -> None:
        other = self._lonely.pop(serial, None)
        if other is None:
            self._lonely[serial] = (index, fingerprint)
        elif other[1] != fingerprint or (other[0] < 0) == (index < 0):
            self.found.add(max(index, other[0], 0), "certificate")

    def _tail(self, own: Sequence[heads.Head]) -> None:
        """A certificate is always issued under a head, if the audit has a key."""
        if self.key is None and not own:
            return
        for index, entry in log.entries(self.db, self.signed, 1 << 62):
            try:
                issued = "sha256" in _entry(entry).details
            except (msgspec.DecodeError, UnicodeDecodeError):
                issued = True
            if issued and not self._broken:
                self.found.add(index, "unsigned")
