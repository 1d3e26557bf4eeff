"""Which certificates a CRL is about: issuingDistributionPoint and cRLDistributionPoints (RFC 5280, 5.2.5,
4.2.1.13, 6.3.3). Lists for some reasons alone, for attribute certificates, and lists of other issuers
are read but cover nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sentinel.ca.x509 import der, extensions, match
from sentinel.ca.x509.certificate import Certificate

POINT = "2.5.29.28"

PointName: TypeAlias = tuple[int, bytes | match.Canonical]
"""A name of a point: tag and contents; of a directory name the form that is compared."""

_FLAGS = {0x81: "users", 0x82: "authorities", 0x84: "indirect", 0x85: "attributes"}
_REASONS = 0x83


@dataclass(frozen=True, slots=True)
class Scope:
    """What an issuingDistributionPoint says. `part` is for reasons, others' or attribute certificates."""

    names: frozenset[PointName] | None
    users: bool
    authorities: bool
    part: bool

    def covers(self, certificate: Certificate) -> bool:
        """Whether a list of this scope says all about a certificate of its issuer."""
        is_authority = certificate.authority[0]
        if self.part or (self.users and is_authority) or (self.authorities and not is_authority):
            return False
        if self.names is None:
            return True
        value = certificate.extensions.get(extensions.CRL_POINTS)
        return value is not None and any(
            self.names & names for names in _points(value, certificate.issuer_der)
        )


def read(value: bytes, issuer: bytes) -> Scope:
    """The value of an issuingDistributionPoint in a list of `issuer`."""
    outer = der.Reader(value)
    inner = outer.enter()
    outer.end()
    names, said, part = None, set(), False
    if inner.peek() == 0xA0:
        names = _names(inner.enter(0xA0), issuer)
    while inner.peek() is not None:
        tag = inner.peek()
        contents = inner.read()
        if tag == _REASONS:
            part = True
        elif tag in _FLAGS and contents == b"\xff" and _FLAGS[tag] not in said:
            said.add(_FLAGS[tag])
        else:
            raise der.DerError("issuingDistributionPoint in another form")
    if names is None and not said and not part:
        raise der.DerError("issuingDistributionPoint without contents")
    return Scope(
        names, "users" in said, "authorities" in said, part or bool(said & {"indirect", "attributes"})
    )


def _points(value: bytes, issuer: bytes) -> list[frozenset[PointName]]:
    """Names of each point of a certificate that is for all reasons and of its own issuer."""
    outer = der.Reader(value)
    each = outer.enter()
    outer.end()
    found = []
    while each.peek() is not None:
        one = each.enter()
        names = _names(one.enter(0xA0), issuer) if one.peek() == 0xA0 else frozenset()
        if one.peek() is None:
            found.append(names)
        if len(found) > match.MOST_NAMES:
            raise der.DerError(f"more than {match.MOST_NAMES} points")
    return found


def _names(around: der.Reader, issuer: bytes) -> frozenset[PointName]:
    """DistributionPointName: whole names, or one relative to the issuer's."""
    if around.peek() == 0xA0:
        each = around.enter(0xA0)
        found: set[PointName] = set()
        while each.peek() is not None:
            tag, contents = match.general_name(each)
            found.add((tag, match.canonical(contents) if tag == match.DIRECTORY else contents))
            if len(found) > match.MOST_NAMES:
                raise der.DerError(f"more than {match.MOST_NAMES} names of a point")
        around.end()
        return frozenset(found)
    relative = der.tlv(der.SET, around.read(0xA1))
    around.end()
    return frozenset({(match.DIRECTORY, match.canonical(issuer) + match.canonical(der.sequence(relative)))})
