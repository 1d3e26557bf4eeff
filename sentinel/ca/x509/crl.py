"""Certificate revocation lists (RFC 5280, 5): written fast, and read strictly.

A complete list has a number and says where the deltas are; a delta names the complete list it builds
on and holds what changed since, `removeFromCRL` for what is in force again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sentinel.ca.keys import PublicKey
from sentinel.ca.x509 import der, extensions, scope
from sentinel.ca.x509.status import REASONS, read_extensions, whole_integer, whole_reason
from sentinel.errors import UserError

LABEL = "X509 CRL"
NUMBER, DELTA, REASON = "2.5.29.20", "2.5.29.27", "2.5.29.21"
MOST_ENTRIES = 5_000_000
"""Entries of a list that is read."""

_KNOWN = {NUMBER, DELTA, scope.POINT, extensions.AUTHORITY_KEY, extensions.FRESHEST_CRL}
_VERSION_2 = der.integer(1)


@dataclass(frozen=True, slots=True)
class Entry:
    """A certificate that is revoked or on hold, or in force again (`removeFromCRL`, deltas only)."""

    serial: int
    at: datetime
    reason: str = "unspecified"


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list as it stands. `base` is the number of the complete list a delta builds on; without a `scope`
    the list is about all certificates of its issuer."""

    der: bytes
    tbs: bytes
    algorithm: bytes
    issuer_der: bytes
    this_update: datetime
    next_update: datetime
    number: int
    base: int | None
    authority_key: bytes | None
    freshest: bytes | None
    scope: scope.Scope | None
    entries: dict[int, Entry]
    signature: bytes

    def signed_by(self, key: PublicKey) -> bool:
        """Whether its signature was made with `key`."""
        return key.verify(self.algorithm, self.tbs, self.signature)


@lru_cache(maxsize=16)
def _reason(reason: str) -> bytes:
    """Extensions of an entry: none where no reason is known (5.3.1)."""
    number = REASONS[reason]
    if not number:
        return b""
    return der.sequence(extensions.extension(REASON, der.enumerated(number)))


def encode_tail(at: datetime, reason: str) -> bytes:
    """What follows the serial number in an entry: many entries share it."""
    return der.time(at) + _reason(reason)


def encode_entry(serial: bytes, tail: bytes) -> bytes:
    """One member of revokedCertificates: the octets of a serial number, and `encode_tail`."""
    if 0 < serial[0] < 0x80:
        number = der.tlv(der.INTEGER, serial)
    else:
        number = der.integer(int.from_bytes(serial, "big"))
    return der.tlv(der.SEQUENCE, number + tail)


def to_be_signed(
    *,
    algorithm: bytes,
    issuer: bytes,
    this_update: datetime,
    next_update: datetime,
    entries: Iterable[bytes],
    number: int,
    authority_key: bytes,
    base: int | None = None,
    freshest: str | None = None,
) -> bytes:
    """TBSCertList of version 2. `algorithm` and `issuer` are whole values, `entries` come from
    `encode_entry`, `freshest` is the URL of the deltas (complete lists only)."""
    members = b"".join(entries)
    added = [
        extensions.authority_key(authority_key),
        extensions.extension(NUMBER, der.integer(number)),
    ]
    if base is not None:
        added.append(extensions.extension(DELTA, der.integer(base), critical=True))
    elif freshest is not None:
        added.append(extensions.freshest_crl(freshest))
    return der.sequence(
        _VERSION_2,
        algorithm,
        issuer,
        der.time(this_update),
        der.time(next_update),
        # revokedCertificates is absent where there are none (5.1.2.6)
        der.tlv(der.SEQUENCE, members) if members else b"",
        der.explicit(0, der.sequence(*added)),
    )


def read(data: bytes) -> RevocationList:
    """Read a list of version 2 with a number. `UserError` says what is wrong, a critical extension we do
    not know among it; no signature is looked at."""
    try:
        return _read(data)
    except der.DerError as error:
        raise UserError(f"CRL: no list of revoked certificates in DER: {error}") from None


def _read(data: bytes) -> RevocationList:
    outer = der.Reader(data)
    whole = outer.enter()
    outer.end()
    tbs, algorithm, signature = whole.raw(der.SEQUENCE), whole.raw(der.SEQUENCE), whole.bits()
    whole.end()
    info = der.Reader(tbs).enter()
    if info.raw(der.INTEGER) != _VERSION_2:
        raise der.DerError("not of version 2")
    if info.raw(der.SEQUENCE) != algorithm:
        raise der.DerError("two signature algorithms")
    issuer = info.raw(der.SEQUENCE)
    this_update, next_update = info.time(), info.time()
    entries: dict[int, Entry] = {}
    if info.peek() == der.SEQUENCE:
        entries = _entries(info.enter())
    wrapped = info.enter(0xA0)
    info.end()
    found, critical = read_extensions(wrapped.enter())
    wrapped.end()
    if not critical <= _KNOWN:
        raise der.DerError(f"critical extension {', '.join(sorted(critical - _KNOWN))} is not known")
    if NUMBER not in found:
        raise der.DerError("no number (5.2.3)")
    base = found.get(DELTA)
    key, point = found.get(extensions.AUTHORITY_KEY), found.get(scope.POINT)
    removed = any(entry.reason == "removeFromCRL" for entry in entries.values())
    if removed and base is None:
        raise der.DerError("removeFromCRL in a complete list (5.3.1)")
    return RevocationList(
        data,
        tbs,
        algorithm,
        issuer,
        this_update,
        next_update,
        whole_integer(found[NUMBER]),
        None if base is None else whole_integer(base),
        None if key is None else _key(key),
        found.get(extensions.FRESHEST_CRL),
        None if point is None else scope.read(point, issuer),
        entries,
        signature,
    )


def _entries(each: der.Reader) -> dict[int, Entry]:
    found: dict[int, Entry] = {}
    if each.peek() is None:
        raise der.DerError("a list of entries without any (5.1.2.6)")
    while each.peek() is not None:
        one = each.enter()
        serial, at = one.integer(), _moment(one.raw())
        reason = "unspecified" if one.peek() is None else _entry_reason(one.raw())
        one.end()
        if serial in found or len(found) == MOST_ENTRIES:
            raise der.DerError(f"entry {serial:x} twice, or more than {MOST_ENTRIES}")
        found[serial] = Entry(serial, at, reason)
    return found


@lru_cache(maxsize=4096)
def _moment(raw: bytes) -> datetime:
    reader = der.Reader(raw)
    return reader.time()


@lru_cache(maxsize=256)
def _entry_reason(raw: bytes) -> str:
    """Reason in the extensions of an entry."""
    outer = der.Reader(raw)
    added, critical = read_extensions(outer.enter())
    if critical:
        raise der.DerError(f"an entry with the critical extension {', '.join(sorted(critical))}")
    return whole_reason(added[REASON]) if REASON in added else "unspecified"


def _key(value: bytes) -> bytes | None:
    """keyIdentifier of an AuthorityKeyIdentifier."""
    reader = der.Reader(value)
    inner = reader.enter()
    reader.end()
    return inner.read() if inner.peek() == 0x80 else None
