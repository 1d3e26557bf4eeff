"""Pseudonyms: what one costs from the vehicle's order to the register, all roles and encryption included.

1,000 vehicles with four weeks of 20 (80,000), mixed in tens; the vehicles themselves are not measured. CPU
time of the whole process: registration authority, both linkage authorities, ACA, and their registers.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import _plan
from sentinel import _native
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.v2x import certificate, charter, clock, codec, founding, pdu, secured
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.domain import Domain
from sentinel.ca.v2x.eca import EnrolmentCa, Order
from sentinel.ca.v2x.suite import suite

VEHICLES = int(os.environ.get("SENTINEL_VEHICLES", "1000"))
WEEKS, PER_WEEK, TOGETHER = 4, 20, 10


def main() -> None:
    for profile in ("ydt3957", "1609.2"):
        with TemporaryDirectory() as folder:
            numbers = _measured(profile, Path(folder) / "domain")
        sys.stdout.write(
            f"  {profile}: {numbers['pseudonyms']:,.0f} pseudonyms in {numbers['cpu_s']:.1f} s of CPU: "
            f"{numbers['per_cpu_s']:,.0f} a second; sign {numbers['sign_us']:.0f} us; "
            f"{numbers['octets_each']:,.0f} octets each in the registers\n"
        )
        _plan.PLAN.record("v2x_issue", **{profile: numbers})


def _measured(profile: str, folder: Path) -> dict[str, float]:
    words = Passphrases("words for a measurement")
    limits = charter.Limits(shuffle=TOGETHER, fill=False)
    founding.found(folder, founding.Plan("Town", profile, limits=limits), words)
    with Domain(folder, words) as domain:
        eca = EnrolmentCa(domain.role("eca"))
        vehicles = [_Vehicle(domain, eca, number) for number in range(TOGETHER + VEHICLES)]
        spent = 0.0
        done = 0
        for at in range(0, len(vehicles), TOGETHER):
            if at == TOGETHER:
                spent, done = 0.0, 0  # the first ones unlocked the keys
            some = vehicles[at : at + TOGETHER]
            requests = [each.order() for each in some] + [each.download() for each in some + some[:-1]]
            start = time.process_time()
            answers = [domain.transport.send("ra", request) for request in requests]
            spent += time.process_time() - start
            for answer in answers[TOGETHER:]:
                payload = secured.opened(answer, domain.public("ra"), domain.suite)
                done += len(codec.each(payload, WEEKS * PER_WEEK))
        if done != VEHICLES * WEEKS * PER_WEEK:
            raise RuntimeError(f"{done:,} pseudonyms were made")
        size = sum(path.stat().st_size for path in folder.glob("*/register.db*"))
        return {
            "pseudonyms": done,
            "cpu_s": spent,
            "per_cpu_s": done / spent,
            "sign_us": _signing(profile),
            "octets_each": size / done,
        }


def _signing(profile: str) -> float:
    """Microseconds of one bare signature, to say how fast the machine was."""
    key = _native.V2xKey.generate(profile)
    tbs = certificate.to_be_signed(
        suite(profile), key.public(), start=0, duration=("hours", 1), appPermissions=[{"psid": 1}]
    )
    start = time.process_time()
    for _ in range(500):
        key.certificate(tbs)
    return (time.process_time() - start) / 500 * 1e6


class _Vehicle:
    """A vehicle without a folder: what it sends, made beforehand."""

    def __init__(self, domain: Domain, eca: EnrolmentCa, number: int) -> None:
        self.domain = domain
        self.key = _native.V2xKey.generate(domain.suite.name)
        self.enrolment: Certificate = eca.enrol(Order(f"V-{number}", "obu", self.key.public(), "bench"))

    def order(self) -> bytes:
        suite = self.domain.suite
        now = self.domain.role("ra").now()
        signing, sealing = (_native.V2xKey.generate(suite.name).public() for _ in range(2))
        hours = 7 * 24 + 1
        tbs = certificate.to_be_signed(
            suite, signing, start=now, duration=("hours", hours), appPermissions=[{"psid": suite.bsm}]
        )
        keys = {
            "signingExpansion": (suite.expansion, secrets.token_bytes(16)),
            "encryptionKey": codec.encryption_key(sealing, suite),
            "encryptionExpansion": (suite.expansion, secrets.token_bytes(16)),
        }
        asked = {
            "version": 1,
            "generationTime": now,
            "type": "explicit",
            "tbsCert": tbs,
            "additionalParams": ("original", keys),
        }
        return self._sealed("eeRaCertRequest", asked)

    def download(self) -> bytes:
        now = self.domain.role("ra").now()
        name = f"weeks-{clock.week(now)}-{WEEKS}"
        return self._sealed("eeRaDownloadRequest", {"generationTime": now, "filename": name})

    def _sealed(self, message: str, asked: dict[str, object]) -> bytes:
        suite = self.domain.suite
        octets = pdu.wrap("ee-ra", message, asked, suite)
        asking = pdu.request(octets, self.key, self.enrolment, suite)
        return secured.seal(asking, self.domain.public("ra"), suite)
