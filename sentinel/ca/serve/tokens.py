"""Tokens: what a client shows instead of a certificate.

A token is its number and 32 random octets, given out once and kept as their SHA-256. By the number,
tokens that were made one after the other lie together on the disk, and are spent with few pages
written. An `enrol` token issues one certificate of one profile, and is spent in the transaction that
records it. An `api` token speaks for an operator, with the role he has now, until it ends.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from sentinel.ca.register import Change, Register
from sentinel.errors import UserError

KINDS = ("enrol", "api")
MOST_DAYS = 3650
_NUMBER, _OCTETS = 8, 32
_PREFIX = "token/"


class Token(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a token. Times are RFC 3339 UTC in seconds."""

    id: str
    """Its number, 16 hexadecimal digits: it says nothing of the rest and may be shown."""
    sha256: str
    kind: str
    name: str
    """Whom it speaks for: the device, or the operator."""
    not_after: str
    by: str
    profile: str = ""
    serial_number: str = ""
    """Of the device: the certificate carries this one and no other."""


def make(
    change: Change,
    *,
    kind: str,
    name: str,
    by: str,
    days: int,
    profile: str = "",
    serial_number: str = "",
    source: str = "cli",
) -> tuple[str, Token]:
    """Make a token in a transaction; the text is to be shown once and is kept nowhere."""
    if kind not in KINDS:
        raise UserError(f"kind {kind[:40]!r}: one of {', '.join(KINDS)}", 2)
    if kind == "api" and not change.db.execute("SELECT 1 FROM operator WHERE name = ?", (name,)).fetchone():
        raise UserError(f"operator {name[:80]}: there is none; `sentinel ca operators --add` enters one", 2)
    if kind == "enrol" and not profile:
        raise UserError("an enrol token needs a profile", 2)
    if not 1 <= days <= MOST_DAYS:
        raise UserError(f"days {days}: from 1 to {MOST_DAYS:,}", 2)
    if not (0 < len(name) <= 128 and name.isprintable() and len(serial_number) <= 128):
        raise UserError("name, serial number: 1 to 128 characters that can be shown", 2)
    number = change.next_number("token")
    octets = number.to_bytes(_NUMBER, "big") + secrets.token_bytes(_OCTETS)
    end = datetime.now(UTC) + timedelta(days=days)
    token = Token(
        id=number.to_bytes(_NUMBER, "big").hex(),
        sha256=hashlib.sha256(octets).hexdigest(),
        kind=kind,
        name=name,
        not_after=end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        by=by,
        profile=profile if kind == "enrol" else "",
        serial_number=serial_number,
    )
    change.put_state(_PREFIX + token.id, msgspec.json.encode(token))
    change.audit("token", who=by, source=source, subject=token.id, details={"kind": kind, "for": name})
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode(), token


def find(register: Register, texts: Iterable[str], now: str) -> dict[str, Token]:
    """Of what clients show, what is a token that has not ended. Hashes are compared, so the time that takes
    tells nothing of the tokens there are."""
    names: dict[str, dict[str, str]] = {}
    for text in texts:
        octets = _octets(text)
        if octets is not None:
            digests = names.setdefault(_PREFIX + octets[:_NUMBER].hex(), {})
            digests[hashlib.sha256(octets).hexdigest()] = text
    if not names:
        return {}
    marks = ",".join("?" * len(names))
    sql = f"SELECT name, value FROM state WHERE name IN ({marks})"  # noqa: S608
    rows = register.query(sql, tuple(names), near=True)
    out = {}
    for name, value in rows:
        token = _token(value)
        shown = names[name].get(token.sha256)
        if shown is not None and token.not_after > now:
            out[shown] = token
    return out


_token = msgspec.json.Decoder(Token).decode


def _octets(text: str) -> bytes | None:
    if len(text) != 54 or not text.isascii():
        return None
    try:
        return base64.b64decode(text + "==", altchars=b"-_", validate=True)
    except ValueError:
        return None


def spend(change: Change, spent: Sequence[Token]) -> list[bool]:
    """Take tokens out in a transaction; False for each that somebody was faster with."""
    names = [_PREFIX + token.id for token in spent]
    marks = ",".join("?" * len(names))
    sql = f"DELETE FROM state WHERE name IN ({marks}) RETURNING name"  # noqa: S608
    gone = {name for (name,) in change.db.execute(sql, names)}
    return [name in gone for name in names]


def remove(change: Change, id: str, *, who: str, source: str = "cli") -> None:
    """Take a token back. `UserError` if there is none."""
    if change.db.execute("DELETE FROM state WHERE name = ?", (_PREFIX + id,)).rowcount != 1:
        raise UserError(f"token {id[:64]}: not there; it was spent, taken back, or never made")
    change.audit("token-remove", who=who, source=source, subject=id)


def every(register: Register, limit: int = 1000) -> list[Token]:
    """Tokens there are, some that ended included."""
    rows = register.query(
        "SELECT value FROM state WHERE name BETWEEN ? AND ? ORDER BY name LIMIT ?",
        (_PREFIX, _PREFIX + "g", limit),
    )
    return [_token(value) for (value,) in rows]
