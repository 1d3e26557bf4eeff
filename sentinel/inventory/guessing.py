"""Passwords of challenge and response, guessed offline: no log-in is made.

The native side (`crates/crack`) tries words on each line: first what is likeliest for it (its own name,
what its maker delivers, what was found elsewhere in this run), then all vendor defaults and the common
passwords, then the user's list, which is read and not loaded. Work is bounded in seconds of a usual core, so
that a run finds the same on every machine; what was not tried is counted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sentinel.inventory import passwords, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentinel.inventory.credentials import Seen

SECONDS = 10.0
"""Of a scan, for all lines together."""

MAX_LINES = 20_000
"""Lines of one look: a password sprayer sends as many an hour. Those that opened something come first."""

_KEPT_FOUND = 256  # passwords that are tried on later lines too
_MOST_LIKELY = 96
_KEPT_ACCOUNTS = 10_000
_TRIES = 3  # of an account in vain, in as many looks, before it is left alone
_TRIED_AGAIN = 86_400.0  # seconds until it is tried again: its password may be another
_ORDER = {"success": 0, "unknown": 1, "failure": 2}
# Forms of hash lines that name their scheme and for which hashcat has no mode.
_NAMED = (
    "$sentinel$", "$sip$", "$DIGEST-MD5$", "$vnc$", "$siemens-s7$", "$mysqlsha2$", "$mysql323$", "$mongodb$",
    "$scram-sha-", "$radius$1*",
)  # fmt: skip
_ENDINGS = ("", "1", "12", "123", "1234", "12345", "123456", "!", "@123")


_Account: TypeAlias = tuple[str | None, str, str | None, int | None, str]
"""(server, protocol, user name, mode, outcome)"""


@dataclass(frozen=True, slots=True)
class Guess:
    """A password that was found. `listed`: only the user's list has it."""

    password: str
    listed: bool


@dataclass(slots=True)
class Guesser:
    """Guesses with one list of the user's. `seconds` 0: not at all. `counted`: what was not tried, by
    name."""

    words: Path | None = None
    seconds: float = SECONDS
    threads: int = 1
    counted: dict[str, int] = field(default_factory=dict)
    _found: dict[str, None] = field(default_factory=dict)
    _closed: dict[_Account, tuple[int, float]] = field(default_factory=dict)

    def guess(self, items: Sequence[Seen]) -> list[Guess | None]:
        """The password of each credential; None where there is no line, or it was not found."""
        out: list[Guess | None] = [None] * len(items)
        lines = {i: line for i, seen in enumerate(items) if (line := line_of(seen)) is not None}
        if not lines or self.seconds <= 0:
            return out
        now = time.monotonic()
        chosen = [i for i in lines if not self._is_closed(items[i], now)]
        self.count("lines_of_tried_accounts", len(lines) - len(chosen))
        chosen.sort(key=lambda i: _ORDER.get(items[i].outcome, 1))
        self.count("lines_over_bound", len(chosen) - MAX_LINES)
        chosen = chosen[:MAX_LINES]
        likely = [_likely(items[i], tuple(self._found)) for i in chosen]
        found, counts = self._run([(*lines[i], words) for i, words in zip(chosen, likely, strict=True)])
        names = {"unknown": "lines_unknown", "unfinished": "lines_unfinished", "long": "words_too_long"}
        for name, counter in names.items():
            self.count(counter, counts[name])
        own = _own()
        for i, words, password in zip(chosen, likely, found, strict=True):
            if password is not None:
                out[i] = Guess(password, password not in own and password not in words)
                if len(self._found) < _KEPT_FOUND:
                    self._found[password] = None
        for account in {_account(items[i]) for i in chosen if out[i] is None}:
            self._close(account, now)
        return out

    def _is_closed(self, seen: Seen, now: float) -> bool:
        """True if the account's lines were tried in vain again and again: those that log in each minute would
        take all the time there is."""
        tries, since = self._closed.get(_account(seen), (0, now))
        return tries >= _TRIES and now - since < _TRIED_AGAIN

    def _close(self, account: _Account, now: float) -> None:
        tries, since = self._closed.pop(account, (0, now))
        self._closed[account] = (tries + 1, since) if now - since < _TRIED_AGAIN else (1, now)
        if len(self._closed) > _KEPT_ACCOUNTS:
            self._closed.pop(next(iter(self._closed)))

    def _run(self, lines: list[tuple[int | None, str, list[str]]]) -> tuple[list[str | None], dict[str, int]]:
        from sentinel._native import crack

        for path in (self.words, None):
            try:
                found, counts = crack(
                    lines, list(builtin()), path, seconds=self.seconds, threads=self.threads
                )
            except OSError:
                self.count("list_unreadable", 1)  # it was there at the start: the rest goes on without it
            else:
                return found, dict(counts)
        raise AssertionError("without a list nothing is read")

    def count(self, name: str, number: int) -> None:
        """Adds to a counter of what was not tried."""
        if number > 0:
            name = f"passwords_{name}"
            self.counted[name] = self.counted.get(name, 0) + number


def _account(seen: Seen) -> _Account:
    return seen.server, seen.protocol, seen.username, seen.hashcat_mode, seen.outcome


def line_of(seen: Seen) -> tuple[int | None, str] | None:
    """The hash line of a credential, with hashcat's mode if it has one."""
    if seen.hashcat_line is not None:
        return seen.hashcat_mode, seen.hashcat_line
    secret = seen.secret
    if secret is None or seen.kind in ("password", "token"):
        return None
    if secret.startswith(_NAMED) or (seen.protocol == "dhip" and seen.kind == "hash"):
        return None, secret
    return None


@cache
def builtin() -> tuple[str, ...]:
    """Vendor defaults and common passwords, the latter with a capital letter too."""
    words = dict.fromkeys(passwords.defaults())
    for word in tables.lines("common_passwords.txt"):  # the likeliest first
        words[word] = None
        words[word[:1].upper() + word[1:]] = None
    words[""] = None
    return tuple(words)


@cache
def _own() -> frozenset[str]:
    return frozenset(builtin())


def _likely(seen: Seen, found: Sequence[str]) -> list[str]:
    """Words for one credential, the likeliest first: names of it, defaults of its maker, of its user name and
    protocol, and what was found before."""
    words: dict[str, None] = {}
    name = seen.username or ""
    vendor = (seen.vendor or "").lower()
    ranked = []
    for entry in _defaults():
        mine = bool(vendor) and entry.vendor.lower() == vendor
        named = bool(name) and entry.is_of(name)
        if mine or (named and entry.applies(seen.protocol)):
            ranked.append((not mine, not named, entry.password))
    for *_, password in sorted(ranked, key=lambda r: r[:2]):
        words[password] = None
    for base in dict.fromkeys((name, name.lower(), name.capitalize())):
        if base:
            words.update(dict.fromkeys(base + ending for ending in _ENDINGS))
    words[name[::-1]] = None
    return [*list(words)[:_MOST_LIKELY], *found]


@cache
def _defaults() -> tuple[passwords.Default, ...]:
    return tuple(entry for group in passwords.defaults().values() for entry in group)
