"""When a certificate should be renewed (RFC 9773)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sentinel.ca.authority import Authority
from sentinel.ca.register import Certificate
from sentinel.ca.serve.acme import jwk
from sentinel.ca.serve.acme.problems import AcmeError, malformed

AGAIN = 6 * 3600
"""Seconds after which a client asks again."""


def find(authority: Authority, id: str) -> Certificate:
    """The certificate that AKI.SERIAL names, both in base64url (4.1). `AcmeError` if there is none."""
    issuer, dot, number = id.partition(".")
    if not dot:
        raise malformed(f"certificate {id[:80]!r}: write AKI.SERIAL")
    key, serial = jwk.octets(issuer, "AKI"), jwk.octets(number, "serial")
    row = None
    if key == authority.certificate("issuing").subject_key and 0 < len(serial) <= 20:
        row = authority.register.certificate(serial.hex().zfill(40))
    if row is None:
        raise AcmeError(404, "malformed", f"certificate {id[:80]!r}: this CA has no such")
    return row


def window(row: Certificate) -> dict[str, Any]:
    """The time to renew in: from two thirds of the certificate's life, for a ninth of it. What is revoked
    or held should have been renewed at once: the window lies in the past."""
    begin, end = (datetime.fromisoformat(at) for at in (row.not_before, row.not_after))
    if row.state in ("revoked", "held"):
        start, until = begin, min(begin + timedelta(hours=1), datetime.now(UTC))
        until = max(until, start + timedelta(seconds=1))
    else:
        life = end - begin
        start, until = begin + life * 2 / 3, begin + life * 7 / 9
    return {"suggestedWindow": {"start": _moment(start), "end": _moment(until)}}


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
