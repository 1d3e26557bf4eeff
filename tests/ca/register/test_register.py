"""The register: what is added is found, whatever cannot be is refused, and every change is audited."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from sentinel.ca.audit.verify import verify
from sentinel.ca.register import Register
from sentinel.errors import UserError
from tests.ca.register.made import certificate, encoded, entry, put


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with Register.create(tmp_path / "register.db") as made:
        yield made


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


def test_a_block_that_raises_leaves_nothing(register: Register) -> None:
    put(register, 2)
    with pytest.raises(RuntimeError, match="stop"):
        _stopped(register)
    assert len([*register.list()]) == 2
    assert register.position() == 1
    assert verify(register.path).ok
    put(register, 3, first=2)  # numbers go on without a gap
    assert verify(register.path).ok


def _stopped(register: Register) -> None:
    with register.transaction() as change:
        change.add(certificate(5), encoded(5))
        change.audit("issue", who="alice")
        change.next_number("crl")
        assert register.certificate(certificate(5).serial) is not None  # it sees its own changes
        raise RuntimeError("stop")


def test_what_others_see_is_what_was_committed(register: Register) -> None:
    with register.transaction() as change:
        change.add(certificate(1), encoded(1))
        change.audit("issue", who="alice")
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(register.certificate, certificate(1).serial).result() is None
    assert register.certificate(certificate(1).serial) is not None


def test_keys_are_looked_up_by_the_connection_that_writes(register: Register) -> None:
    keys = [certificate(n).spki_sha256 for n in range(3)]
    sql, value = "SELECT value FROM state WHERE name = ?", ("token",)
    put(register, 1)
    with Register.open(register.path) as other:
        assert register.known_keys(keys) == other.known_keys(keys) == {keys[0]}
        with other.transaction() as change:
            change.add(certificate(1), encoded(1))
            change.put_state("token", b"1")
            assert other.known_keys(keys) == set(keys[:2])  # its own, and not there for anybody else
            assert other.query(sql, value, near=True) == [(b"1",)]
            assert register.known_keys(keys) == {keys[0]}
            assert register.query(sql, value, near=True) == []
        assert register.known_keys(keys) == set(keys[:2])
        assert register.query(sql, value, near=True) == register.query(sql, value) == [(b"1",)]
        with ThreadPoolExecutor(1) as pool:
            with suppress(KeyboardInterrupt), other.transaction() as change:
                change.add(certificate(2), encoded(2))
                change.flush()
                waiting = pool.submit(other.known_keys, keys)  # of another thread: it waits
                raise KeyboardInterrupt  # nothing of this stands
            assert waiting.result() == set(keys[:2])
    with Register.open(register.path, readonly=True) as reader:
        assert reader.known_keys(keys) == set(keys[:2])
        assert reader.query(sql, value, near=True) == [(b"1",)]


def test_intents_state_and_numbers(register: Register) -> None:
    with register.transaction() as change:
        lost = change.intent("new-ca-key", who="alice", details={"role": "issuing"})
        kept = change.intent("new-ca-key", who="alice")
        assert [change.next_number("crl") for _ in range(3)] == [1, 2, 3]
        assert change.next_number("other") == 1
        change.put_state("a", b"1")
    with register.transaction() as change:
        change.done(kept)
        assert change.next_number("crl") == 4
        assert register.state("a") == b"1"
        change.put_state("a", None)
    assert [(id, action) for id, _, action in register.intents()] == [(lost, "new-ca-key")]
    assert register.state("a") is None
    with pytest.raises(UserError, match="is not open"), register.transaction() as change:
        change.done(kept)
    assert register.position() == 1


def test_registers_that_cannot_be_opened(register: Register, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is there already"):
        Register.create(register.path)
    with pytest.raises(UserError, match="no register is there"):
        Register.open(tmp_path / "none.db")
    with (
        Register.open(register.path, readonly=True) as other,
        pytest.raises(UserError, match="for reading only"),
        other.transaction(),
    ):
        pass
    (tmp_path / "garbage.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(UserError, match="restore a backup"):
        Register.open(tmp_path / "garbage.db")
    with register.transaction() as change:
        change.db.execute("PRAGMA user_version = 99")
    register.close()
    for readonly in (False, True):
        with pytest.raises(UserError, match="made by a newer sentinel"):
            Register.open(register.path, readonly=readonly)


def test_an_entry_has_a_bound(register: Register) -> None:
    with pytest.raises(UserError, match="65,536 are the most"), register.transaction() as change:
        change.audit("issue", who="alice", why="x" * 70_000)
    assert register.position() == -1


def test_readers_go_with_their_threads(register: Register) -> None:
    put(register, 1)
    for _ in range(20):
        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(lambda _: register.certificate(certificate(0).serial), range(8)))
    gc.collect()
    assert len(register._readers) <= 2


def test_two_processes_take_turns(register: Register) -> None:
    put(register, 300)
    with Register.open(register.path) as other:
        seen = register.generation()
        put(other, 5, first=300)
        assert register.generation() != seen
        put(register, 300, first=305)
        put(other, 1, first=605)
    assert verify(register.path).entries == 606
    assert verify(register.path).ok
