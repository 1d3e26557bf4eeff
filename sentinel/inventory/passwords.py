"""What is known of passwords: those of vendors, the common ones, and a user's own list."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from sentinel.errors import UserError
from sentinel.inventory import tables

ANY = "*"
"""Vendor or product of a default that many makers use."""

_MOST_LINES = 5_000_000  # of a user's list


@dataclass(frozen=True, slots=True)
class Default:
    """Name and password a product leaves the factory with. `protocols` empty: any."""

    vendor: str
    product: str
    protocols: frozenset[str]
    user: str
    password: str
    origin: str

    def applies(self, protocol: str, model: str | None = None) -> bool:
        """True if it is used over this protocol, and for this model where both are known."""
        if self.protocols and protocol not in self.protocols:
            return False
        return not model or self.product == ANY or fnmatchcase(model.lower(), self.product.lower())


@cache
def defaults() -> dict[str, tuple[Default, ...]]:
    """Vendor defaults by password."""
    table: dict[str, list[Default]] = {}
    for vendor, product, protocols, user, password, origin in tables.rows("default_credentials.tsv"):
        entry = Default(vendor, product, frozenset(protocols.split(",")) - {""}, user, password, origin)
        table.setdefault(password, []).append(entry)
    return {password: tuple(entries) for password, entries in table.items()}


@cache
def common() -> frozenset[str]:
    """Passwords that people choose everywhere, in lower case."""
    return frozenset(tables.lines("common_passwords.txt"))


@dataclass(frozen=True, slots=True)
class UserList:
    """A user's own list: passwords, and pairs of name and password."""

    words: frozenset[str] = frozenset()
    pairs: frozenset[tuple[str, str]] = frozenset()

    def holds(self, username: str | None, secret: str) -> bool:
        return secret in self.words or (username is not None and (username, secret) in self.pairs)


def read_list(path: Path) -> UserList:
    """Reads a list with one password, or one `name:password`, a line. A line with a colon is both.

    Raises `UserError` if it cannot be read.
    """
    words: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file):
                if number >= _MOST_LINES:
                    raise UserError(f"{path}: more than {_MOST_LINES} passwords: give a shorter list")
                word = line.rstrip("\r\n")
                if not word:
                    continue
                words.add(word)
                name, colon, password = word.partition(":")
                if colon:
                    pairs.add((name, password))
    except OSError as error:
        raise UserError(f"{path}: the password list cannot be read: {error.strerror or error}") from None
    return UserList(frozenset(words), frozenset(pairs))
