"""Passphrases of keys: from a file or the terminal, never from an argument, and never shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sentinel.ca import files
from sentinel.errors import UserError

SHORTEST = 4
"""Octets of a passphrase for a new key at least: OpenSSL opens no key with a shorter one. How much stronger
it has to be is the operator's to say."""

_LINE = re.compile(r"([a-z][a-z0-9-]{0,39}):[ \t]*(\S.*)")


class Passphrases:
    """Passphrases by the name of the key they open (root, issuing, ocsp, audit, key, ...).

    A file holds one line, which is for every key, or a `name: passphrase` line for each key with its
    own. A single line is `name: passphrase` only where the name is one of `known`.
    """

    def __init__(
        self,
        common: str | None = None,
        named: dict[str, str] | None = None,
        ask: Callable[[str], str | None] | None = None,
    ) -> None:
        """`ask` is called with a key's name where there is nothing else, once for each key."""
        self._common = common
        self._named = dict(named or {})
        self._ask = ask

    @classmethod
    def from_file(cls, path: Path, known: frozenset[str]) -> Passphrases:
        try:
            lines = [line.strip("\r") for line in files.read(path).decode().split("\n")]
        except UnicodeDecodeError:
            raise UserError(f"{path}: no text in UTF-8") from None
        lines = [line for line in lines if line.strip()]
        named = [_LINE.fullmatch(line) for line in lines]
        if len(lines) == 1 and (named[0] is None or named[0][1] not in known):
            return cls(lines[0])
        if not lines or not all(named):
            raise UserError(
                f"{path}: one line with the passphrase, or a `name: passphrase` line for each key"
            )
        return cls(None, {found[1]: found[2] for found in named if found is not None})

    def get(self, name: str) -> bytes | None:
        """The passphrase of a key, None if there is none to be had."""
        found = self._named.get(name, self._common)
        if found is None and self._ask is not None:
            found = self._ask(name)
            if found is not None:
                self._named[name] = found
        return None if found is None else found.encode()

    def fresh(self, name: str) -> bytes:
        """The passphrase for a new key: it must be there, and long enough."""
        found = self.get(name)
        if found is None:
            raise UserError(f"key {name}: no passphrase for it; give one with --passphrase-file")
        if len(found) < SHORTEST:
            raise UserError(f"key {name}: a passphrase of {len(found)} octets; {SHORTEST} or more are taken")
        return found

    def __repr__(self) -> str:
        return "Passphrases(...)"
