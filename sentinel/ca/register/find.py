"""Certificates looked up: by state, profile and end, by a text in a name, by the start of a number."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence

from sentinel.ca.register import rows
from sentinel.ca.register.records import STATES, Certificate
from sentinel.errors import UserError

GRAM = 3
"""Characters that the index of names is made of."""

NEWEST = 20_000
"""Certificates, the newest, that are looked through for a text shorter than that."""

_MAC = re.compile(r"[0-9A-Fa-f]{12}").fullmatch
_BETWEEN = re.compile(r"[:.-]")
_ATTRIBUTE = re.compile(r"(?<!\\)[,+]")
_HEX = re.compile(r"[0-9a-f]{4,64}").fullmatch


def by_filter(
    db: sqlite3.Connection,
    at: str,
    *,
    state: str | None,
    profile: str | None,
    until: str | None,
    limit: int | None,
    after: str | None,
) -> Iterator[Certificate]:
    """Certificates in a state, of a profile, that end before `until`, each if it is given.

    Without a state and `until`, the newest first; otherwise by their end, the next first, and for
    `expired` the last first. `after` is the serial of the last certificate of the page before.
    """
    if state is not None and state not in STATES:
        raise UserError(f"state {state}: one of {', '.join(STATES)}", 2)
    where, values = (
        [],
        {"at": at, "until": until, "profile": profile, "limit": -1 if limit is None else limit},
    )
    if profile is not None:
        where.append("profile = :profile")
    if until is not None:
        state = state or "valid"
        where.append("not_after < :until")
    if state is not None:
        where.append(f"state = '{'valid' if state == 'expired' else state}'")
    if state == "valid":
        where.append("not_after >= :at")
    elif state == "expired":
        where.append("not_after < :at")
    down = state in (None, "expired")
    by = "number" if state is None else "not_after, number"
    if after is not None:
        last = db.execute(
            "SELECT not_after, number FROM certificate WHERE serial = ?", (rows.serial(after),)
        ).fetchone()
        if last is None:
            raise UserError(f"serial {after}: is not in the register")
        values["after"], values["number"] = last
        mark = "(:number)" if state is None else "(:after, :number)"
        where.append(f"({by}) {'<' if down else '>'} {mark}")
    order = ", ".join(f"{column}{' DESC' if down else ''}" for column in by.split(", "))
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    return rows.select(db, f"certificate{condition} ORDER BY {order} LIMIT :limit", values, at)


def by_text(db: sqlite3.Connection, text: str, at: str, limit: int) -> list[Certificate]:
    """Certificates whose serial, fingerprint or key begins with a text, or whose subject, other names or
    asset hold it, upper and lower case alike; the newest of each way first, each once. A text of one or two
    characters is looked for among the `NEWEST` only."""
    text = text.strip()
    if not text:
        raise UserError("search: say what for", 2)
    found: dict[str, Certificate] = {}
    number = text.lower().removeprefix("0x").replace(":", "")
    if _HEX(number):
        low, high = _range(number)
        for column in ("serial", "spki_sha256"):
            rest = f"certificate WHERE {column} BETWEEN ? AND ? ORDER BY {column} LIMIT ?"
            for certificate in rows.select(db, rest, (low, high, limit), at):
                found.setdefault(certificate.serial, certificate)
        for certificate in by_hash(db, low, high, at, limit):
            if certificate.sha256.startswith(number):
                found.setdefault(certificate.serial, certificate)
    if len(found) < limit:
        for certificate in _named(db, text, at, limit):
            found.setdefault(certificate.serial, certificate)
    return list(found.values())[:limit]


def by_hash(db: sqlite3.Connection, first: bytes, last: bytes, at: str, limit: int) -> list[Certificate]:
    """Certificates whose fingerprint may lie between two, the newest first."""
    out: list[Certificate] = []
    for number in rows.by_hash(db, first, last, limit):
        out += rows.select(db, "certificate WHERE number = ?", (number,), at)
    return out


def _range(digits: str) -> tuple[bytes, bytes]:
    """First and last octets that begin with these hexadecimal digits."""
    return bytes.fromhex(digits + "0" * (len(digits) % 2)), bytes.fromhex(digits + "f" * (64 - len(digits)))


def _named(db: sqlite3.Connection, text: str, at: str, limit: int) -> Iterator[Certificate]:
    holds = "(holds(subject, :text) OR holds(names, :text) OR holds(asset, :text))"
    values: dict[str, object] = {"text": text.casefold(), "limit": limit}
    if len(text) < GRAM:
        # too short for the index of names: looked through, and not further back than that takes long
        values["like"] = "%" + re.sub(r"([%_!])", r"!\1", text) + "%"
        like = " OR ".join(f"{column} LIKE :like ESCAPE '!'" for column in ("subject", "names", "asset"))
        values["first"] = (db.execute("SELECT max(number) FROM certificate").fetchone()[0] or 0) - NEWEST
        where = f"number > :first AND ({like})"
        return rows.select(db, f"certificate WHERE {where} ORDER BY number DESC LIMIT :limit", values, at)
    grams = dict.fromkeys(text[at : at + GRAM] for at in range(len(text) - GRAM + 1))
    values["grams"] = " AND ".join('"' + gram.replace('"', '""') + '"' for gram in grams)
    rest = (
        f"name JOIN certificate ON certificate.number = name.rowid WHERE name MATCH :grams AND {holds} "
        "ORDER BY name.rowid DESC LIMIT :limit"
    )
    return rows.select(db, rest, values, at)


def holds(text: str | None, part: str) -> bool:
    """Whether a text holds a part, upper and lower case alike: SQL's `holds`."""
    return text is not None and part in text.casefold()


def by_words(db: sqlite3.Connection, words: Sequence[str], at: str, limit: int) -> list[Certificate]:
    """Certificates of which a name, or the value of a part of the subject, is one of some words."""
    found: dict[str, Certificate] = {}
    for word in dict.fromkeys(spelt for each in words for spelt in _spellings(each)):
        if len(word) >= GRAM:
            for certificate in _named(db, word, at, limit):
                if word.casefold() in _values(certificate):
                    found.setdefault(certificate.serial, certificate)
    newest = sorted(found.values(), key=lambda c: (c.not_before, c.serial), reverse=True)
    return newest[:limit]


def _spellings(word: str) -> tuple[str, ...]:
    """A MAC address in the ways it is written; any other word as it is."""
    digits = _BETWEEN.sub("", word)
    if not _MAC(digits):
        return (word,)
    pairs = [digits[at : at + 2] for at in range(0, 12, 2)]
    return (word, digits, ":".join(pairs), "-".join(pairs))


def _values(certificate: Certificate) -> set[str]:
    """What a certificate may be known by: asset, values of its subject, other names without their kind."""
    values = {certificate.asset or ""}
    for part in _ATTRIBUTE.split(certificate.subject):
        values.add(part.partition("=")[2])
    for name in certificate.names:
        values |= {name, name.partition(":")[2]}
    return {value.casefold() for value in values if value}
