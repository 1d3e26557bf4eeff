"""PKIs for vehicles to try things on."""

from __future__ import annotations

from pathlib import Path

from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.v2x import charter, founding
from sentinel.ca.v2x.domain import Domain
from sentinel.ca.v2x.station import About, Station

PASSPHRASE = "a passphrase for tests"
PROFILES = ("ydt3957", "1609.2")


def domain(folder: Path, profile: str, **limits: int | bool) -> Path:
    """A domain with all roles."""
    plan = founding.Plan("Town", profile, who="tester", limits=charter.Limits(**limits))  # type: ignore[arg-type]
    founding.found(folder, plan, Passphrases(PASSPHRASE))
    return folder


def opened(folder: Path) -> Domain:
    return Domain(folder, Passphrases(PASSPHRASE))


def station(domain: Domain, folder: Path, id: str, kind: str = "obu") -> Station:
    """A station that is enrolled."""
    at = Station.create(folder, About(id, kind, domain.suite.name), domain.trusted())
    at.enrol(domain.transport)
    return at
