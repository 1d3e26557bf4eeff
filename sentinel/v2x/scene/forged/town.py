"""A domain to forge messages in: our own PKI in a folder, at a moment of its own."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.v2x import certificate, charter, clock, crl, founding, secured
from sentinel.ca.v2x.domain import Domain
from sentinel.ca.v2x.station import About, Chosen, Station

PER_WEEK = 2
"""Pseudonyms of a vehicle: a scene is shorter than one of them is used."""
AGE = timedelta(days=2)
"""How long the domain has been there when the scene begins."""
WHO = "scene"
FOREIGN = ("root", "eca", "app", "ra")
"""Roles of a domain that nobody lists."""


class Town:
    """A domain that thinks it is `at`. Its keys have a passphrase that nobody knows: it lives no longer than
    this object is used."""

    def __init__(self, folder: Path, name: str, profile: str, at: datetime, roles: tuple[str, ...]) -> None:
        words = Passphrases(secrets.token_urlsafe(24))
        plan = founding.Plan(name, profile, roles, who=WHO, limits=charter.Limits(per_week=PER_WEEK))
        founding.found(folder / "pki", plan, words, lambda: at - AGE)
        self.folder, self.at = folder, at
        self.domain = Domain(folder / "pki", words)
        for role in self.domain.roles():
            self.domain.role(role).clock = self._now

    def _now(self) -> datetime:
        return self.at

    @property
    def public(self) -> Path:
        """Folder with what the domain publishes."""
        return self.domain.folder / founding.PUBLIC

    def station(self, name: str, kind: str) -> Station:
        """A station, enrolled."""
        about = About(name, kind, self.domain.suite.name)
        made = Station.create(self.folder / name, about, self.domain.trusted())
        made.clock = self._now
        made.enrol(self.domain.transport)
        return made

    def application(
        self, name: str, kind: str, permission: str, circle: str | None = None, *, ended: bool = False
    ) -> Chosen:
        """A signer with a certificate for an aid (N or N:SSP): for an hour more, or until an hour ago."""
        station = self.station(name, kind)
        start = station.now() - (3 if ended else 1) * clock.HOUR
        region = None if circle is None else certificate.circle(circle)
        asked = certificate.permission(permission)
        station.application(self.domain.transport, [asked], 2, region, start)
        return self._chosen(station, asked["psid"])

    def pseudonym(self, name: str, kind: str, permission: str) -> Chosen:
        """A signer with pseudonyms for an aid."""
        station = self.station(name, kind)
        asked = certificate.permission(permission)
        station.pseudonyms(self.domain.transport, [asked], weeks=1, per_week=PER_WEEK)
        return self._chosen(station, asked["psid"])

    @staticmethod
    def _chosen(station: Station, aid: int) -> Chosen:
        """The station's certificate for an aid, even one that has ended."""
        found = station.choose(aid, station.now())
        assert found is not None
        return found

    def sign(self, payload: bytes, by: Chosen, aid: int, generated: datetime) -> bytes:
        """A message with its certificate."""
        time = clock.time64(generated)
        suite = self.domain.suite
        return secured.sign(payload, by.key, by.certificate, suite, aid=aid, time=time, attach=True)

    def revoke(self, signer: Chosen) -> None:
        """The misbehaviour authority revokes a signer."""
        self.domain.misbehaviour().revoke(signer.certificate, who=WHO, reason="keyCompromise")

    def lists(self) -> bytes:
        """The lists of what is revoked."""
        return crl.publish(self.domain.role("ma"), who=WHO)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.domain.close()
