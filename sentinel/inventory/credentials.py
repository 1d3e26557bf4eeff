"""What is weak about a credential, and how it is shown: once per distinct credential.

The native side asks with a JSON list of what was seen and gets a list of the same length back. `reused` is
told by the native side, which knows where else a secret opens; `vendor-default` too, from `default_of` and
the vendor of the server. Weaknesses:

* cleartext: it crossed the network readable, or in a form that is read back without a key
* default: a pair of name and password that some product leaves the factory with over this protocol
* common: in the list of common passwords, or in the user's own list
* short: fewer than `SHORTEST` characters (`SHORTEST_PIN` for PINs)
* same-as-user: the password is the name, forwards or backwards
* cracked: it crossed the network as challenge and response, and the password was guessed offline: see
  `guessing.py`
"""

import hashlib
import hmac
from pathlib import Path
from typing import Any

import msgspec

from sentinel.errors import UserError
from sentinel.inventory import masking, passwords
from sentinel.inventory.guessing import SECONDS, Guess, Guesser
from sentinel.inventory.passwords import listed, readable

SHORTEST = 8  # NIST SP 800-63B, 5.1.1.1: memorised secrets have at least eight characters
SHORTEST_PIN = 6  # the same, for secrets drawn at random by the other side
_ID_HEX = 32  # hex digits of a secret's id: 128 bits of the keyed hash

# Kinds whose secret is the secret itself; the others hold what was made from one.
_PLAIN = frozenset(("password", "community", "pin", "auth-code", "psk"))
# Secrets that a machine made: length and commonness say nothing of them.
_MADE = frozenset(("hash", "token", "key", "ticket", "private-key"))
_ANONYMOUS = frozenset(("anonymous", "ftp", "guest", "anon"))
_MAIL_AS_PASSWORD = frozenset(("ftp",))


class Seen(msgspec.Struct, frozen=True):
    """A credential as it was seen. `secret` may hold a whole hash line; nothing of it leaves unmasked."""

    protocol: str
    kind: str
    username: str | None = None
    secret: str | None = None
    cleartext: bool = False
    outcome: str = "unknown"
    hashcat_mode: int | None = None
    hashcat_line: str | None = None
    server: str | None = None
    vendor: str | None = None
    model: str | None = None


class Assessment(msgspec.Struct):
    """What is said of it. `line` is the hash line as shown; `secret_id` is null without a key;
    `default_of` names the vendors whose default it is. `found` is the keyed hash of a guessed password, or
    without a key the password: equal ones are told by it. `password` is that password as shown."""

    masked: str | None = None
    line: str | None = None
    secret_id: str | None = None
    weaknesses: list[str] = []
    default_of: list[str] = []
    found: str | None = None
    password: str | None = None


_decode = msgspec.json.Decoder(list[Seen]).decode
_encode = msgspec.json.Encoder().encode


class Assessor:
    """Assesses credentials with one key, one list of the user's and one choice of showing secrets.

    `key`: of the keyed hash; without it ids are left to the native side, which counts by first sight.
    `reveal`: secrets are given back as they were seen. `passwords`: a file of passwords known to be weak.
    `seconds`: of a usual core, for which passwords of challenge and response are guessed at each look.
    Raises `UserError` if that file cannot be read.
    """

    def __init__(
        self,
        *,
        key: bytes | None = None,
        reveal: bool = False,
        passwords: Path | None = None,
        seconds: float = SECONDS,
        threads: int = 1,
    ) -> None:
        self._key = key
        self._reveal = reveal
        self._list = passwords
        self._guesser = Guesser(passwords, seconds, threads)
        if passwords is not None:
            readable(passwords)

    def assess(self, items: bytes) -> bytes:
        """A JSON list of `Seen` in, a JSON list of `Assessment` out, in the same order."""
        every = _decode(items)
        guesses = self._guesser.guess(every)
        held = self._listed(every)
        return _encode([self.judge(*each) for each in zip(every, guesses, held, strict=True)])

    def counted(self) -> dict[str, int]:
        """What was not tried since the last call, by the name it is counted under."""
        counted, self._guesser.counted = self._guesser.counted, {}
        return counted

    def judge(self, seen: Seen, guess: Guess | None = None, listed: bool = False) -> Assessment:
        """What is said of one credential. `listed`: the user's list has its secret."""
        out = Assessment(weaknesses=[], default_of=[])
        secret = seen.secret
        if seen.cleartext and secret and not _is_anonymous(seen, secret):
            out.weaknesses.append("cleartext")
        if guess is not None:
            out.weaknesses.append("cracked")
            self._weak(out, seen, guess.password, guess.listed)
            out.found = guess.password if self._key is None else self._id(guess.password)
        elif secret is not None and _is_plain(seen):
            self._weak(out, seen, secret, listed)
        if secret is not None:
            if self._key is not None:
                out.secret_id = self._id(secret)
            out.masked = secret if self._reveal else self._mask(seen, secret)
        if guess is not None:
            out.password = guess.password if self._reveal else masking.secret(guess.password)
        if seen.hashcat_line is not None:
            line = seen.hashcat_line
            out.line = line if self._reveal else masking.hash_line(line, seen.username)
        return out

    def _listed(self, every: list[Seen]) -> list[bool]:
        """Which readable secrets the user's list has."""
        out = [False] * len(every)
        if self._list is None:
            return out
        plain = [
            (i, (seen.username, seen.secret))
            for i, seen in enumerate(every)
            if seen.secret is not None and _is_plain(seen)
        ]
        if plain:
            try:
                held = listed(self._list, [pair for _, pair in plain])
            except UserError:
                self._guesser.count("list_unreadable", 1)
                return out
            for (i, _), known in zip(plain, held, strict=True):
                out[i] = known
        return out

    def _id(self, secret: str) -> str:
        assert self._key is not None
        return hmac.new(self._key, _utf8(secret), hashlib.sha256).hexdigest()[:_ID_HEX]

    def _mask(self, seen: Seen, secret: str) -> str:
        if seen.kind in _PLAIN:
            return masking.secret(secret)
        if seen.kind == "hash" or secret == seen.hashcat_line:
            return masking.hash_line(secret, seen.username)
        return masking.DOTS

    def _weak(self, out: Assessment, seen: Seen, secret: str, listed: bool) -> None:
        if _is_anonymous(seen, secret):
            return
        found = _defaults_of(seen, secret)
        out.default_of = list(dict.fromkeys(entry.vendor for entry in found if entry.vendor != passwords.ANY))
        if found:
            out.weaknesses.append("default")
        if secret.lower() in passwords.common() or listed:
            out.weaknesses.append("common")
        least = SHORTEST_PIN if seen.kind in ("pin", "auth-code") else SHORTEST
        if len(secret) < least:
            out.weaknesses.append("short")
        name = (seen.username or "").lower()
        if name and secret.lower() in (name, name[::-1]):
            out.weaknesses.append("same-as-user")


def _is_plain(seen: Seen) -> bool:
    """True if the secret is what a person chose, not what was made of it."""
    return seen.kind not in _MADE and seen.secret != seen.hashcat_line


def _is_anonymous(seen: Seen, secret: str) -> bool:
    """An anonymous log-in has no password that could be weak: by custom it is a mail address or empty."""
    name = (seen.username or "").lower()
    return (
        name in _ANONYMOUS
        and seen.protocol in _MAIL_AS_PASSWORD
        and ("@" in secret or secret.lower() in ("", name, "guest"))
    )


def _defaults_of(seen: Seen, secret: str) -> list[passwords.Default]:
    """Vendor defaults that this is, over this protocol. A secret without a name stands for any name."""
    name = None if seen.kind == "community" else seen.username
    entries = passwords.defaults().get(secret, ())
    return [entry for entry in entries if entry.is_of(name) and entry.applies(seen.protocol, seen.model)]


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def assess(items: bytes, **options: Any) -> bytes:
    """`Assessor(**options).assess(items)`."""
    return Assessor(**options).assess(items)
