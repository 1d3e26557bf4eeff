"""Revocation by CRLs along a path (RFC 5280, 6.3): complete lists, with deltas where there are some.

Lists are signed by the issuer of the certificates, with the key that signed these or with another one that
it certified for lists. Lists of other issuers and for some reasons alone are not used; this CA makes none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sentinel.ca.x509 import match, path
from sentinel.ca.x509.certificate import Certificate
from sentinel.ca.x509.crl import RevocationList
from sentinel.errors import UserError


class Lists:
    """A `path.Status` from CRLs at hand. A certificate whose issuer has no current list here is refused."""

    def __init__(
        self,
        lists: Iterable[RevocationList],
        certificates: Iterable[Certificate] = (),
        anchors: Iterable[Certificate] = (),
    ) -> None:
        """`certificates` and `anchors` serve to find keys of the issuer that sign lists alone."""
        self._lists = list(lists)
        self._certificates = list(certificates)
        self._anchors = list(anchors)
        self._asked: set[bytes] = set()

    def check(self, certificate: Certificate, issuer: Certificate, at: datetime) -> None:
        mine = [
            one
            for one in self._lists
            if one.this_update <= at <= one.next_update
            and match.same(one.issuer_der, certificate.issuer_der)
            and (one.scope is None or one.scope.covers(certificate))
        ]
        complete = [one for one in mine if one.base is None and self._authentic(one, issuer, at)]
        if not complete:
            raise UserError(
                f"certificate {certificate.serial_text}: no current CRL of its issuer tells if it is revoked"
            )
        newest = max(complete, key=lambda one: one.number)
        entry = newest.entries.get(certificate.serial)
        deltas = [
            one
            for one in mine
            if one.base is not None
            and one.base <= newest.number < one.number
            and one.scope == newest.scope
            and self._authentic(one, issuer, at)
        ]
        if deltas:
            delta = max(deltas, key=lambda one: one.number)
            entry = delta.entries.get(certificate.serial, entry)
        if entry is not None and entry.reason != "removeFromCRL":
            said = "on hold" if entry.reason == "certificateHold" else f"revoked ({entry.reason})"
            raise UserError(
                f"certificate {certificate.serial_text}: {said} since {entry.at:%Y-%m-%dT%H:%M:%SZ}"
            )

    def _authentic(self, one: RevocationList, issuer: Certificate, at: datetime) -> bool:
        if path.has_usage(issuer, "cRLSign") and one.signed_by(issuer.key):
            return True
        return any(
            other.der != issuer.der
            and match.same(other.subject_der, one.issuer_der)
            and path.has_usage(other, "cRLSign")
            and one.signed_by(other.key)
            and self._trusted(other, at)
            for other in self._certificates
        )

    def _trusted(self, signer: Certificate, at: datetime) -> bool:
        """Whether another certificate of the issuer may be used. One that is being looked at already is
        not: its own list cannot vouch for it."""
        if signer.der in self._asked:
            return False
        self._asked.add(signer.der)
        try:
            path.find(signer, self._certificates, self._anchors, at, path.Rules(status=self))
        except UserError:
            return False
        finally:
            self._asked.discard(signer.der)
        return True
