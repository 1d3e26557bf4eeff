"""The registration authority: it knows which station asks, and never sees what the station is given."""

from __future__ import annotations

from typing import Any

from sentinel.ca.v2x import certificate, codec, pdu, secured, tracing
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.pseudonyms import Pool
from sentinel.ca.v2x.role import Role
from sentinel.ca.v2x.transport import Transport
from sentinel.errors import UserError

FRESH = 600
"""Seconds that a request may be old, or ahead of this clock."""


class RegistrationAuthority:
    """Takes requests of enrolled stations, and asks the other roles for what they need."""

    def __init__(self, role: Role, transport: Transport) -> None:
        self.role, self.transport = role, transport
        self.pool = Pool(role, transport)

    def handle(self, octets: bytes) -> bytes:
        """Answer a station: a request for an application certificate, one for pseudonyms (which is kept, and
        acknowledged), or for those of some weeks."""
        role, suite = self.role, self.role.suite
        if codec.decode("Data", octets, suite, "request")["content"][0] == "signedData":
            return self._questioned(secured.opened(octets, role.peer("ma"), suite, "question"))
        octets = secured.unseal(octets, role.key("encrypt"), role.certificate, "request")
        found = pdu.read(octets, suite)
        station = self._station(found)
        message = pdu.name(found.tbs, suite)
        asked = pdu.unwrap(found.tbs, message, suite)
        if abs(asked["generationTime"] - role.now()) > FRESH:
            raise UserError(f"request: of {role.text(asked['generationTime'])}; set the station's clock")
        if message == "eeRaDownloadRequest":
            return role.signed(self.pool.download(station, asked["filename"]))
        if message != "eeRaCertRequest":
            raise UserError(f"request: {message} is not answered here")
        if "additionalParams" not in asked:
            return self._application(found, station, asked)
        self.pool.order(found, station, asked)
        told = {
            "version": 1,
            "generationTime": role.now(),
            "requestHash": found.hash8,
            "nextDlTime": role.now(),
        }
        return role.signed(pdu.wrap("ee-ra", "raEeCertAck", told, suite))

    def _station(self, found: pdu.Request) -> Certificate:
        """The enrolment certificate a request is signed with, checked."""
        role = self.role
        station = found.signer
        if station is None:
            raise UserError("request: is not signed with an enrolment certificate")
        certificate.verify(station, role.peer("eca"), role.suite, f"enrolment certificate {station.id8}")
        if not station.valid(role.now()):
            raise UserError(f"enrolment certificate {station.id8}: has ended, or is not valid yet")
        if "certRequestPermissions" not in station.tbs:
            raise UserError(f"certificate {station.id8}: is no enrolment certificate")
        if role.register.query("SELECT 1 FROM v2x_denied WHERE station = ?", (station.digest[-8:],)):
            raise UserError(f"enrolment certificate {station.id8}: is on the deny list")
        return station

    def _questioned(self, octets: bytes) -> bytes:
        """The misbehaviour authority has whoever made a request denied; who it is is not told."""
        role = self.role
        asked = tracing.decode(octets)
        if not isinstance(asked, tracing.Deny):
            raise UserError(f"question {type(asked).__name__}: is not answered by the ra")
        tracing.quota(role, "deny", asked.request.hex())
        rows = role.register.query(
            "SELECT o.station, o.count, (SELECT max(i) FROM v2x_request WHERE vehicle = o.id) "
            "FROM v2x_request r JOIN v2x_order o ON o.id = r.vehicle WHERE r.hash = ?",
            (asked.request,),
        )
        if not rows:
            raise UserError(f"request {asked.request.hex()}: was not made here")
        station, count, last = rows[0]
        self.deny(station, why=asked.why, who="ma")
        return role.signed(tracing.encode(tracing.Denied(last, count)))

    def deny(self, station: bytes, *, why: str, who: str) -> None:
        """Put an enrolment certificate (HashedId8) on the deny list: its station gets nothing any more."""
        with self.role.transaction() as change:
            change.db.execute("INSERT OR IGNORE INTO v2x_denied VALUES (?, ?, ?)", (station, change.at, why))
            change.audit("deny", who=who, source="pdu", subject=station.hex(), why=why)

    def _application(self, found: pdu.Request, station: Certificate, asked: dict[str, Any]) -> bytes:
        """An application certificate: the request goes to its CA at once, there is nothing to hide."""
        role, suite = self.role, self.role.suite
        octets = pdu.wrap(
            "aca-ra",
            "raAcaCertRequest",
            {"version": 1, "generationTime": role.now(), "flags": b"\0", "tbsCert": asked["tbsCert"]},
            suite,
        )
        with role.transaction() as change:
            details = {"request": found.hash8.hex(), "kind": "application"}
            change.audit("request", who=station.id8, source="pdu", subject=station.serial, details=details)
        [answer] = codec.each(self.transport.send("app", role.signed(codec.many([octets]))), 1)
        return answer
