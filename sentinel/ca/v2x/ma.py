"""The misbehaviour authority: traces a pseudonym to what revokes it, and signs the lists of revocations.

It learns neither which vehicle it is, nor what the vehicle did before: the ACA gives the halves of the value
and the request's hash, the linkage authorities seeds from now on, the registration authority denies whoever
it was.
"""

from __future__ import annotations

from dataclasses import dataclass

from sentinel.ca.approvals import demand, take
from sentinel.ca.v2x import clock, pdu, secured, tracing
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.role import Role
from sentinel.ca.v2x.transport import Transport
from sentinel.errors import UserError


@dataclass(frozen=True, slots=True)
class Revoked:
    """What was revoked. `kind` is pseudonym, application or enrolment; `until` a Time32."""

    kind: str
    id8: str
    until: int


class MisbehaviourAuthority:
    """Acts on what was decided. Who decides, and on what evidence, is not here."""

    def __init__(self, role: Role, transport: Transport) -> None:
        self.role, self.transport = role, transport

    def revoke(
        self, found: Certificate, *, who: str, why: str = "", reason: str = "privilegeWithdrawn"
    ) -> Revoked:
        """Revoke a certificate: a pseudonym with all others of its vehicle from this week on, another one by
        its hash. `PendingError` while operators have to approve it."""
        role = self.role
        kind = self._kind(found)
        arguments = {"certificate": found.serial, "reason": reason}
        approved = demand(role.register, "v2x-revoke", arguments, needed=role.limits.approvals, who=who)
        if kind == "pseudonym":
            until = self._pseudonym(found, reason)
        else:
            until = found.end
            to = "eca" if kind == "enrolment" else "app"
            self._ask(to, tracing.Revoke(bytes.fromhex(found.serial), reason))
        with role.transaction() as change:
            if kind != "pseudonym":
                change.db.execute(
                    "INSERT OR IGNORE INTO v2x_revoked (id, series, expiry) VALUES (?, ?, ?)",
                    (found.digest[-10:], found.tbs["crlSeries"], found.end),
                )
            details = {"kind": kind, "id8": found.id8, "reason": reason}
            change.audit(
                "v2x-revoke",
                who=who,
                subject=found.serial,
                why=why,
                details=details,
                approvals=take(change, approved),
            )
        return Revoked(kind, found.id8, until)

    def _kind(self, found: Certificate) -> str:
        role = self.role
        if found.tbs["id"][0] == "linkageData":
            return "pseudonym"
        if found.issuer == role.peer("eca").id8:
            return "enrolment"
        if found.tbs.get("certIssuePermissions") or found.issuer == role.peer("root").id8:
            raise UserError(
                f"certificate {found.id8}: is a role's; its root is taken off the list (`v2x ctl`)"
            )
        return "application"

    def _pseudonym(self, found: Certificate, reason: str) -> int:
        """Trace a pseudonym; the seeds go into the register. The last week that is revoked, as Time32."""
        role = self.role
        linkage = found.tbs["id"][1]
        i, value = linkage["iCert"], linkage["linkage-value"]
        traced = self._ask("aca", tracing.Trace(value, i))
        if not isinstance(traced, tracing.Traced) or traced.serial != bytes.fromhex(found.serial):
            raise UserError(f"certificate {found.id8}: the ACA knows another one by its linkage value")
        one = self._seed("la1", i, traced.one)
        other = self._seed("la2", i, traced.other)
        if one[0] != other[0]:
            raise UserError(f"certificate {found.id8}: the linkage authorities answer for different weeks")
        denied = self._ask("ra", tracing.Deny(traced.request, reason))
        if not isinstance(denied, tracing.Denied):
            raise UserError("answer of the registration authority: is another one")
        self._ask("aca", tracing.Revoke(traced.serial, reason))
        with role.transaction() as change:
            change.db.execute(
                "INSERT INTO v2x_seed (i, one, other, last, count) SELECT ?, ?, ?, ?, ? "
                "WHERE NOT EXISTS (SELECT 1 FROM v2x_seed WHERE i = ? AND one = ?)",
                (one[0], one[1], other[1], denied.last, denied.count, one[0], one[1]),
            )
        return (denied.last + 1) * clock.WEEK

    def _seed(self, name: str, i: int, value: bytes) -> tuple[int, bytes]:
        """Week and seed that a linkage authority gives for a half."""
        role = self.role
        answer = self.transport.send(name, role.signed(tracing.wrap_request(role, [(i, value)])))
        answer = secured.opened(answer, role.peer(name), role.suite, f"answer of {name}")
        [told] = pdu.unwrap(answer, "laMaLinkageSeedResponse", role.suite)["individualLSInfos"]
        return told["i"], told["ls"]

    def _ask(self, name: str, message: tracing.Message) -> tracing.Message | None:
        role = self.role
        answer = self.transport.send(name, role.signed(tracing.encode(message)))
        if not answer:
            return None
        peer = role.peer(name if name != "app" or role.knows("app") else "aca")
        return tracing.decode(secured.opened(answer, peer, role.suite, f"answer of {name}"))
