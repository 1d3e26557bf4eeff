"""A role at work: its folder, opened."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sentinel import _native
from sentinel.ca import files
from sentinel.ca.audit import key as audit_key
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.register import Certificate as Row
from sentinel.ca.register import Change, Register
from sentinel.ca.v2x import certificate, charter, clock, secured
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.suite import suite
from sentinel.errors import UserError

REGISTER = "register.db"
OWN = "certificate.oer"
PEERS = "peers"
"""Folder with certificates of other roles, `<role>.oer`: whom this role believes."""

KEYS = frozenset({*charter.ROLES, "audit", "station", "key"})
"""Names of keys with a passphrase of their own; signing and encryption key of a role have one."""


class Role:
    """A role's folder. Keys stay locked until they are asked for."""

    def __init__(
        self, folder: Path, found: charter.Charter, register: Register, passphrases: Passphrases
    ) -> None:
        self.folder, self.charter, self.register = folder, found, register
        self.suite = suite(found.profile)
        self.certificate = certificate.read(files.read(folder / OWN), self.suite, folder / OWN)
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._passphrases = passphrases
        self._keys: dict[str, _native.V2xKey] = {}
        self._peers: dict[str, Certificate] = {}

    @classmethod
    def open(cls, folder: Path, passphrases: Passphrases | None = None, *, readonly: bool = False) -> Self:
        """Open a role. No key is read."""
        found = charter.load(folder)
        register = Register.open(folder / REGISTER, readonly=readonly)
        known = passphrases or Passphrases()
        register.unlock = lambda: audit_key.unlock(folder, audit_passphrases(known, found.role))
        try:
            return cls(folder, found, register, known)
        except BaseException:
            register.close()
            raise

    @property
    def name(self) -> str:
        return self.charter.role

    @cached_property
    def limits(self) -> charter.Limits:
        return self.charter.limits

    def now(self) -> int:
        """This moment as Time32."""
        return clock.time32(self.clock(), self.charter.time)

    def text(self, time: int) -> str:
        """A Time32 as the register has times."""
        return clock.text(clock.moment(time, self.charter.time))

    def key(self, purpose: str = "sign") -> _native.V2xKey:
        """The role's key to `sign` or `encrypt`, unlocked with its passphrase, kept until `close`."""
        if purpose not in self._keys:
            from sentinel.ca.v2x.keyfiles import read

            path = self.folder / "keys" / f"{purpose}.pem"
            found = read(path, self._passphrases.get(self.name), self.suite)
            expected = self.certificate.public if purpose == "sign" else self.certificate.encryption
            if found.public() != expected:
                raise UserError(f"{path}: not the key of {self.folder / OWN}")
            self._keys[purpose] = found
        return self._keys[purpose]

    def peer(self, role: str) -> Certificate:
        """The certificate of another role."""
        if role not in self._peers:
            path = self.folder / PEERS / f"{role}.oer"
            if not path.is_file():
                raise UserError(
                    f"{path}: the {self.name} does not know the {role}; put its certificate there"
                )
            self._peers[role] = certificate.read(files.read(path), self.suite, path)
        return self._peers[role]

    def knows(self, role: str) -> bool:
        """Whether it has another role's certificate."""
        return (self.folder / PEERS / f"{role}.oer").is_file()

    @contextmanager
    def transaction(self) -> Iterator[Change]:
        """A transaction of the register, dated by this role's clock."""
        with self.register.transaction() as change:
            change.at = clock.text(self.clock())
            yield change

    def signed(self, octets: bytes, time: int | None = None) -> bytes:
        """What this role sends another, signed. `time` is Time64, now if none is given."""
        if time is None:
            time = clock.time64(self.clock(), self.charter.time)
        return secured.sign(
            octets, self.key(), self.certificate, self.suite, aid=self.suite.management, time=time
        )

    def row(self, issued: Certificate, profile: str, **more: Any) -> Row:
        """A certificate as the register knows it."""
        return Row(
            serial=issued.serial,
            subject=more.pop("subject", issued.name),
            issuer=self.certificate.id8,
            algorithm=self.suite.algorithm,
            profile=profile,
            not_before=self.text(issued.start),
            not_after=self.text(issued.end),
            sha256=hashlib.sha256(issued.octets).hexdigest(),
            spki_sha256=self.suite.digest(issued.public).hex(),
            **more,
        )

    def close(self) -> None:
        self.register.close()
        self._keys.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def audit_passphrases(known: Passphrases, role: str) -> Passphrases:
    """The audit's key has a passphrase of its own, or its role's."""
    return Passphrases(
        None, {}, lambda name: _text(known.get("audit") or known.get(role)) if name == "audit" else None
    )


def _text(words: bytes | None) -> str | None:
    return None if words is None else words.decode()
