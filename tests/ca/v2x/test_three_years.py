"""One vehicle with the pseudonyms of years: SENTINEL_WEEKS=156 for three, 3,120 certificates."""

from __future__ import annotations

import os
from pathlib import Path

from sentinel import _native
from sentinel.ca.audit.verify import verify
from sentinel.ca.v2x import clock
from tests.ca.v2x import made

WEEKS = int(os.environ.get("SENTINEL_WEEKS", "6"))
PER_WEEK = 20


def test_all_are_there_once_and_hold(tmp_path: Path) -> None:
    folder = made.domain(tmp_path / "domain", "ydt3957", fill=False, shuffle=2)
    with made.opened(folder) as pki:
        first, second = (made.station(pki, tmp_path / f"obu-{n}", f"V-{n}") for n in range(2))
        permissions = [{"psid": pki.suite.bsm}]
        for at in (first, second, first):
            at.pseudonyms(pki.transport, permissions, weeks=WEEKS, per_week=PER_WEEK)
        aca, this = pki.public("aca"), clock.week(first.now())
        for at in (first, second):
            found = at.certificates()
            weeks = sorted(one.tbs["id"][1]["iCert"] for one in found)
            assert weeks == [week for week in range(this, this + WEEKS) for _ in range(PER_WEEK)]
            assert len({one.public for one in found}) == len({one.name for one in found}) == len(found)
            assert not any(_native.v2x_verify_certificate("ydt3957", one.octets, aca.octets) for one in found)
    for role in ("aca", "ra", "la1", "la2"):
        assert verify(folder / role / "register.db").ok
