"""The misbehaviour authority's office: reports come in, cases are shown and decided.

ma/inbox/*.oer   reports as they came, encrypted: who puts one here needs no key
ma/cases.db      the case book
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sentinel.ca import files, operators
from sentinel.ca.keys import PublicKey, Signer
from sentinel.ca.v2x.domain import Domain
from sentinel.ca.v2x.founding import PUBLIC
from sentinel.ca.v2x.station import About, Chosen, Station
from sentinel.errors import UserError
from sentinel.v2x.misbehaviour import filing
from sentinel.v2x.misbehaviour.casebook import Case, Casebook
from sentinel.v2x.misbehaviour.evidence import Court
from sentinel.v2x.misbehaviour.report import Report, decoded

INBOX, BOOK, REPORTER = "inbox", "cases.db", "reporter"
WAITING = 10_000
"""Reports that wait in the inbox at the most."""
REPORTER_AID = 3623
"""Aid of the certificate of a domain's own reporter: RSM, what a roadside unit has seen."""
REPORTER_HOURS = 24 * 7


def post(folder: Path, octets: bytes) -> Path | None:
    """Put a report into the inbox of a domain's authority, if that is here. `UserError` if it is full."""
    if not (folder / "ma").is_dir():
        return None
    inbox = folder / "ma" / INBOX
    inbox.mkdir(mode=0o700, exist_ok=True)
    if sum(1 for _ in inbox.iterdir()) >= WAITING:
        raise UserError(f"{inbox}: {WAITING:,} reports wait; `sentinel v2x misbehaviour list` takes them in")
    path = inbox / f"{hashlib.sha256(octets).hexdigest()[:32]}.oer"
    files.write(path, octets, force=True)
    return path


def reporter(station: Station) -> Chosen:
    """What a station signs a report with. `UserError` where no certificate is valid now."""
    now = station.now()
    chosen = station.choose(station.suite.bsm, now)
    if chosen is None or not chosen.certificate.valid(now):
        raise UserError(f"{station.folder}: has no certificate that is valid; `sentinel v2x issue` gets some")
    return chosen


def resident(domain: Domain) -> Station:
    """The domain's own reporter, a roadside unit in its folder: enrolled when it is first needed, its
    certificate renewed when it has ended."""
    folder = domain.folder / REPORTER
    if folder.is_dir():
        station = Station.open(folder)
    else:
        about = About(REPORTER, "rsu", domain.suite.name, domain.role("eca").charter.time)
        station = Station.create(folder, about, domain.trusted())
        station.enrol(domain.transport)
    found = station.choose(REPORTER_AID, station.now())
    if found is None or not found.certificate.valid(station.now()):
        station.application(domain.transport, [{"psid": REPORTER_AID}], REPORTER_HOURS)
    return station


class Office:
    """The authority's office, opened."""

    def __init__(self, domain: Domain) -> None:
        self.domain, self.role = domain, domain.role("ma")
        self.inbox = domain.folder / "ma" / INBOX
        self.book = Casebook(domain.folder / "ma" / BOOK)

    def waiting(self) -> int:
        """Reports in the inbox."""
        return sum(1 for _ in self.inbox.glob("*.oer"))

    def take_in(self, told: Callable[[Report, list[str]], None] = lambda *_: None) -> list[str]:
        """Examine what is in the inbox and put it to its cases; what was wrong with the rest, a line each.
        `told` is given each report that was taken, with what its evidence bears out.
        A report that is refused is dropped: its sender can do nothing about it, and it may be hostile."""
        court = Court(self.domain.folder / PUBLIC, self.domain.suite)
        refused = []
        for path in sorted(self.inbox.glob("*.oer")):
            octets = files.read(path)
            # without the passphrase nothing is wrong with the report
            self.role.key("encrypt")
            now = self.role.clock().timestamp()
            try:
                report, reasons = filing.examined(octets, self.role, court, now, f"report {path.stem}")
                self.book.take(report, reasons)
                told(report, reasons)
                note = {"report": report.id, "reasons": " ".join(reasons)}
                subject = report.target
            except UserError as error:
                refused.append(error.message)
                note, subject = {"refused": error.message[:200]}, path.stem
            with self.role.transaction() as change:
                change.audit("v2x-report", who="ma", source="pdu", subject=subject, details=note)
            path.unlink()
        return refused

    def reports(self, target: str) -> list[Report]:
        """The reports of a case that are kept."""
        return [decoded(octets) for octets in self.book.evidence(target)]

    def document(self, case: Case) -> dict[str, Any]:
        """A case as it is shown: who reported is masked, places are left out."""
        told = [
            {
                "id": report.id,
                "at": report.at,
                "reporter": masked(report.reporter),
                "roadside": report.roadside,
                "reasons": report.reasons,
                "classes": report.classes,
                "messages": len(report.pdus) or len(report.evidence),
            }
            for report in self.reports(case.target)
        ]
        return {**brief(case), "evidence": told}

    def decide(
        self, target: str, decision: str, *, operator: str, signer: Signer, why: str = ""
    ) -> tuple[Case, str]:
        """Decide a case with an operator's key: the decision he signed is in the audit. Revocation is done
        before the case is closed; where it needs approval, `PendingError`, and the case stays. The case, and
        what kind of certificate was revoked, if one was."""
        case = self.book.case(target)
        if case.state == "decided":
            raise UserError(f"{target}: decided already ({case.decision} by {case.operator})")
        key = self._key(operator, signer)
        reports = self.reports(target)
        ids = [report.id for report in reports]
        signature = signer.sign(statement(self.role.register.origin, target, decision, operator, ids))
        kind = ""
        if decision == "revoke":
            found = filing.target(reports[0], self.domain.suite)
            kind = self.domain.misbehaviour().revoke(found, who=operator, why=why).kind
        done = self.book.decide(target, decision, operator=operator, why=why)
        details = {
            "decision": decision,
            "key": key,
            "algorithm": signer.signature_algorithm().hex(),
            "signature": signature.hex(),
            "reports": ids,
        }
        with self.role.transaction() as change:
            change.audit("v2x-decide", who=operator, subject=target, why=why, details=details)
        return done, kind

    def _key(self, operator: str, signer: Signer) -> str:
        """SHA-256 of the operator's key. Where the authority has operators, it has to be the one it knows."""
        given = PublicKey(signer.spki()).sha256()
        found = operators.find(self.role.register, operator)
        if found is None:
            if operators.every(self.role.register):
                raise UserError(f"operator {operator[:80]}: the authority knows none of this name")
            return given
        if found[0] not in operators.APPROVING:
            raise UserError(f"operator {operator}: an {found[0]} decides nothing")
        if found[1].sha256() != given:
            raise UserError(f"operator {operator}: the key is not his")
        return given

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.book.__exit__(kind, error, trace)


def statement(origin: str, target: str, decision: str, operator: str, reports: Sequence[str]) -> bytes:
    """What an operator signs when he decides: a line each, ended by a newline. The reports are those of the
    case that are kept, by their ids."""
    lines = ("sentinel decision 1", origin, target, decision, json.dumps(operator), *reports)
    return "".join(f"{line}\n" for line in lines).encode()


def masked(id: str) -> str:
    """Enough of an identifier to tell two apart, and not to look it up."""
    return f"{id[:4]}{'*' * max(len(id) - 4, 0)}"


def brief(case: Case) -> dict[str, Any]:
    """A case in a list."""
    return {
        "id": case.target,
        "state": case.state,
        "belief": round(case.belief, 4),
        "proposal": "revoke" if case.state == "proposed" else "",
        "reports": case.reports,
        "reporters": case.reporters,
        "reasons": case.reasons,
        "opened": case.opened,
        "decision": case.decision,
        "decided": case.decided,
        "operator": case.operator,
        "why": case.why,
    }
