"""The way of a report: made of signed messages, signed by who reports, encrypted to the authority, and
examined there again.

Who reports is known by his certificate alone. A roadside unit is one whose application certificate is for
what roadside units send; its word on when and where it heard something is taken. Of a vehicle it is not: its
evidence is judged by what the messages say.
"""

from __future__ import annotations

import msgspec

from sentinel.ca.v2x import certificate, secured
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.role import Role
from sentinel.ca.v2x.station import Chosen
from sentinel.ca.v2x.suite import Suite
from sentinel.errors import UserError
from sentinel.v2x.detect.fuse import Monitor
from sentinel.v2x.misbehaviour.evidence import Court, Heard
from sentinel.v2x.misbehaviour.report import EVIDENCE, Pdu, Report, decoded
from sentinel.v2x.site import Layout, Site

ROADSIDE_AIDS = frozenset(range(3618, 3624))
"""MAP, SPAT, RSI, RSM (`crates/v2x/data/aid.tsv`)."""

EARSHOT = 10_000.0
"""m that a receiver hears who does not say how far: beyond any direct link."""

FRESH = 7 * 86_400.0
"""s that a report may be on its way: a vehicle without a network sends it later."""


def bare(heard: list[Heard]) -> Layout:
    """A site of which nothing is known, around what was heard."""
    for one in heard:
        if one.said is not None and abs(one.said.latitude) <= 90.0 and abs(one.said.longitude) <= 180.0:
            return Layout(one.said.latitude, one.said.longitude, 0.0, 0.0, EARSHOT, [])
    return Layout(0.0, 0.0, 0.0, 0.0, EARSHOT, [])


def suspects(heard: list[Heard], site: Site) -> dict[str, list[str]]:
    """Signers that there is something to report of, each with the reasons."""
    monitor, found = Monitor(site), dict[str, list[str]]()
    for one in heard:
        reasons = [one.misuse] if one.misuse else []
        if one.said is not None:
            verdict = monitor.judge(one.said)
            reasons += verdict.reasons if verdict.false else ()
        for reason in reasons:
            mine = found.setdefault(one.signer.id8, [])
            if reason not in mine:
                mine.append(reason)
    return found


def roadside(signer: Certificate) -> bool:
    """Whether a certificate is a roadside unit's."""
    return signer.tbs["id"][0] != "linkageData" and bool(ROADSIDE_AIDS & set(signer.aids))


def make(heard: list[Heard], target: str, site: Site, *, at: float, reporter: Certificate) -> Report:
    """A report on a signer. Of more messages than fit, the newest up to his last are evidence. `UserError`
    if those show nothing."""
    last = max((n for n, one in enumerate(heard) if one.signer.id8 == target), default=-1)
    if last < 0:
        raise UserError(f"{target}: no message of this signer is there")
    kept = heard[max(0, last + 1 - EVIDENCE) : last + 1]
    reasons = suspects(kept, site).get(target)
    if not reasons:
        raise UserError(f"{target}: its messages show nothing to report")
    own = next(one for one in reversed(kept) if one.signer.id8 == target)
    pdus = [
        Pdu(octets=one.pdu.octets, certificate=one.pdu.certificate, received=one.received) for one in kept
    ]
    report = Report(
        id="",
        at=at,
        reporter=reporter.id8,
        roadside=roadside(reporter),
        target=target,
        station=own.said.station if own.said is not None else "",
        reasons=reasons,
        site=site.layout,
        evidence=[],
        pdus=pdus,
    )
    return msgspec.structs.replace(report, id=report.digest())


def sealed(report: Report, by: Chosen, authority: Certificate, suite: Suite, time: int) -> bytes:
    """A report as it is sent. It is signed under the aid that the certificate has: none is public for it."""
    aid = min(by.certificate.aids)
    signed = secured.sign(report.encoded(), by.key, by.certificate, suite, aid=aid, time=time, attach=True)
    return secured.seal(signed, authority, suite)


def examined(octets: bytes, role: Role, court: Court, now: float, what: object) -> tuple[Report, list[str]]:
    """A report as the authority takes it, with the site that its evidence was judged by, and the reasons that
    its messages bear out. `UserError` for a report that cannot be opened, is not signed by a station of this
    domain that is valid, or whose evidence is none."""
    suite = role.suite
    opened = secured.unseal(octets, role.key("encrypt"), role.certificate, what)
    found = secured.read(opened, suite, what)
    if not found.certificates:
        raise UserError(f"{what}: comes without the certificate of who reports")
    reporter = court.holder(found.certificates[0].octets, f"{what}: certificate of who reports")
    report = decoded(secured.verify(found, reporter, suite, what))
    if report.reporter != reporter.id8 or report.id != report.digest():
        raise UserError(f"{what}: names another reporter, or another number, than it has")
    if not reporter.valid((found.time or 0) // 1_000_000) or not -60.0 <= now - report.at <= FRESH:
        raise UserError(f"{what}: was signed after its certificate's time, or too long ago")
    if revoked(role, reporter):
        raise UserError(f"{what}: who reports is revoked")
    if not report.pdus:
        raise UserError(f"{what}: comes without messages as evidence")
    if any(not 0.0 < pdu.received <= report.at + 60.0 for pdu in report.pdus):
        raise UserError(f"{what}: a message was received after the report")
    trusted = roadside(reporter)
    messages = [(f"{what}: message {n}", pdu.received, pdu) for n, pdu in enumerate(report.pdus, 1)]
    heard = court.look(messages, word=trusted)
    site = Site(report.site if trusted else bare(heard))
    borne_out = suspects(heard, site).get(report.target, [])
    taken = msgspec.structs.replace(report, roadside=trusted, evidence=[], site=site.layout)
    return taken, [reason for reason in report.reasons if reason in borne_out]


def revoked(role: Role, signer: Certificate) -> bool:
    """Whether the authority itself has revoked a certificate by its hash."""
    rows = role.register.query("SELECT 1 FROM v2x_revoked WHERE id = ?", (signer.digest[-10:],))
    return bool(rows)


def target(report: Report, suite: Suite) -> Certificate:
    """The certificate of who is reported, from the evidence."""
    for pdu in report.pdus:
        found = certificate.read(pdu.certificate, suite, "evidence")
        if found.id8 == report.target:
            return found
    raise UserError(f"{report.target}: its certificate is not in the evidence")
