"""A certificate in words, for a person."""

from __future__ import annotations

from collections.abc import Iterator

from sentinel.ca.keys.algorithms import ALGORITHMS
from sentinel.ca.register import Certificate as Row
from sentinel.ca.x509 import altnames, certificate, der, extensions

_PURPOSES = {number: name for name, number in extensions.PURPOSES.items()}
_USES = {place: name for name, place in extensions.KEY_USAGE.items()}


def describe(row: Row, found: certificate.Certificate) -> Iterator[tuple[str, str]]:
    """(what, value) of what the register knows and the certificate says, in the order to be shown."""
    yield "serial", row.serial
    yield "subject", row.subject
    yield "issuer", row.issuer
    yield "profile", row.profile
    state = row.state if row.reason is None else f"{row.state} ({row.reason}), {row.revoked_at}"
    yield "state", state
    yield "from", row.not_before
    yield "until", "without end" if found.not_after == der.NEVER else row.not_after
    yield "key", ALGORITHMS[row.algorithm].title if row.algorithm in ALGORITHMS else row.algorithm.upper()
    names = [altnames.text(name) for name in found.alt_names()]
    if names:
        yield "names", ", ".join(names)
    for number, value in found.extensions.items():
        yield from _said(number, value)
    is_ca, length = found.authority
    if is_ca:
        yield "CA", "yes" if length is None else f"yes, {length} CAs below it"
    yield "SHA-256", row.sha256
    if row.pair_id:
        yield "pair", row.pair_id
    if row.asset:
        yield "asset", row.asset
    if row.requester:
        yield "requested by", row.requester


def _said(number: str, value: bytes) -> Iterator[tuple[str, str]]:
    if number == extensions.KEY_USE:
        contents = der.Reader(value).read(der.BIT_STRING)
        octets = contents[1:]
        uses = [
            _USES[place]
            for place in range(9)
            if place // 8 < len(octets) and octets[place // 8] & 0x80 >> place % 8
        ]
        yield "key usage", ", ".join(uses)
    elif number == extensions.PURPOSE:
        inner, purposes = der.Reader(value).enter(), []
        while inner.peek() is not None:
            purpose = inner.oid()
            purposes.append(_PURPOSES.get(purpose, purpose))
        yield "purposes", ", ".join(purposes)
    elif number == extensions.MODBUS_ROLE:
        yield "role", der.Reader(value).read(der.UTF8).decode()
    elif number == extensions.OCSP_NOCHECK:
        yield "revocation", "is not asked about while it lasts"
