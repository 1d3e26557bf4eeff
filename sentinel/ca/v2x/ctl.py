"""The list manager: which roots are believed (root list), and which authorities a domain has (domain list).

The forms are YD/T 3957's in both profiles. Stations believe a foreign domain by the root list alone, and no
longer than the list says; so what is dropped is forgotten when the list that holds it has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from sentinel import _native
from sentinel.ca.approvals import demand, take
from sentinel.ca.v2x import certificate, clock, codec
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.role import Role
from sentinel.ca.v2x.suite import Suite
from sentinel.errors import UserError

STATE = "roots"
ROOTS_MOST = 1_000
SERIES = 0


class Entry(msgspec.Struct, frozen=True):
    """A root on the list. `until` is a Time32 from which on it is left out, 0 for none."""

    certificate: bytes
    url: str = ""
    until: int = 0


@dataclass(frozen=True, slots=True)
class RootList:
    """A root list that was read. Times are Time32."""

    issuer: str
    issued: int
    next: int
    roots: tuple[Certificate, ...]


def entries(role: Role) -> list[Entry]:
    """Roots that the list manager lists."""
    found = role.register.state(STATE)
    return [] if found is None else msgspec.msgpack.decode(found, type=list[Entry])


def add(role: Role, root: bytes, *, who: str, url: str = "", founding: bool = False) -> bytes:
    """Enter a domain's root; the new list. `UserError` for a certificate that is no root, or is listed.
    The first list of a `founding` needs no approval."""
    new = certificate.read(root, role.suite, "root")
    certificate.verify(new, None, role.suite, f"root {new.id8}")
    if "certIssuePermissions" not in new.tbs:
        raise UserError(f"root {new.id8}: issues no certificates; a domain's root is listed")
    if not new.valid(role.now()):
        raise UserError(f"root {new.id8}: has ended, or is not valid yet")
    listed = entries(role)
    if any(one.certificate == root for one in listed):
        raise UserError(f"root {new.id8}: is on the list already")
    if len(listed) >= ROOTS_MOST:
        raise UserError(f"root {new.id8}: {ROOTS_MOST:,} are listed, and no more are taken")
    return _renew(role, [*listed, Entry(root, url)], "ctl-add", new, who, ask=not founding)


def remove(role: Role, root: bytes, *, who: str) -> bytes:
    """Drop a domain's root; the new list, without it."""
    gone = certificate.read(root, role.suite, "root")
    listed = entries(role)
    left = [one for one in listed if one.certificate != root]
    if len(left) == len(listed):
        raise UserError(f"root {gone.id8}: is not on the list")
    return _renew(role, left, "ctl-remove", gone, who)


def expire(role: Role, root: bytes, *, who: str, at: datetime | None = None) -> bytes:
    """Let a domain's root end at a moment, now if none is given: the new list still holds it and is due for
    renewal then; those made later leave it out."""
    ends = certificate.read(root, role.suite, "root")
    until = role.now() if at is None else clock.time32(at, role.charter.time)
    listed = entries(role)
    if all(one.certificate != root for one in listed):
        raise UserError(f"root {ends.id8}: is not on the list")
    new = [Entry(one.certificate, one.url, until) if one.certificate == root else one for one in listed]
    return _renew(role, new, "ctl-expire", ends, who)


def renew(role: Role, *, who: str) -> bytes:
    """The next list, of the same roots."""
    return _renew(role, entries(role), "ctl", None, who)


def _renew(
    role: Role,
    listed: Sequence[Entry],
    action: str,
    root: Certificate | None,
    who: str,
    *,
    ask: bool = True,
) -> bytes:
    now = role.now()
    subject = root.id8 if root else ""
    approved = demand(
        role.register, action, {"root": subject}, needed=role.limits.approvals if root and ask else 0, who=who
    )
    shown = [one for one in listed if not 0 < one.until < now]
    ends = min([now + role.limits.list_days * clock.DAY, *(one.until for one in shown if one.until)])
    octets = root_list(role, shown, now, ends)
    kept = msgspec.msgpack.encode([one for one in shown if one.until == 0 or one.until > now])
    with role.transaction() as change:
        change.put_state(STATE, kept)
        details = {"roots": len(shown), "until": role.text(ends)}
        change.audit(action, who=who, subject=subject, details=details, approvals=take(change, approved))
    return octets


def root_list(role: Role, shown: Sequence[Entry], now: int, ends: int) -> bytes:
    """A signed root list."""
    value = {
        "version": 1,
        "issuer": (role.suite.issuer, role.certificate.digest[-8:]),
        "series": SERIES,
        "issueDate": now,
        "nextRootCtl": ends,
        "pkiCtlInfoList": [
            {
                "rootCertificate": codec.decode("Certificate", one.certificate, role.suite),
                **({"caListUrl": one.url} if one.url else {}),
            }
            for one in shown
        ],
    }
    return role.key().root_list(value, role.certificate.octets)


def domain_list(role: Role, authorities: Sequence[Certificate]) -> bytes:
    """A signed domain list: certificates of the authorities of a domain."""
    now = role.now()
    value = {
        "version": 1,
        "issuer": (role.suite.issuer, role.certificate.digest[-8:]),
        "series": SERIES,
        "issueDate": now,
        "nextPkiCtl": now + role.limits.list_days * clock.DAY,
        "pkiCertInfoList": [{"certificate": [one.value]} for one in authorities],
    }
    return role.key().domain_list(value, role.certificate.octets)


def read(octets: bytes, manager: Certificate, suite: Suite, what: object = "root list") -> RootList:
    """A root list, signed by its manager. Whether it has ended is not looked at."""
    value = codec.decode("RootCtl", octets, suite, what)
    told = value["toBeSignedRootCtl"]
    if told["issuer"][1] != manager.digest[-8:]:
        raise UserError(f"{what}: is not of list manager {manager.id8}")
    try:
        _native.v2x_verify_structure(suite.name, "RootCtl", octets, manager.octets)
    except ValueError as error:
        raise UserError(f"{what}: {error}") from None
    roots = tuple(
        certificate.read(codec.encode("Certificate", one["rootCertificate"], suite), suite, what)
        for one in told["pkiCtlInfoList"]
    )
    return RootList(manager.id8, told["issueDate"], told["nextRootCtl"], roots)
