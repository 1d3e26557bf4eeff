"""From certificates to what the register and its audit keep of them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache

import msgspec

from sentinel.ca.keys import PublicKey
from sentinel.ca.register import Certificate as Row
from sentinel.ca.register import Change
from sentinel.ca.x509 import altnames, certificate, names
from sentinel.ca.x509.order import Issued, Order

ESCROW = "escrow/"
"""What wrapped keys are kept under in the register, with the serial of their certificate."""


class Prepared(msgspec.Struct, frozen=True):
    """Certificates that are signed and not yet anywhere: `rows` go into the register, then `issued` out."""

    order: Order
    issued: Issued
    rows: tuple[tuple[Row, bytes], ...]
    kept: bytes = b""
    """The encryption key of a pair, wrapped for the escrow key; empty if it is not kept."""


@lru_cache(maxsize=64)
def moment(at: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return f"{at.isoformat()[:19]}Z"


def row_of(
    data: bytes,
    *,
    serial: str,
    subject: str,
    issuer: str,
    key: PublicKey,
    begin: datetime,
    end: datetime,
    profile: str,
    alt: tuple[altnames.AltName, ...] = (),
    pair_id: str | None = None,
    asset: str | None = None,
    requester: str | None = None,
) -> Row:
    """The register's row of a certificate that is in force."""
    return Row(
        serial=serial,
        subject=subject,
        issuer=issuer,
        algorithm=key.algorithm,
        profile=profile,
        not_before=moment(begin),
        not_after=moment(end),
        sha256=hashlib.sha256(data).hexdigest(),
        pair_id=pair_id,
        asset=asset,
        spki_sha256=key.sha256(),
        requester=requester,
        names=tuple(map(altnames.text, alt)),
    )


def row_of_authority(found: certificate.Certificate, role: str, requester: str) -> Row:
    """The row of a CA's certificate; its profile is its role."""
    return row_of(
        found.der,
        serial=found.serial_text,
        subject=names.text(found.subject),
        issuer=names.text(found.issuer),
        key=found.key,
        begin=found.not_before,
        end=found.not_after,
        profile=role,
        requester=requester,
    )


def record(change: Change, prepared: Prepared) -> None:
    """Put the certificates of an order into the register, with one entry of the audit."""
    order, issued = prepared.order, prepared.issued
    for row, data in prepared.rows:
        change.add(row, data)
    row = prepared.rows[0][0]
    details = {"name": row.subject, "profile": row.profile, "sha256": row.sha256, "not_after": row.not_after}
    if issued.pair_serial:
        details |= {"pair_serial": issued.pair_serial, "pair_sha256": prepared.rows[1][0].sha256}
        if prepared.kept:
            change.put_state(ESCROW + issued.pair_serial, prepared.kept)
            details["escrow"] = hashlib.sha256(prepared.kept).hexdigest()
    if order.renews:
        details["renews"] = ",".join(order.renews)
    change.audit(
        "issue",
        who=order.who,
        why=order.why,
        source=order.source,
        subject=issued.serial,
        details=details,
    )
