"""Operators of a CA: their roles and keys, in its register.

Duties are separate (GB/T 25056): an administrator looks after operators, tokens and the CA's own keys, an
operator issues and revokes, an auditor reads the audit. A name has one role, and a key one name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from sentinel.ca.keys import PublicKey
from sentinel.ca.register import Change, Register
from sentinel.errors import UserError

ROLES = ("administrator", "operator", "auditor")
APPROVING = ("administrator", "operator")
"""Roles that may approve; who audits does not act."""

MOST = 1_000
_NAME_MOST = 80


class Operator(msgspec.Struct, frozen=True):
    """An operator. `key_sha256` is that of his SubjectPublicKeyInfo, hexadecimal."""

    name: str
    role: str
    algorithm: str
    key_sha256: str
    added: str


def add(
    change: Change,
    name: str,
    spki: bytes,
    *,
    role: str,
    who: str,
    source: str = "cli",
    why: str = "",
    approvals: Sequence[str] = (),
) -> None:
    """Enter an operator with his public key. `UserError` for a name or key that is entered already."""
    if role not in ROLES:
        raise UserError(f"role {role[:40]}: one of {', '.join(ROLES)}", 2)
    if not (0 < len(name) <= _NAME_MOST and name.isprintable() and name == name.strip()):
        raise UserError(f"operator {name[:80]!r}: 1 to {_NAME_MOST} characters that can be shown")
    key = PublicKey(spki)
    (count,) = change.db.execute("SELECT count(*) FROM operator").fetchone()
    if count >= MOST:
        raise UserError(f"operator {name}: there are {MOST:,}, and no more are taken")
    try:
        change.db.execute("INSERT INTO operator VALUES (?, ?, ?, ?)", (name, role, spki, change.at))
    except sqlite3.IntegrityError:
        other = change.db.execute("SELECT name FROM operator WHERE spki = ?", (spki,)).fetchone()
        what = "is entered already" if other is None or other[0] == name else f"his key is that of {other[0]}"
        raise UserError(f"operator {name}: {what}") from None
    told = {"role": role, "key": key.sha256()}
    change.audit("operator", who=who, source=source, why=why, subject=name, details=told, approvals=approvals)


def remove(
    change: Change,
    name: str,
    *,
    keep: int,
    who: str,
    source: str = "cli",
    why: str = "",
    approvals: Sequence[str] = (),
) -> None:
    """Take an operator out. `keep` are those that must stay who may approve: fewer and nothing could be
    approved any more. What he approved and is not done yet counts no longer."""
    row = change.db.execute("SELECT role FROM operator WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise UserError(f"operator {name[:80]}: there is none; `sentinel ca operators` lists them")
    if row[0] in APPROVING:
        (left,) = change.db.execute(
            "SELECT count(*) FROM operator WHERE role != 'auditor' AND name != ?", (name,)
        ).fetchone()
        if left < keep:
            raise UserError(f"operator {name}: the policy needs {keep} who may approve; enter another first")
    change.db.execute("DELETE FROM operator WHERE name = ?", (name,))
    told = {"role": row[0]}
    change.audit(
        "operator-remove", who=who, source=source, why=why, subject=name, details=told, approvals=approvals
    )


def every(register: Register) -> list[Operator]:
    """All operators, by name."""
    out = []
    for name, role, spki, added in register.query(
        "SELECT name, role, spki, added FROM operator ORDER BY name"
    ):
        key = PublicKey(spki)
        out.append(Operator(name, role, key.algorithm, key.sha256(), added))
    return out


def by_key(register: Register, spki: bytes) -> tuple[str, str] | None:
    """Name and role of the operator with a key (SubjectPublicKeyInfo)."""
    rows = register.query("SELECT name, role FROM operator WHERE spki = ?", (spki,))
    return (rows[0][0], rows[0][1]) if rows else None


def find(register: Register, name: str) -> tuple[str, PublicKey] | None:
    """Role and key of an operator."""
    rows = register.query("SELECT role, spki FROM operator WHERE name = ?", (name,))
    return (rows[0][0], PublicKey(rows[0][1])) if rows else None
