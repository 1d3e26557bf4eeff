"""The register: what is added is found, whatever cannot be is refused, and every change is audited."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.ca.register import Register
from sentinel.errors import UserError
from tests.ca.register.made import certificate, encoded, entry, put


def test_what_is_added_is_found(tmp_path: Path) -> None:
    with Register.create(tmp_path / "register.db") as register:
        put(register, 3)
        one = register.certificate(certificate(1).serial)
        assert one == certificate(1)
        assert register.encoded(one.serial) == encoded(1)
        assert register.by_fingerprint(one.sha256) == one
        assert register.by_key(one.spki_sha256) == [one]
        assert [c.serial for c in register.list()] == [certificate(n).serial for n in (2, 1, 0)]
        assert register.certificate("00" * 20) is None
    with Register.open(tmp_path / "register.db", readonly=True) as register:
        assert register.certificate(one.serial) == one


def test_a_serial_is_used_once(tmp_path: Path) -> None:
    with Register.create(tmp_path / "register.db") as register:
        put(register, 2)
        with pytest.raises(UserError, match=f"serial {certificate(1).serial}: is in the register already"):
            register.commit_many([(certificate(n), b"x", entry(n)) for n in (5, 1)])
        with pytest.raises(UserError, match="is in the register already"):
            register.commit_many([(certificate(7), b"x", entry(7)), (certificate(7), b"x", entry(7))])
        assert len(list(register.list())) == 2
        assert register.position() == 1


def test_revoked_held_and_resumed(tmp_path: Path) -> None:
    with Register.create(tmp_path / "register.db") as register:
        put(register, 4)
        a, b, c, _ = (certificate(n).serial for n in range(4))
        before = register.position()
        for act, serial in (("revoke", a), ("hold", b), ("hold", c)):
            with register.transaction() as change:
                if act == "revoke":
                    change.revoke(serial, "keyCompromise", "2026-02-03T04:05:06Z")
                else:
                    change.hold(serial)
                change.audit(act, who="alice", subject=serial)
        issuer = certificate(0).issuer
        middle = register.position()
        with register.transaction() as change:
            change.resume(b)
            change.audit("resume", who="alice", subject=b)
        assert [(r.serial, r.state, r.reason) for r in register.revoked(issuer)] == [
            (a, "revoked", "keyCompromise"),
            (c, "held", "certificateHold"),
        ]
        assert [(r.serial, r.reason) for r in register.revoked(issuer, since=middle)] == [
            (b, "removeFromCRL")
        ]
        assert len([*register.revoked(issuer, since=before)]) == 3
        assert [*register.revoked("CN=other")] == []
        revoked = register.certificate(a)
        assert revoked is not None
        assert (revoked.state, revoked.revoked_at) == ("revoked", "2026-02-03T04:05:06Z")
        with register.transaction() as change:
            with pytest.raises(UserError, match=f"serial {a}: is revoked"):
                change.revoke(a, "superseded")
            with pytest.raises(UserError, match=f"serial {a}: is revoked"):
                change.hold(a)
            with pytest.raises(UserError, match=f"serial {a}: is revoked"):
                change.resume(a)
