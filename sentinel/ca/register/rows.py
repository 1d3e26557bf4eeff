"""Certificates as rows, written and read."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from sentinel.ca.register.records import Certificate
from sentinel.errors import UserError

COLUMNS = (
    "serial, subject, issuer, algorithm, profile, state, reason, not_before, not_after, revoked_at, sha256, "
    "spki_sha256, pair_id, asset, requester, names"
)
PAGE = 512
"""Rows read at once: a reader is never in the middle of a statement while its rows are looked at."""

SEGMENT = 4096
"""Certificates of a segment of `hash`."""

START = 8
"""Octets of a hash that stand in `hash`."""

_SERIAL = re.compile(r"[0-9a-f]{40}").fullmatch
_INSERT = f"INSERT INTO certificate (number, {COLUMNS}) VALUES (?{', ?' * 16})"  # noqa: S608


def serial(text: str) -> bytes:
    """Octets of a serial. Raises `UserError` for what is none."""
    if not _SERIAL(text):
        raise UserError(f"serial {text[:60]}: write its 40 hexadecimal digits, lower case")
    return bytes.fromhex(text)


Added: TypeAlias = tuple[bytes, Certificate, bytes]
"""Octets of a serial, its certificate, and what that is encoded as."""


def insert(db: sqlite3.Connection, first: int, certificates: Sequence[Added]) -> None:
    """Add certificates and what they are encoded as, numbered from `first`. Raises
    `sqlite3.IntegrityError` for a serial that is there."""
    rows, encoded, names, hashes = [], [], [], []
    for number, (octets, c, der) in enumerate(certificates, first):
        other = "\n".join(c.names)
        sha256 = bytes.fromhex(c.sha256)
        rows.append(
            (
                number,
                octets,
                c.subject,
                c.issuer,
                c.algorithm,
                c.profile,
                c.state,
                c.reason,
                c.not_before,
                c.not_after,
                c.revoked_at,
                sha256,
                bytes.fromhex(c.spki_sha256),
                c.pair_id,
                c.asset,
                c.requester,
                other,
            )
        )
        encoded.append((number, der))
        hashes.append((number // SEGMENT, sha256[:START], number))
        names.append((number, f"{c.subject}\n{other}\n{c.asset or ''}"))
    db.executemany(_INSERT, rows)
    db.executemany("INSERT INTO encoded VALUES (?, ?)", encoded)
    db.executemany("INSERT INTO hash VALUES (?, ?, ?)", hashes)
    db.executemany("INSERT INTO name (rowid, text) VALUES (?, ?)", names)


def by_hash(db: sqlite3.Connection, first: bytes, last: bytes, limit: int) -> list[int]:
    """Numbers of certificates whose fingerprint may lie between two, the newest first: only the first
    `START` octets are looked at."""
    (newest,) = db.execute("SELECT max(number) FROM certificate").fetchone()
    found: list[int] = []
    for segment in range((newest or 0) // SEGMENT, -1, -1):
        found += (
            number
            for (number,) in db.execute(
                "SELECT number FROM hash WHERE segment = ? AND start BETWEEN ? AND ? LIMIT ?",
                (segment, first[:START], last[:START], limit - len(found)),
            )
        )
        if len(found) >= limit:
            break
    return sorted(found, reverse=True)


def known_keys(db: sqlite3.Connection, hashes: Sequence[bytes]) -> set[bytes]:
    """Which of these are hashes of keys that have certificates."""
    places = ", ".join("?" * len(hashes))
    query = f"SELECT spki_sha256 FROM certificate WHERE spki_sha256 IN ({places})"  # noqa: S608
    return {bytes(found) for (found,) in db.execute(query, hashes)}


def certificate(row: Sequence[Any], at: str) -> Certificate:
    """A certificate from its columns, expired if its end is before `at`."""
    (
        serial,
        subject,
        issuer,
        algorithm,
        profile,
        state,
        reason,
        not_before,
        not_after,
        revoked_at,
        sha256,
        key,
    ) = row[:12]
    pair_id, asset, requester, names = row[12:16]
    return Certificate(
        serial=serial.hex(),
        subject=subject,
        issuer=issuer,
        algorithm=algorithm,
        profile=profile,
        state="expired" if state == "valid" and not_after < at else state,
        reason=reason,
        not_before=not_before,
        not_after=not_after,
        revoked_at=revoked_at,
        sha256=sha256.hex(),
        spki_sha256=key.hex(),
        pair_id=pair_id,
        asset=asset,
        requester=requester,
        names=tuple(names.split("\n")) if names else (),
    )


def select(
    db: sqlite3.Connection, rest: str, values: Sequence[Any] | dict[str, Any], at: str
) -> Iterator[Certificate]:
    """Certificates by the rest of a SELECT (joins, WHERE, ORDER BY)."""
    columns = ", ".join(f"certificate.{name}" for name in COLUMNS.split(", "))
    found = db.execute(f"SELECT {columns} FROM {rest}", values)  # noqa: S608
    for row in found:
        yield certificate(row, at)
