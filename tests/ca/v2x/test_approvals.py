"""What operators have to approve: a revocation, and a change of the root list."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.ca import approvals
from sentinel.ca.keys import generate
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.v2x import charter, ctl, founding
from tests.ca.v2x import made


def test_two_have_to_agree(tmp_path: Path) -> None:
    keys = {name: generate("sm2") for name in ("ada", "bo")}
    plan = founding.Plan(
        "Town",
        who="ada",
        limits=charter.Limits(approvals=1),
        operators={name: key.spki() for name, key in keys.items()},
    )
    founding.found(tmp_path / "domain", plan, Passphrases(made.PASSPHRASE))
    other = made.domain(tmp_path / "other", "ydt3957")
    with made.opened(tmp_path / "domain") as pki:
        at = made.station(pki, tmp_path / "rsu", "R-1", "rsu")
        found = at.application(pki.transport, [{"psid": 7}], 24)
        ma = pki.misbehaviour()
        with pytest.raises(approvals.PendingError) as waits:
            ma.revoke(found, who="ada")
        row = pki.role("app").register.certificate(found.serial)
        assert row is not None
        assert row.state == "valid"
        approvals.approve(pki.role("ma").register, waits.value.request, "bo", keys["bo"])
        ma.revoke(found, who="ada")
        row = pki.role("app").register.certificate(found.serial)
        assert row is not None
        assert row.state == "revoked"

        lm = pki.role("lm")
        root = (other / "public" / "root.oer").read_bytes()
        with pytest.raises(approvals.PendingError) as waits:
            ctl.add(lm, root, who="ada")
        assert len(ctl.entries(lm)) == 1
        approvals.approve(lm.register, waits.value.request, "bo", keys["bo"])
        listed = ctl.read(ctl.add(lm, root, who="ada"), lm.certificate, pki.suite)
        assert [one.octets for one in listed.roots] == [one.certificate for one in ctl.entries(lm)]
        assert len(listed.roots) == 2
