"""Paths: whether a certificate comes, by a chain of others, from one that is trusted (RFC 5280, 6).

`validate` walks one path, `find` looks for one among certificates in any order. Both say why not in a
`UserError`. Revocation is looked at when a `Status` is given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sentinel.ca.x509 import constraints, der, extensions, match, names, policy
from sentinel.ca.x509.certificate import Certificate
from sentinel.errors import UserError

MOST_CERTIFICATES = 16
"""Length of a path, with the anchor."""
MOST_PATHS = 64
"""Paths that `find` tries."""

HANDLED = {
    extensions.KEY_USE,
    extensions.ALT_NAME,
    extensions.CONSTRAINTS,
    extensions.NAME_CONSTRAINTS,
    extensions.POLICIES,
    extensions.PURPOSE,
    policy.MAPPINGS,
    policy.POLICY_CONSTRAINTS,
    policy.INHIBIT_ANY,
}
"""Extensions that may be critical."""


class Status(Protocol):
    """Says which certificates are no longer in force."""

    def check(self, certificate: Certificate, issuer: Certificate, at: datetime) -> None:
        """`UserError` if `certificate` is revoked or on hold at that moment, or if that cannot be said."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a path must fulfil beside what its certificates say.

    `purpose` is an object identifier that extendedKeyUsage must allow, if it is there; `policies` those
    that are wanted (None: any), the rest are the initial states of RFC 5280, 6.1.1.
    """

    purpose: str | None = None
    policies: Collection[str] | None = None
    explicit_policy: bool = False
    inhibit_mapping: bool = False
    inhibit_any: bool = False
    status: Status | None = None


_DEFAULT = Rules()


def has_usage(certificate: Certificate, use: str) -> bool:
    """Whether keyUsage is absent or allows `use`, a name of `extensions.KEY_USAGE`."""
    value = certificate.extensions.get(extensions.KEY_USE)
    if value is None:
        return True
    octets = der.Reader(value).read(der.BIT_STRING)
    bit = extensions.KEY_USAGE[use]
    return len(octets) > 1 + bit // 8 and bool(octets[1 + bit // 8] & 0x80 >> bit % 8)


def has_purpose(certificate: Certificate, number: str) -> bool:
    """Whether extendedKeyUsage is absent or allows this purpose, or any (4.2.1.12)."""
    value = certificate.extensions.get(extensions.PURPOSE)
    if value is None:
        return True
    each = der.Reader(value).enter()
    told = set()
    while each.peek() is not None:
        told.add(each.oid())
    return bool(told & {number, "2.5.29.37.0"})


def validate(path: Sequence[Certificate], at: datetime, rules: Rules = _DEFAULT) -> frozenset[str]:
    """Check a path: the trusted certificate first, the one in question last. Gives the policies it is good
    for. The anchor is taken as it is, but for its end and its constraints on names and length."""
    if not 1 <= len(path) <= MOST_CERTIFICATES:
        raise UserError(f"path of {len(path)} certificates: 1 to {MOST_CERTIFICATES} are looked at")
    try:
        return _validate(path, at, rules)
    except (der.DerError, policy.PolicyError, constraints.ConstraintError) as error:
        raise UserError(f"{_shown(path[-1])}: {error}") from None


def _validate(path: Sequence[Certificate], at: datetime, rules: Rules) -> frozenset[str]:
    anchor, last = path[0], path[-1]
    _in_time(anchor, at)
    if len(path) == 1:
        return frozenset({policy.ANY})
    walk = policy.Policies(
        len(path) - 1,
        explicit=rules.explicit_policy,
        inhibit_mapping=rules.inhibit_mapping,
        inhibit_any=rules.inhibit_any,
    )
    limits: list[constraints.Constraints] = []
    room = MOST_CERTIFICATES
    issuer = anchor
    for certificate in path[1:]:
        room = _may_issue(issuer, room)
        value = issuer.extensions.get(extensions.NAME_CONSTRAINTS)
        if value is not None:
            limits.append(constraints.read(value))
        if issuer is not anchor:
            walk.prepare(issuer, self_issued=_self_issued(issuer))
        own = _self_issued(certificate)
        is_last = certificate is last
        _link(certificate, issuer, at)
        if rules.status is not None:
            rules.status.check(certificate, issuer, at)
        if is_last or not own:
            for limit in limits:
                limit.check(certificate)
        walk.check(certificate, self_issued=own, last=is_last)
        if not own:
            room -= 1
        issuer = certificate
    if rules.purpose is not None and not has_purpose(last, rules.purpose):
        raise UserError(f"{_shown(last)}: its purposes do not allow {rules.purpose}")
    return walk.end(last, rules.policies)


def _link(certificate: Certificate, issuer: Certificate, at: datetime) -> None:
    """One certificate and the one above it."""
    _in_time(certificate, at)
    if not match.same(certificate.issuer_der, issuer.subject_der):
        raise UserError(f"{_shown(certificate)}: not issued by {_shown(issuer)}, by its names")
    if not certificate.signed_by(issuer.key):
        raise UserError(f"{_shown(certificate)}: the signature is not that of {_shown(issuer)}")
    unknown = certificate.critical - HANDLED
    if unknown:
        raise UserError(
            f"{_shown(certificate)}: critical extension {', '.join(sorted(unknown))} is not known"
        )


def _may_issue(issuer: Certificate, room: int) -> int:
    """Certificates, but the last, that may still follow; `room` were allowed from above. `UserError` if
    this one may issue none (6.1.4 (k) to (n))."""
    is_ca, length = issuer.authority
    if not is_ca:
        raise UserError(f"{_shown(issuer)}: no authority (basicConstraints)")
    if not has_usage(issuer, "keyCertSign"):
        raise UserError(f"{_shown(issuer)}: may not sign certificates (keyUsage)")
    if room < 0:
        raise UserError(f"{_shown(issuer)}: the path is longer than an authority above allows")
    return room if length is None else min(room, length)


def _in_time(certificate: Certificate, at: datetime) -> None:
    if at < certificate.not_before:
        raise UserError(
            f"{_shown(certificate)}: not valid before {certificate.not_before:%Y-%m-%dT%H:%M:%SZ}"
        )
    if at > certificate.not_after:
        raise UserError(f"{_shown(certificate)}: ended {certificate.not_after:%Y-%m-%dT%H:%M:%SZ}")


def _self_issued(certificate: Certificate) -> bool:
    return match.same(certificate.subject_der, certificate.issuer_der)


def _shown(certificate: Certificate) -> str:
    try:
        name = names.text(certificate.subject)
    except UserError:
        name = ""
    return f"certificate {name or certificate.serial_text}"


def find(
    last: Certificate,
    between: Iterable[Certificate],
    anchors: Iterable[Certificate],
    at: datetime,
    rules: Rules = _DEFAULT,
) -> tuple[Certificate, ...]:
    """A path from one of `anchors` to `last` over some of `between`, in any order. The `UserError` is that
    of the first path that was tried, or says that there is none."""
    fault: UserError | None = None
    roots, pool = list(anchors), list(between)
    for count, path in enumerate(_paths((last,), roots, pool)):
        if count == MOST_PATHS:
            break
        try:
            validate(path, at, rules)
        except UserError as error:
            fault = fault or error
        else:
            return path
    raise fault or UserError(f"{_shown(last)}: no path leads to a certificate that is trusted")


def _paths(
    below: tuple[Certificate, ...], anchors: list[Certificate], pool: list[Certificate]
) -> Iterator[tuple[Certificate, ...]]:
    """Paths upwards from `below`, by names; anchors first."""
    top = below[0]
    for anchor in anchors:
        if match.same(anchor.subject_der, top.issuer_der):
            yield (anchor, *below)
    if len(below) + 1 >= MOST_CERTIFICATES:
        return
    for one in pool:
        if match.same(one.subject_der, top.issuer_der) and all(one.der != known.der for known in below):
            yield from _paths((one, *below), anchors, pool)
