"""What stands in the register: certificates, their revocation, and entries of the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

STATES = ("valid", "revoked", "held", "expired")
"""States of a certificate. `expired` is never stored: a valid one whose end has passed is shown so."""

REASONS = (
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "privilegeWithdrawn",
    "aACompromise",
)
"""Reasons of a revocation (RFC 5280, 5.3.1); `removeFromCRL` ends a hold and is no reason."""

KEYS = (
    "serial subject issuer algorithm profile state reason not_before not_after revoked_at "
    "sha256 pair_id asset"
).split()
"""Keys of a certificate in JSON."""


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate as the register knows it. Times are RFC 3339 UTC in seconds, hashes lower-case
    hexadecimal, `serial` 40 hexadecimal digits."""

    serial: str
    subject: str
    issuer: str
    algorithm: str
    profile: str
    not_before: str
    not_after: str
    sha256: str
    spki_sha256: str
    state: str = "valid"
    reason: str | None = None
    revoked_at: str | None = None
    pair_id: str | None = None
    """What the two certificates of a TLCP pair share."""

    asset: str | None = None
    """The monitor's id of the device it belongs to."""

    requester: str | None = None
    names: tuple[str, ...] = ()
    """Other names it is found by: alternative names, hardware serial, MAC."""

    def document(self) -> dict[str, Any]:
        """It as JSON."""
        return {key: getattr(self, key) for key in KEYS}


class Revoked(msgspec.Struct, frozen=True):
    """A certificate that was revoked or held, or that is valid again (`state` `valid`, reason
    `removeFromCRL`). `position` grows with every change, so that a later list can say what is new."""

    serial: str
    state: str
    reason: str
    revoked_at: str
    not_after: str
    position: int


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of the audit: when, what, who, from where, on what, why, approved by whom."""

    at: str
    action: str
    who: str
    source: str = "cli"
    subject: str = ""
    why: str = ""
    details: Mapping[str, Any] = {}
    approvals: Sequence[str] = ()


def now() -> str:
    """This moment, RFC 3339 UTC in seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
