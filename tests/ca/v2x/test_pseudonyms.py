"""Pseudonyms: made for the vehicle alone, mixed with those of others, and never twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel import _native
from sentinel.ca.audit.verify import verify
from sentinel.ca.v2x import clock, pdu, secured
from sentinel.ca.v2x.domain import Domain
from sentinel.errors import UserError
from tests.ca.v2x import made
from tests.ca.v2x.made import PROFILES


def bsm(domain: Domain) -> list[dict[str, int]]:
    return [{"psid": domain.suite.bsm}]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_vehicle_alone(domain: Callable[[str], Path], tmp_path: Path, profile: str) -> None:
    folder = domain(profile)
    with made.opened(folder) as pki:
        at = made.station(pki, tmp_path / "obu", "V-1")
        found = at.pseudonyms(pki.transport, bsm(pki), weeks=2, per_week=3)
        assert len(found) == len({one.public for one in found}) == len({one.name for one in found}) == 6
        this = clock.week(at.now())
        aca = pki.public("aca")
        for one in found:
            assert _native.v2x_verify_certificate(profile, one.octets, aca.octets) is None
            assert one.start == one.tbs["id"][1]["iCert"] * clock.WEEK
        assert [one.tbs["id"][1]["iCert"] for one in found] == [this] * 3 + [this + 1] * 3
        # signed with the key that the vehicle alone has
        chosen = at.choose(pki.suite.bsm, at.now())
        assert chosen is not None
        assert chosen.certificate.valid(at.now())
        message = secured.sign(
            b"here", chosen.key, chosen.certificate, pki.suite, aid=pki.suite.bsm, time=at.now() * 1_000_000
        )
        assert secured.opened(message, chosen.certificate, pki.suite) == b"here"
        # nine others were made up, and are forgotten
        assert len(pki.role("aca").register.query("SELECT 1 FROM v2x_pseudonym")) == 10 * 6
        assert len(pki.role("ra").register.query("SELECT 1 FROM v2x_request")) == 6
        # the same again is nothing new; more weeks are
        assert at.pseudonyms(pki.transport, bsm(pki), weeks=2, per_week=3) == []
        more = at.pseudonyms(pki.transport, bsm(pki), weeks=3, per_week=3)
        assert [one.tbs["id"][1]["iCert"] for one in more] == [this + 2] * 3
        assert len(at.certificates()) == 9
    for role in ("eca", "aca", "ra", "la1", "la2"):
        report = verify(folder / role / "register.db")
        assert report.ok, (role, report.bad[:3])


def test_vehicles_wait_for_each_other(tmp_path: Path) -> None:
    folder = made.domain(tmp_path / "domain", "ydt3957", fill=False, shuffle=4)
    with made.opened(folder) as pki:
        stations = [made.station(pki, tmp_path / f"obu-{n}", f"V-{n}") for n in range(4)]
        for at in stations[:3]:
            assert at.pseudonyms(pki.transport, bsm(pki), weeks=1, per_week=2) == []
        assert pki.role("aca").register.query("SELECT 1 FROM v2x_pseudonym") == []
        assert len(stations[3].pseudonyms(pki.transport, bsm(pki), weeks=1, per_week=2)) == 2
        # what the ACA entered says nothing of the order in which they came
        for at in stations[:3]:
            assert len(at.pseudonyms(pki.transport, bsm(pki), weeks=1, per_week=2)) == 2
        hours = pki.role("aca").register.query("SELECT entry FROM audit")
        assert all('"at":"' in entry and ':00:00Z"' in entry for (entry,) in hours[1:])


def test_what_the_ra_changes_is_seen(tmp_path: Path) -> None:
    folder = made.domain(tmp_path / "domain", "ydt3957", shuffle=1)
    with made.opened(folder) as pki:
        at = made.station(pki, tmp_path / "obu", "V-1")
        ra = pki.role("ra")
        at._order(pki.transport, bsm(pki), 1)
        send = pki.transport.send

        class Changing:
            """A registration authority that puts an answer of its own in place."""

            def send(self, to: str, octets: bytes) -> bytes:
                answer = send(to, octets)
                inner = bytearray(secured.opened(answer, ra.certificate, ra.suite))
                inner[-70] ^= 1  # in the ACA's signature
                return ra.signed(bytes(inner))

        with pytest.raises(UserError, match="answer of the ACA"):
            at.pseudonyms(Changing(), bsm(pki), weeks=1, per_week=1)


def test_limits(domain: Callable[[str], Path], tmp_path: Path) -> None:
    with made.opened(domain("ydt3957")) as pki:
        at = made.station(pki, tmp_path / "obu", "V-1")
        with pytest.raises(UserError, match="21 pseudonyms a week; 1 to 20"):
            at.pseudonyms(pki.transport, bsm(pki), weeks=1, per_week=21)
        with pytest.raises(UserError, match="160 weeks"):
            at.pseudonyms(pki.transport, bsm(pki), weeks=161, per_week=1)
        with pytest.raises(UserError, match="1 to 8760 hours"):
            at.application(pki.transport, bsm(pki), 9000)
        ra = pki.role("ra")
        station = at.enrolment()
        # a request that another key signs
        key = _native.V2xKey.generate("ydt3957")
        asked = {"generationTime": ra.now(), "filename": "weeks-1-1"}
        octets = pdu.wrap("ee-ra", "eeRaDownloadRequest", asked, ra.suite)
        forged = secured.seal(pdu.request(octets, key, station, ra.suite), ra.certificate, ra.suite)
        with pytest.raises(UserError, match="signature"):
            pki.transport.send("ra", forged)
        # one of yesterday
        at.clock = lambda: datetime.now(UTC) - timedelta(days=1)
        with pytest.raises(UserError, match="set the station's clock"):
            at.application(pki.transport, bsm(pki), 1)
