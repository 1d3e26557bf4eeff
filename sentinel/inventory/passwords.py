"""What is known of passwords: those of vendors, the common ones, and a user's own list."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from sentinel.errors import UserError
from sentinel.inventory import tables

ANY = "*"
"""Vendor or product of a default that many makers use."""


@dataclass(frozen=True, slots=True)
class Default:
    """Name and password a product leaves the factory with. `protocols` empty: any."""

    vendor: str
    product: str
    protocols: frozenset[str]
    user: str
    password: str
    origin: str

    def is_of(self, name: str | None) -> bool:
        """True if it is used with this name. One that is not known stands for any."""
        return name is None or self.user == ANY or self.user.lower() == name.lower()

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


def listed(path: Path, secrets: list[tuple[str | None, str]]) -> list[bool]:
    """For each (name, secret): whether a user's list has it. The list has one password, or one
    `name:password`, a line; a line with a colon is both. It is read, not loaded.

    Raises `UserError` if it cannot be read.
    """
    from sentinel._native import listed

    try:
        return listed(path, secrets)
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> UserError:
    """That a list cannot be read."""
    return UserError(f"{path}: the password list cannot be read: {error.strerror or error}")


def readable(path: Path) -> None:
    """Raises `UserError` if a list cannot be read."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise unreadable(path, error) from None
