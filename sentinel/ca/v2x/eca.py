"""The enrolment CA: it knows which vehicle a station is, and nobody else does."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel.ca.v2x import certificate, clock, codec, pdu, secured, tracing
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.role import Role
from sentinel.errors import UserError

KINDS = ("obu", "rsu", "special")
"""Stations: on board, at the roadside, special vehicles."""

NAME_MOST = 80
VALID_MOST = 2
"""Enrolment certificates of a station that are valid at once: the next is fetched before the last ends."""


@dataclass(frozen=True, slots=True)
class Order:
    """A station to enrol. `key` is its public key, compressed."""

    id: str
    kind: str
    key: bytes
    who: str
    source: str = "cli"


class EnrolmentCa:
    """Enrols stations."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def handle(self, octets: bytes) -> bytes:
        """Answer a station's request, signed with the key it is about: its `canonicalId` is KIND:ID."""
        role, suite = self.role, self.role.suite
        if codec.decode("Data", octets, suite, "request")["content"][0] == "signedData":
            asked = tracing.decode(secured.opened(octets, role.peer("ma"), suite, "question"))
            if not isinstance(asked, tracing.Revoke):
                raise UserError(f"question {type(asked).__name__}: is not answered by the eca")
            tracing.revoke(role, asked)
            return b""
        found = pdu.read(octets, suite)
        value = pdu.unwrap(found.tbs, "eeEcaCertRequest", suite)
        kind, _, id = value.get("canonicalId", "").partition(":")
        chosen, key = value["tbsCert"]["verifyKeyIndicator"]
        if chosen != "verificationKey" or key[0] != suite.verify:
            raise UserError(f"request: its key is none of profile {suite.name}")
        if found.signer is not None:
            raise UserError("request: an enrolment is signed with the key it is about")
        public = codec.compressed(key[1])
        issued = self.enrol(Order(id, kind, public, who="station", source="pdu"))
        response = {
            "version": 1,
            "requestHash": found.hash8,
            "ecaCertChain": [self.role.certificate.value],
            "certificate": issued.value,
        }
        return self.role.signed(pdu.wrap("eca-ee", "ecaEeCertResponse", response, suite))

    def enrol(self, order: Order) -> Certificate:
        """Issue an enrolment certificate. It does not say which vehicle it is of: the register does."""
        role = self.role
        if order.kind not in KINDS:
            raise UserError(f"kind {order.kind[:40]}: one of {', '.join(KINDS)}", 2)
        if not (0 < len(order.id) <= NAME_MOST and order.id.isprintable() and order.id == order.id.strip()):
            raise UserError(
                f"vehicle {order.id[:NAME_MOST]!r}: 1 to {NAME_MOST} characters that can be shown", 2
            )
        suite = role.suite
        if role.register.by_key(suite.digest(order.key).hex()):
            raise UserError(f"vehicle {order.id}: its key has a certificate already; make a new one")
        valid = [one for one in role.register.by_subject(order.id) if one.state == "valid"]
        if len(valid) >= VALID_MOST:
            raise UserError(
                f"vehicle {order.id}: is enrolled {len(valid)} times; revoke one (`sentinel v2x revoke`)"
            )
        start = role.now()
        hours = min(role.limits.enrolment_days * 24, (role.certificate.end - start) // clock.HOUR)
        permissions = {"subjectPermissions": ("all", None)}
        country = role.charter.country
        tbs = certificate.to_be_signed(
            suite,
            order.key,
            start=start,
            duration=certificate.duration(hours),
            craca=role.peer("root").digest[-3:],
            series=SERIES,
            region=certificate.country(country) if country else None,
            appPermissions=[{"psid": suite.management}],
            certRequestPermissions=[permissions],
        )
        issued = certificate.sign(tbs, role.key(), role.certificate, suite)
        with role.transaction() as change:
            row = role.row(issued, f"enrolment-{order.kind}", subject=order.id)
            change.add(row, issued.octets)
            details = {"kind": order.kind, "sha256": row.sha256}
            change.audit("enrol", who=order.who, source=order.source, subject=issued.serial, details=details)
        return issued


SERIES = 1
"""Series of lists that revoke enrolment certificates; see `sentinel.ca.v2x.crl`."""
