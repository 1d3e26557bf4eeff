"""Messages as evidence: what their signatures show, whoever brings them.

A message counts against its signer only where its signature and his certificate hold. What a receiver says
of it beside that (when and where it was heard) is his word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sentinel import _native
from sentinel.ca.v2x import certificate, clock, secured
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.suite import Suite
from sentinel.errors import UserError
from sentinel.v2x.messages import Family, Observation, observe
from sentinel.v2x.misbehaviour.report import Pdu
from sentinel.v2x.verify import SUFFIX, Policy, read, verifier

MOST = 20_000
"""Messages that a report is looked for in."""

ETSI = (36, 37)
"""Aids of CAM and DENM; the payloads of others are of T/CSAE 53."""

ISSUERS = ("aca", "app")
"""Roles that issue certificates for messages."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message whose signature holds. `misuse` is why a receiver has to refuse it although it does, empty
    where he need not; `said` None where its payload tells nothing."""

    received: float
    """s, POSIX."""
    pdu: Pdu
    signer: Certificate
    said: Observation | None
    misuse: str


class Court:
    """Looks at messages with the published certificates of a domain (`public/`)."""

    def __init__(self, public: Path, suite: Suite) -> None:
        self.suite = suite
        self._issuers: dict[str, Certificate] = {}
        for role in ISSUERS:
            path = public / f"{role}{SUFFIX}"
            if path.is_file():
                found = certificate.read(read(path), suite, path)
                self._issuers[found.id8] = found
        self._policy = Policy((public / "root.oer",))
        self._held: dict[str, Certificate] = {}

    def holder(self, octets: bytes, what: object) -> Certificate:
        """A certificate that an authority of this domain has issued. `UserError` for another one."""
        found = certificate.read(octets, self.suite, what)
        issuer = self._issuers.get(found.issuer)
        if issuer is None:
            raise UserError(f"{what}: is issued by {found.issuer}, no authority of this domain")
        if found.id8 not in self._held:
            certificate.verify(found, issuer, self.suite, what)
            self._held[found.id8] = found
        return found

    def look(self, messages: Iterable[tuple[str, float, Pdu]], *, word: bool = True) -> list[Heard]:
        """Messages, each with a name for faults and the moment (s, POSIX) it was received; that moment is
        taken for the one it was made where the receiver's `word` does not count. `UserError` for one that is
        no evidence against anybody."""
        judge = verifier(self._policy)
        return [self._one(judge, *message, word) for message in messages]

    def _one(self, judge: _native.V2xVerifier, name: str, received: float, pdu: Pdu, word: bool) -> Heard:
        found = secured.read(pdu.octets, self.suite, name)
        signer = self.holder(pdu.certificate, f"{name}: certificate of its signer")
        if found.signer != signer.id8:
            raise UserError(f"{name}: is signed by {found.signer}, not by {signer.id8}")
        wrong = _native.v2x_verify(self.suite.name, pdu.octets, signer.octets)
        if wrong is not None:
            raise UserError(f"{name}: is no evidence: {wrong}")
        judge.add_certificates(signer.octets)
        # whether he might do it is asked of the moment he did it: who hears it late, or says so, is not he
        made = generated(found, received)
        outcomes = judge.receive(0, pdu.octets, round(made * 1e6))
        reason = outcomes[-1][1]["reason"] if outcomes else ""
        at = received if word else made
        return Heard(at, pdu, signer, self._said(found, at), reason if reason in MISUSE else "")

    @staticmethod
    def _said(found: secured.Signed, received: float) -> Observation | None:
        family: Family = "etsi" if found.aid in ETSI else "day1"
        try:
            return observe(found.payload, received, signer=found.signer, family=family)
        except ValueError:
            return None


MISUSE = ("aid-not-permitted", "ssp-insufficient", "expired", "not-yet-valid", "out-of-region", "implausible")
"""Reasons of `v2x verify` that the signer himself has to answer for. Who repeats or delays another's message
does not sign it."""


def generated(found: secured.Signed, otherwise: float) -> float:
    """When a message says it was made, s, POSIX."""
    if found.time is None:
        return otherwise
    seconds, micros = divmod(found.time, 1_000_000)
    return clock.moment(seconds).timestamp() + micros / 1e6


def heard(inputs: Sequence[Path], certs: Path | None, suite: Suite) -> list[tuple[str, float, Pdu]]:
    """Messages of files and captures in the order in which they were received: a file's when it was made.
    Certificates are those that came with them, with another message, or are in `certs`."""
    known: dict[str, bytes] = {}
    for path in sorted(certs.rglob(f"*{SUFFIX}")) if certs is not None else ():
        octets = read(path)
        if _native.v2x_sniff(octets) == "certificate":
            known[certificate.read(octets, suite, path).id8] = octets
    found: list[tuple[str, float, bytes, secured.Signed]] = []
    for name, posix, octets in _octets(inputs):
        if len(found) == MOST:
            raise UserError(f"{name}: more than {MOST:,} messages; name fewer")
        one = secured.read(octets, suite, name)
        if posix is None:
            posix = generated(one, 0.0)
        if one.certificates:
            known[one.signer] = one.certificates[0].octets
        found.append((name, posix, octets, one))
    found.sort(key=lambda each: each[1])
    out = []
    for name, at, octets, one in found:
        if one.signer not in known:
            raise UserError(f"{name}: the certificate of its signer {one.signer} is not here; name --certs")
        out.append((name, at, Pdu(octets=octets, certificate=known[one.signer])))
    return out


def _octets(inputs: Sequence[Path]) -> Iterable[tuple[str, float | None, bytes]]:
    for path in inputs:
        if not path.is_file():
            raise UserError(f"{path}: is no file with messages")
        if path.suffix == SUFFIX:
            yield str(path), None, read(path)
            continue
        try:
            frames = _native.V2xFrames(path)
            while (some := frames.next()) is not None:
                yield from ((f"{path}:{frame}", posix / 1e6, octets) for frame, posix, _, octets, _ in some)
        except ValueError as error:
            raise UserError(str(error)) from None
