"""The pseudonym CA, and the application CA for roadside units and special vehicles: the same code.

What it is sent comes from the registration authority, and says of a vehicle nothing but keys, values of
linkage and a validity. Its times are rounded to the hour.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

from sentinel import _native
from sentinel.ca.register import Certificate, Change
from sentinel.ca.v2x import certificate, clock, codec, pdu, secured, tracing
from sentinel.ca.v2x.role import Role
from sentinel.errors import UserError

PSEUDONYMS, APPLICATIONS = 2, 3
"""Series of lists that revoke each; see `sentinel.ca.v2x.crl`."""

BUTTERFLY = b"\x80"
"""Flags of a request for a pseudonym: the key is an expanded one."""

LINKAGE = ("la1", "la2")
KEY = 16
LOOK = 500
"""Requests that are looked for at once."""

PSEUDONYM_HOURS = 7 * 24 + 1
"""Hours that a pseudonym is valid: its week and an hour to change in (CAMP's SCMS)."""


class AuthorizationCa:
    """Issues pseudonyms and application certificates to what a registration authority asks."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def handle(self, octets: bytes) -> bytes:
        """Answer a batch of the registration authority: an answer for each request, in their order. A linkage
        authority sends the key it hides its values with."""
        role = self.role
        found = secured.read(octets, role.suite, "batch")
        for name in LINKAGE:
            if role.name == "aca" and found.signer == role.peer(name).id8:
                return self._shared(name, secured.verify(found, role.peer(name), role.suite, "shared key"))
        if role.knows("ma") and found.signer == role.peer("ma").id8:
            return self._questioned(secured.verify(found, role.peer("ma"), role.suite, "question"))
        batch = codec.each(secured.verify(found, role.peer("ra"), role.suite, "batch"), role.limits.batch)
        if len(batch) == 1 and not self._butterfly(batch[0]):
            return codec.many([self._plain(batch[0])])
        return codec.many(self._pseudonyms(batch))

    def _butterfly(self, octets: bytes) -> bool:
        return bool(pdu.unwrap(octets, "raAcaCertRequest", self.role.suite)["flags"] == BUTTERFLY)

    def _shared(self, name: str, sealed: bytes) -> bytes:
        """Keep a linkage authority's key as it came, encrypted to this CA."""
        role = self.role
        self._opened(sealed)
        with role.transaction() as change:
            change.at = clock.text(clock.hour(role.clock()))
            change.put_state(f"shared-{name}", sealed)
            change.audit("shared-key", who=name, source="pdu")
        return b""

    def _opened(self, sealed: bytes) -> bytes:
        role = self.role
        inner = secured.unseal(sealed, role.key("encrypt"), role.certificate, "shared key")
        key: bytes = codec.decode("Data", inner, role.suite, "shared key")["content"][1]
        if len(key) != KEY:
            raise UserError(f"shared key: {len(key)} octets; {KEY} are taken")
        return key

    def _pseudonyms(self, batch: list[bytes]) -> list[bytes]:
        """Issue what a batch asks for: one transaction. What was issued before is answered as it was."""
        role, suite = self.role, self.role.suite
        hashes = [suite.digest(octets)[-8:] for octets in batch]
        known = self._known(hashes)
        wanted = {hash: octets for hash, octets in zip(hashes, batch, strict=True) if hash not in known}
        made = self._issuer().issue([*wanted.values()], threads=os.cpu_count() or 1)
        refused = [one for one in made if isinstance(one, str)]
        if refused:
            raise UserError(f"batch: {len(refused):,} of {len(batch):,} requests are refused: {refused[0]}")
        with role.transaction() as change:
            change.at = clock.text(clock.hour(role.clock()))
            self._enter(change, [one for one in made if not isinstance(one, str)], known)
        return [known[hash] for hash in hashes]

    def _known(self, hashes: list[bytes]) -> dict[bytes, bytes]:
        known: dict[bytes, bytes] = {}
        for at in range(0, len(hashes), LOOK):
            some = hashes[at : at + LOOK]
            places = ", ".join("?" * len(some))
            sql = f"SELECT request, answer FROM v2x_pseudonym WHERE request IN ({places})"  # noqa: S608
            known.update(self.role.register.query(sql, some))
        return known

    def _issuer(self) -> _native.V2xIssuer:
        role = self.role
        shared = [
            self._opened(sealed) for name in LINKAGE if (sealed := role.register.state(f"shared-{name}"))
        ]
        return _native.V2xIssuer(
            role.suite.name,
            role.key(),
            role.certificate.octets,
            shared=shared,
            craca=role.peer("root").digest[-3:],
            series=PSEUDONYMS,
            time=self._hour(),
            aid=role.suite.management,
            valid=(role.certificate.start - clock.WEEK, role.certificate.end),
            hours=PSEUDONYM_HOURS,
        )

    def _enter(self, change: Change, made: list[_native.V2xIssued], known: dict[bytes, bytes]) -> None:
        """Register, audit, and what a later question of the misbehaviour authority needs."""
        role = self.role
        rows, times = [], dict[int, str]()
        for one in made:
            answer, octets, digest, key, i, linkage, part, other, request, start, end = one
            for time in (start, end):
                if time not in times:
                    times[time] = role.text(time)
            row = Certificate(
                serial=certificate.number(digest).hex(),
                subject=linkage.hex(),
                issuer=role.certificate.id8,
                algorithm=role.suite.algorithm,
                profile="pseudonym",
                not_before=times[start],
                not_after=times[end],
                sha256=hashlib.sha256(octets).hexdigest(),
                spki_sha256=role.suite.digest(key).hex(),
            )
            change.add(row, octets)
            change.audit("issue", who="ra", source="pdu", subject=row.serial, details={"sha256": row.sha256})
            rows.append((request, certificate.number(digest), i, linkage, part, other, answer))
            known[request] = answer
        change.db.executemany("INSERT INTO v2x_pseudonym VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def _plain(self, octets: bytes) -> bytes:
        """Issue an application certificate."""
        role, suite = self.role, self.role.suite
        asked = pdu.unwrap(octets, "raAcaCertRequest", suite)
        tbs = self._checked(asked["tbsCert"])
        issued = certificate.sign(tbs, role.key(), role.certificate, suite)
        with role.transaction() as change:
            row = role.row(issued, "application", names=tuple(f"aid:{aid}" for aid in issued.aids))
            change.add(row, issued.octets)
            change.audit(
                "issue", who="ra", source="pdu", subject=issued.serial, details={"sha256": row.sha256}
            )
        answer = pdu.wrap(
            "aca-ee",
            "acaEeCertResponse",
            {"version": 1, "generationTime": self._hour(), "certificate": issued.value},
            suite,
        )
        response = {
            "version": 1,
            "generationTime": self._hour(),
            "requestHash": suite.digest(octets)[-8:],
            "acaResponse": (
                "plain",
                codec.decode("Data", role.signed(answer, self._hour() * 1_000_000), suite),
            ),
        }
        return pdu.wrap("aca-ra", "acaRaCertResponse", response, suite)

    def _checked(self, tbs: dict[str, Any]) -> dict[str, Any]:
        """What is to be signed, as this CA gives it: its own list, a validity within its own."""
        role, suite = self.role, self.role.suite
        chosen, key = tbs["verifyKeyIndicator"]
        if chosen != "verificationKey" or key[0] != suite.verify:
            raise UserError(f"request: its key is none of profile {suite.name}")
        codec.compressed(key[1])
        unit, count = tbs["validityPeriod"]["duration"]
        if unit != "hours" or not 1 <= count <= role.limits.application_hours:
            raise UserError(f"request: valid for {count} {unit}; 1 to {role.limits.application_hours} hours")
        start, end = tbs["validityPeriod"]["start"], role.certificate.end
        if not (role.certificate.start <= start and start + count * clock.HOUR <= end):
            raise UserError(f"request: is valid beyond the {role.name} itself, which ends {role.text(end)}")
        if not tbs.get("appPermissions") or tbs.keys() & {"certIssuePermissions", "certRequestPermissions"}:
            raise UserError("request: certificates of stations are for applications, and for nothing else")
        return {**tbs, "cracaId": role.peer("root").digest[-3:], "crlSeries": APPLICATIONS}

    def _questioned(self, octets: bytes) -> bytes:
        """Answer the misbehaviour authority."""
        role = self.role
        asked = tracing.decode(octets)
        if isinstance(asked, tracing.Revoke):
            tracing.revoke(role, asked)
            return b""
        if not isinstance(asked, tracing.Trace):
            raise UserError(f"question {type(asked).__name__}: is not answered by the {role.name}")
        tracing.quota(role, "trace", asked.linkage.hex())
        rows = role.register.query(
            "SELECT one, other, request, serial FROM v2x_pseudonym WHERE linkage = ? AND i = ?",
            (asked.linkage, asked.i),
        )
        if not rows:
            raise UserError(f"linkage value {asked.linkage.hex()}: is of no certificate of this ACA")
        return role.signed(tracing.encode(tracing.Traced(*rows[0])))

    def _hour(self) -> int:
        role = self.role
        return clock.time32(clock.hour(role.clock()), role.charter.time)
