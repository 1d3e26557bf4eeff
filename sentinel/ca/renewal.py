"""Orders for what takes the place of a certificate: the same subject, names and profile, a new end."""

from __future__ import annotations

from sentinel.ca.authority import Authority
from sentinel.ca.lookup import lookup
from sentinel.ca.register import Certificate as Row
from sentinel.ca.x509 import certificate, der, extensions
from sentinel.ca.x509.order import Order
from sentinel.errors import UserError


def renewal(
    authority: Authority, which: str, *, keep_key: bool, who: str, source: str, why: str = ""
) -> Order:
    """An order that renews a certificate (`keep_key`) or rekeys it; of a TLCP pair either certificate names
    the pair. `UserError` if it is revoked, or one of the CA's own."""
    row, found = lookup(authority, which)
    if row.profile in ("root", "issuing"):
        raise UserError(f"certificate {row.serial}: is the CA's own; a new CA takes its place")
    if row.state == "revoked":
        raise UserError(f"certificate {row.serial}: is revoked ({row.reason}); issue a new one")
    if row.state == "held":
        raise UserError(f"certificate {row.serial}: is on hold; resume it first")
    pair: tuple[certificate.Certificate, ...] = ()
    serials: tuple[str, ...] = (row.serial,)
    if row.pair_id is not None:
        rows = authority.register.pair(row.pair_id)
        pair = _pair(authority, rows)
        serials = tuple(one.serial for one in rows)
        found = pair[0]
    role = found.extensions.get(extensions.MODBUS_ROLE)
    return Order(
        row.profile,
        key=found.spki if keep_key else None,
        subject=found.subject,
        alt_names=found.alt_names(),
        role=None if role is None else der.Reader(role).read(der.UTF8).decode(),
        pair_key=pair[1].spki if pair and keep_key else None,
        renews=serials,
        asset=row.asset or "",
        who=who,
        source=source,
        why=why,
    )


def _pair(authority: Authority, rows: list[Row]) -> tuple[certificate.Certificate, ...]:
    """The certificates of a pair, the signing one first, as they were issued."""
    found = []
    for row in rows:
        data = authority.register.encoded(row.serial)
        if data is not None:
            found.append(certificate.read(data))
    if len(found) != 2:
        raise UserError(f"certificate {rows[0].serial}: its pair is not whole ({len(found)} certificates)")
    return tuple(found)
