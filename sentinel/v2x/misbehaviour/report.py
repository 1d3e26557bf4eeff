"""Reports of misbehaviour: what was seen of whom, with the messages that show it.

The form is that of ETSI TS 103 759: observations grouped by what they are about (`tgtId`), each a class of
its own (`obsId`), and evidence, the PDUs. Its classes are for CAM and DENM; those of T/CSAE 53 and what it
has no class for are private here, in the same form. A report is data; the codec encodes, signs and encrypts
it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import msgspec

from sentinel.errors import UserError
from sentinel.v2x.detect import DETECTORS
from sentinel.v2x.detect.fuse import Monitor
from sentinel.v2x.messages import Observation
from sentinel.v2x.scene.folder import Row, observation
from sentinel.v2x.site import Layout, Site

EVIDENCE = 80
"""Most messages of a report: four seconds of two stations."""

OCTETS = 1_048_576
"""Longest report that is read."""

LANES = 500
"""Most lanes of a report's site."""

TARGETS = {
    0: "beacon",
    1: "static",
    2: "security",
    3: "position",
    4: "speed",
    5: "acceleration",
    64: "private",
}
"""What observations are about: TS 103 759's numbers, and one for ours."""

PRIVATE = 64

CLASSES: dict[str, tuple[int, int]] = {
    "beacon-frequency": (0, 1),
    "position-consistency": (3, 4),
    "speed-consistency": (4, 5),
    "sudden-stop": (4, 5),
    "aid-not-permitted": (2, 3),
    "ssp-insufficient": (2, 4),
    "expired": (2, 5),
    "not-yet-valid": (2, 5),
    "out-of-region": (2, 6),
    "implausible": (PRIVATE, 255),
}
"""`tgtId` and `obsId` of the detectors that TS 103 759 has a class for: beacon interval too small, change of
position too large, change of speed too large; and of the reasons of `v2x verify` that a signer has to answer
for: aid, SSP, time and place against his certificate. Taken from a second hand; to be held against its ASN.1
module before reports leave the house."""


def observed(detector: str) -> tuple[int, int]:
    """The class of a detector: the standard's, or a private one by the detector's place in the list."""
    if detector in CLASSES:
        return CLASSES[detector]
    names = [known.name for known in DETECTORS]
    if detector not in names:
        raise UserError(f"{detector}: no such detector")
    return PRIVATE, names.index(detector)


class Pdu(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signed message as it was received, and its signer's certificate."""

    octets: bytes
    certificate: bytes
    received: float = 0.0
    """s, POSIX."""


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A report about one station."""

    id: str
    at: float
    """s, POSIX."""
    reporter: str
    """HashedId8 of the certificate that signed the report, hex."""
    roadside: bool = False
    """Whether a roadside unit reports, which stands still and knows its lanes."""
    target: str
    """HashedId8 of the certificate of the reported station, hex."""
    station: str
    """Its temporary id."""
    reasons: list[str]
    """Names of detectors."""
    site: Layout
    evidence: list[Row]
    """Messages of the station, and of others where the reason is about them, in the order they arrived.
    None where there are `pdus`."""
    pdus: list[Pdu] = []
    """The messages themselves, at most `EVIDENCE`: of a report that is sent."""

    def digest(self) -> str:
        """What names a report that is sent: all it says, hashed."""
        said = msgspec.structs.replace(self, id="", evidence=[]).encoded()
        return hashlib.sha256(said).hexdigest()[:32]

    @property
    def classes(self) -> dict[str, list[int]]:
        """The observations by target, as TS 103 759 groups them."""
        found: dict[str, list[int]] = {}
        for reason in self.reasons:
            target, number = observed(reason)
            if number not in found.setdefault(TARGETS[target], []):
                found[TARGETS[target]].append(number)
        return found

    def encoded(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self)


def row(message: Observation) -> Row:
    """A message as evidence."""
    values: dict[str, Any] = {name: getattr(message, name) for name in Row.__struct_fields__}
    for name, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            values[name] = None
    values["events"] = sorted(message.events)
    return Row(**values)


def decoded(data: bytes) -> Report:
    """Read a report. `UserError` says what is wrong with it."""
    if len(data) > OCTETS:
        raise UserError(f"report: {len(data):,} octets; at most {OCTETS:,} are read")
    try:
        report = msgspec.json.decode(data, type=Report)
    except msgspec.MsgspecError as error:
        raise UserError(f"report: {error}") from None
    messages = max(len(report.evidence), len(report.pdus))
    if not 1 <= messages <= EVIDENCE:
        raise UserError(f"report {report.id}: {messages} messages of evidence, not 1 to {EVIDENCE}")
    most = len(DETECTORS) + len(CLASSES)
    if len(report.site.lanes) > LANES or not report.reasons or len(report.reasons) > most:
        raise UserError(f"report {report.id}: has no reasons, too many, or more than {LANES} lanes")
    for reason in report.reasons:
        observed(reason)
    return report


def confirmed(report: Report) -> tuple[str, ...]:
    """The reasons that the evidence bears out when our detectors look at it again."""
    monitor = Monitor(Site(report.site))
    found: set[str] = set()
    for seen in report.evidence:
        message = observation(seen)
        verdict = monitor.judge(message)
        if message.station == report.station and message.signer == report.target:
            found.update(verdict.reasons)
    return tuple(reason for reason in report.reasons if reason in found)


def of_messages(
    messages: Sequence[Observation],
    station: str,
    site: Site,
    *,
    id: str,
    at: float,
    reporter: str,
    roadside: bool,
) -> Report:
    """A report on a station from what was received lately: the newest messages that fit, and the reasons
    that they show."""
    own = [message for message in messages if message.station == station]
    if not own:
        raise UserError(f"{station}: no message of this station is there")
    kept = list(messages[-EVIDENCE:])
    if not any(message.station == station for message in kept):
        kept = own[-EVIDENCE:]
    monitor, reasons = Monitor(site), []
    for message in kept:
        verdict = monitor.judge(message)
        if message.station == station and verdict.false:
            reasons += [reason for reason in verdict.reasons if reason not in reasons]
    if not reasons:
        raise UserError(f"{station}: its messages show nothing to report")
    return Report(
        id=id,
        at=at,
        reporter=reporter,
        roadside=roadside,
        target=own[-1].signer,
        station=station,
        reasons=reasons,
        site=site.layout,
        evidence=[row(message) for message in kept],
    )
