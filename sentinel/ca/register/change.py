"""What is done to the register in one transaction: rows, and the entries of the audit that tell of them."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sentinel.ca.audit.log import Log
from sentinel.ca.register import rows
from sentinel.ca.register.records import REASONS, Certificate, Entry, now
from sentinel.errors import UserError

ENTRY_MOST = 65_536
"""Octets of an entry of the audit."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class DoubledError(UserError):
    """A serial is in the register already. Whatever else was done in its transaction does not stand."""


class Change:
    """One transaction on the register. What it did counts when `Register.transaction` has ended, and
    then survives a power cut; if the block raises, nothing of it counts."""

    def __init__(self, db: sqlite3.Connection, log: Log) -> None:
        self.db, self.log = db, log
        """`db` is for tables of others; what `add` and `audit` were given is in it after `flush`."""
        self.at = now()
        (last,) = db.execute("SELECT max(number) FROM certificate").fetchone()
        self._next = (last or 0) + 1
        self._added: list[rows.Added] = []
        self._entries: list[bytes] = []

    def add(self, certificate: Certificate, der: bytes) -> None:
        """Add a certificate. A serial that is there refuses the whole transaction, at its end."""
        self._added.append((rows.serial(certificate.serial), certificate, der))

    def flush(self) -> None:
        """Write what was added so far. Raises `UserError` for a serial that is there: then nothing of
        the transaction stands."""
        added, self._added = self._added, []
        if added:
            try:
                rows.insert(self.db, self._next, added)
            except sqlite3.IntegrityError:
                raise self._doubled([certificate.serial for _, certificate, _ in added]) from None
            self._next += len(added)
        entries, self._entries = self._entries, []
        if entries:
            self.log.append(self.db, entries)

    def _doubled(self, serials: Sequence[str]) -> DoubledError:
        for number, each in enumerate(serials):
            found = self.db.execute("SELECT number FROM certificate WHERE serial = ?", (rows.serial(each),))
            row = found.fetchone()
            if each in serials[:number] or (row is not None and row[0] < self._next):
                return DoubledError(f"serial {each}: is in the register already; nothing was added")
        return DoubledError("a certificate could not be added")

    def revoke(self, serial: str, reason: str, at: str | None = None) -> None:
        """Revoke a certificate that is valid or held."""
        if reason not in REASONS or reason == "certificateHold":
            raise UserError(
                f"reason {reason}: one of {', '.join(r for r in REASONS if r != 'certificateHold')}", 2
            )
        if self._state(serial) == "revoked":
            raise UserError(f"serial {serial}: is revoked already")
        self._change(serial, "revoked", reason, at or self.at)

    def hold(self, serial: str, at: str | None = None) -> None:
        """Put a valid certificate on hold."""
        state = self._state(serial)
        if state != "valid":
            raise UserError(f"serial {serial}: is {state}; only a valid certificate can be put on hold")
        self._change(serial, "held", "certificateHold", at or self.at)

    def resume(self, serial: str) -> None:
        """End the hold of a certificate."""
        state = self._state(serial)
        if state != "held":
            raise UserError(f"serial {serial}: is {state}; only a held certificate can be resumed")
        self._change(serial, "valid", None, None)

    def _state(self, serial: str) -> str:
        self.flush()
        found = self.db.execute("SELECT state FROM certificate WHERE serial = ?", (rows.serial(serial),))
        row = found.fetchone()
        if row is None:
            raise UserError(f"serial {serial}: is not in the register")
        return str(row[0])

    def _change(self, serial: str, state: str, reason: str | None, at: str | None) -> None:
        self.db.execute(
            "UPDATE certificate SET state = ?, reason = ?, revoked_at = ?, changed = ? WHERE serial = ?",
            (state, reason, at, self.log.size + len(self._entries), rows.serial(serial)),
        )

    def audit(
        self,
        action: str,
        *,
        who: str,
        why: str = "",
        source: str = "cli",
        subject: str = "",
        details: Mapping[str, Any] | None = None,
        approvals: Sequence[str] = (),
    ) -> int:
        """Add an entry to the audit; its number. No secret may stand in it."""
        entry = Entry(
            at=self.at,
            action=action,
            who=who,
            source=source,
            subject=subject,
            why=why,
            details=details or {},
            approvals=approvals,
        )
        return self.audit_entry(entry)

    def audit_entry(self, entry: Entry) -> int:
        """Add an entry to the audit; its number."""
        encoded = _encode(entry)
        if len(encoded) > ENTRY_MOST:
            raise UserError(f"an entry of the audit has {len(encoded):,} octets; {ENTRY_MOST:,} are the most")
        self._entries.append(encoded)
        return self.log.size + len(self._entries) - 1

    def intent(
        self, action: str, *, who: str, subject: str = "", details: Mapping[str, Any] | None = None
    ) -> str:
        """Say what is going to be done, before a key of a CA or of a token is made or used: commit it, do
        it, then say `done` with the id. What was never done stays in `Register.intents`."""
        name = secrets.token_hex(8)
        self.db.execute(
            "INSERT INTO intent VALUES (?, ?, ?, ?, NULL)",
            (name, self.at, action, _encode(details or {}).decode()),
        )
        self.audit(
            "intent", who=who, subject=subject, details={"intent": name, "of": action, **(details or {})}
        )
        return name

    def done(self, intent: str, outcome: str = "done") -> None:
        """End an intent: `done`, or what became of it."""
        changed = self.db.execute(
            "UPDATE intent SET outcome = ? WHERE id = ? AND outcome IS NULL", (outcome, intent)
        ).rowcount
        if not changed:
            raise UserError(f"intent {intent}: is not open")

    def next_number(self, name: str) -> int:
        """The next of a row of numbers, from 1 (numbers of revocation lists)."""
        (number,) = self.db.execute(
            "INSERT INTO counter VALUES (?, 1) "
            "ON CONFLICT (name) DO UPDATE SET value = value + 1 "
            "RETURNING value",
            (name,),
        ).fetchone()
        return int(number)

    def put_state(self, name: str, value: bytes | None) -> None:
        """Keep something under a name; None forgets it."""
        if value is None:
            self.db.execute("DELETE FROM state WHERE name = ?", (name,))
        else:
            self.db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))
