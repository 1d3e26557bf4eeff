"""Revocation: from this week on and no earlier, all of one vehicle and none of another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentinel import _native
from sentinel.ca.v2x import certificate, clock, codec, crl, secured
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.domain import Domain
from sentinel.errors import UserError
from tests.ca.v2x import made
from tests.ca.v2x.made import PROFILES


def lists(pki: Domain, *, delta: bool = False) -> dict[int, dict[str, Any]]:
    """Contents of the lists by series; their signatures hold."""
    ma = pki.role("ma")
    octets = crl.publish(ma, delta=delta, who="tester")
    found = codec.decode("ScmsPdu", octets, pki.suite)["content"][1][1]["crl"]
    out = {}
    for one in found:
        data = codec.encode("Data", one, pki.suite)
        payload = secured.opened(data, ma.certificate, pki.suite)
        told = codec.decode("CrlContents", payload, pki.suite)
        out[told["crlSeries"]] = told
    return out


def values(pki: Domain, told: dict[str, Any], week: int) -> set[bytes]:
    """Linkage values of a week that a list revokes, as a receiver works them out."""
    profile = pki.suite.name
    _, content = told["typeSpecific"]
    found = set()
    for group in content.get("individual", ()):
        for pair in group["contents"]:
            for ends in pair["contents"]:
                if week > ends["iMax"]:
                    continue
                for seeds in ends["contents"]:
                    for j in range(1, group["jmax"] + 1):
                        halves = [
                            _native.v2x_pre_linkage(
                                profile,
                                pair[f"la{n}Id"],
                                _native.v2x_seed(
                                    profile,
                                    pair[f"la{n}Id"],
                                    seeds[f"linkageSeed{n}"],
                                    week - content["iRev"],
                                ),
                                j,
                            )
                            for n in (1, 2)
                        ]
                        found.add(_native.v2x_linkage(*halves))
    return found


@pytest.mark.parametrize("profile", PROFILES)
def test_a_vehicle_by_one_of_its_pseudonyms(tmp_path: Path, profile: str) -> None:
    folder = made.domain(tmp_path / "domain", profile, shuffle=2)
    with made.opened(folder) as pki:
        bad, good = (made.station(pki, tmp_path / f"obu-{n}", f"V-{n}") for n in range(2))
        bsm = [{"psid": pki.suite.bsm}]
        theirs = [at.pseudonyms(pki.transport, bsm, weeks=2, per_week=2) for at in (bad, good)]
        assert [len(each) for each in theirs] == [4, 4]
        before = lists(pki)
        assert values(pki, before[2], clock.week(bad.now())) == set()
        done = pki.misbehaviour().revoke(theirs[0][1], who="tester", why="feigned braking")
        assert done.kind == "pseudonym"
        told = lists(pki)[2]
        this = clock.week(bad.now())
        for week in (this, this + 1):
            revoked = values(pki, told, week)
            here = [[bytes.fromhex(one.name) for one in each if _week(one) == week] for each in theirs]
            assert set(here[0]) <= revoked
            assert not set(here[1]) & revoked
        # the same again changes nothing
        pki.misbehaviour().revoke(theirs[0][0], who="tester")
        assert values(pki, lists(pki)[2], this) == values(pki, told, this)
        with pytest.raises(UserError, match="deny list"):
            bad.pseudonyms(pki.transport, bsm, weeks=3, per_week=2)
        assert len(good.pseudonyms(pki.transport, bsm, weeks=3, per_week=2)) == 2
        assert values(pki, lists(pki, delta=True)[2], this) == set()  # nothing since the last full one


def _week(one: Certificate) -> int:
    return int(one.tbs["id"][1]["iCert"])


def test_seeds_are_never_of_the_past(tmp_path: Path) -> None:
    folder = made.domain(tmp_path / "domain", "ydt3957", shuffle=1)
    with made.opened(folder) as pki:
        at = made.station(pki, tmp_path / "obu", "V-1")
        found = at.pseudonyms(pki.transport, [{"psid": pki.suite.bsm}], weeks=3, per_week=1)
        this = clock.week(at.now())
        later = clock.moment((this + 2) * clock.WEEK + 1)
        for role in ("ma", "la1", "la2", "aca", "ra"):
            pki.role(role).clock = lambda: later
        pki.misbehaviour().revoke(found[0], who="tester")  # of two weeks ago
        [(i,)] = pki.role("ma").register.query("SELECT i FROM v2x_seed")
        assert i == this + 2
        told = lists(pki)[2]["typeSpecific"][1]
        assert told["iRev"] == this + 2
        assert bytes.fromhex(found[2].name) in values(pki, lists(pki)[2], this + 2)


@pytest.mark.parametrize("profile", PROFILES)
def test_by_hash(domain: Callable[[str], Path], tmp_path: Path, profile: str) -> None:
    with made.opened(domain(profile)) as pki:
        at = made.station(pki, tmp_path / "rsu", "R-1", "rsu")
        first, second = (at.application(pki.transport, [{"psid": 7}], 24) for _ in range(2))
        ma = pki.misbehaviour()
        ma.revoke(first, who="tester", reason="keyCompromise")
        told = lists(pki)[3]["typeSpecific"]
        assert told[0] == "fullHashCrl"
        assert [one["id"] for one in told[1]["entries"]] == [first.digest[-10:]]
        ma.revoke(second, who="tester")
        ma.revoke(second, who="tester")
        kind, content = lists(pki, delta=True)[3]["typeSpecific"]
        assert kind == "deltaHashCrl"
        assert [one["id"] for one in content["entries"]] == [second.digest[-10:]]
        row = pki.role("app").register.certificate(first.serial)
        assert row is not None
        assert (row.state, row.reason) == ("revoked", "keyCompromise")
        ma.revoke(at.enrolment(), who="tester")
        assert [one["id"] for one in lists(pki)[1]["typeSpecific"][1]["entries"]] == [
            at.enrolment().digest[-10:]
        ]
        with pytest.raises(UserError, match="is a role's"):
            ma.revoke(pki.public("aca"), who="tester")
        strange = certificate.sign(first.tbs, _native.V2xKey.generate(profile), pki.public("app"), pki.suite)
        with pytest.raises(UserError, match="was not issued by"):
            ma.revoke(strange, who="tester")


def test_questions_are_bounded(tmp_path: Path) -> None:
    folder = made.domain(tmp_path / "domain", "ydt3957", shuffle=1, queries=2)
    with made.opened(folder) as pki:
        bsm = [{"psid": pki.suite.bsm}]
        found = []
        for n in range(2):
            at = made.station(pki, tmp_path / f"obu-{n}", f"V-{n}")
            found += at.pseudonyms(pki.transport, bsm, weeks=1, per_week=1)
        pki.misbehaviour().revoke(found[0], who="tester")
        with pytest.raises(UserError, match="2 questions a day are answered by the aca"):
            pki.misbehaviour().revoke(found[1], who="tester")
