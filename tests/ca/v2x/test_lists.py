"""The list manager's root list: what is on it, until when, and whose it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel.ca.v2x import clock, ctl
from sentinel.errors import UserError
from tests.ca.v2x import made
from tests.ca.v2x.made import PROFILES


@pytest.mark.parametrize("profile", PROFILES)
def test_add_expire_remove(domain: Callable[[str], Path], tmp_path: Path, profile: str) -> None:
    other = made.domain(tmp_path / "other", profile)
    root = (other / "public" / "root.oer").read_bytes()
    with made.opened(domain(profile)) as pki:
        lm = pki.role("lm")
        own = pki.public("root").octets

        def roots(octets: bytes) -> list[bytes]:
            return [one.octets for one in ctl.read(octets, lm.certificate, pki.suite).roots]

        both = ctl.add(lm, root, who="tester")
        assert roots(both) == [own, root]
        with pytest.raises(UserError, match="is on the list already"):
            ctl.add(lm, root, who="tester")
        # it ends in an hour: the list that holds it is due then, the next one is without it
        moment = datetime.now(UTC) + timedelta(hours=1)
        ending = ctl.expire(lm, root, who="tester", at=moment)
        assert roots(ending) == [own, root]
        assert ctl.read(ending, lm.certificate, pki.suite).next == clock.time32(moment)
        lm.clock = lambda: moment + timedelta(seconds=2)
        assert roots(ctl.renew(lm, who="tester")) == [own]
        with pytest.raises(UserError, match="is not on the list"):
            ctl.remove(lm, root, who="tester")
        ctl.add(lm, root, who="tester")
        assert roots(ctl.remove(lm, root, who="tester")) == [own]


def test_what_is_no_root_is_refused(domain: Callable[[str], Path], tmp_path: Path) -> None:
    with made.opened(domain("ydt3957")) as pki:
        lm = pki.role("lm")
        with pytest.raises(UserError, match="root"):
            ctl.add(lm, pki.public("aca").octets, who="tester")
        with pytest.raises(UserError, match="issues no certificates"):
            ctl.add(lm, lm.certificate.octets, who="tester")
        with pytest.raises(UserError, match="is no Certificate"):
            ctl.add(lm, b"\x01\x02", who="tester")
        # a list of another manager
        other = made.domain(tmp_path / "other", "ydt3957")
        strange = (other / "public" / "trust.oer").read_bytes()
        with pytest.raises(UserError, match="is not of list manager"):
            ctl.read(strange, lm.certificate, pki.suite)
        changed = bytearray((pki.folder / "public" / "trust.oer").read_bytes())
        changed[-1] ^= 1
        with pytest.raises(UserError, match="signature"):
            ctl.read(bytes(changed), lm.certificate, pki.suite)
