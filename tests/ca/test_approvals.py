"""Approvals: m of n, each with his own key, never one's own request, once, and before the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.ca import approvals, operators
from sentinel.ca.keys import generate
from sentinel.ca.register import Register
from sentinel.errors import UserError

KEYS = {name: generate("p256") for name in ("alice", "bob", "carol", "dave", "erin")}
ROLES = {"dave": "auditor"}
ARGUMENTS = {"ca": "issuing", "reason": "cACompromise"}


@pytest.fixture
def register(tmp_path: Path) -> Register:
    made = Register.create(tmp_path / "register.db")
    with made.transaction() as change:
        for name, key in KEYS.items():
            if name != "erin":
                operators.add(change, name, key.spki(), role=ROLES.get(name, "administrator"), who="init")
    return made


def ask(register: Register, who: str = "alice", **arguments: str) -> str:
    with pytest.raises(approvals.PendingError) as pending:
        approvals.demand(register, "revoke-ca", {**ARGUMENTS, **arguments}, needed=2, who=who)
    assert pending.value.exit_code == 4
    return pending.value.request


def granted(register: Register, who: str = "alice", needed: int = 2) -> approvals.Request | None:
    return approvals.demand(register, "revoke-ca", ARGUMENTS, needed=needed, who=who)


def test_two_of_n_and_then_once(register: Register) -> None:
    id = ask(register)
    assert ask(register) == id  # asking again is the same request
    assert approvals.approve(register, id, "bob", KEYS["bob"]).approved == ("bob",)
    assert ask(register) == id
    approvals.approve(register, id, "bob", KEYS["bob"])  # twice is once
    assert ask(register) == id
    approvals.approve(register, id, "carol", KEYS["carol"])
    request = granted(register)
    assert request is not None
    with register.transaction() as change:
        assert approvals.take(change, request) == (id, "bob", "carol")
    with pytest.raises(UserError, match="was used"), register.transaction() as change:
        approvals.take(change, request)
    assert ask(register) != id


def test_nobody_approves_his_own_request(register: Register) -> None:
    with pytest.raises(UserError, match="nobody approves his own"):
        approvals.approve(register, ask(register, "bob"), "bob", KEYS["bob"])


@pytest.mark.parametrize(
    ("name", "key", "said"),
    [
        ("bob", "carol", "not the one entered for him"),
        ("dave", "dave", "an auditor does not approve"),
        ("erin", "erin", "there is none"),
    ],
)
def test_who_may_not(register: Register, name: str, key: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        approvals.approve(register, ask(register), name, KEYS[key])


def test_approvals_are_for_these_arguments_and_this_requester(register: Register) -> None:
    id = ask(register)
    for name in ("bob", "carol"):
        approvals.approve(register, id, name, KEYS[name])
    assert ask(register, reason="superseded") != id
    assert ask(register, who="carol") != id
    assert granted(register) is not None


def test_a_signature_over_something_else_does_not_count(register: Register) -> None:
    id = ask(register)
    for name in ("bob", "carol"):
        approvals.approve(register, id, name, KEYS[name])
    for sql in (
        "UPDATE request SET expires = '2099-01-01T00:00:00Z'",
        "UPDATE request SET root = replace(root, substr(root, 1, 1), 'x')",
        "UPDATE request SET needed = 1, size = size - 1",
        "UPDATE approval SET signature = x'3000'",
        "UPDATE approval SET operator = 'dave' WHERE operator = 'bob'",
        "DELETE FROM operator WHERE name = 'bob'",
    ):
        with register.transaction() as change:
            change.db.execute("SAVEPOINT untouched")
            change.db.execute(sql)
            found = approvals.get(register, id)
            assert len(found.approved) < 2, sql
            change.db.execute("ROLLBACK TO untouched")
    assert approvals.get(register, id).approved == ("bob", "carol")


def test_refused_and_expired(register: Register) -> None:
    id = ask(register)
    assert approvals.refuse(register, id, "bob", KEYS["bob"], "no").state == "refused"
    with pytest.raises(UserError, match="is refused"):
        approvals.approve(register, id, "carol", KEYS["carol"])
    other = ask(register)
    assert other != id
    with register.transaction() as change:
        change.db.execute("UPDATE request SET expires = '2020-01-01T00:00:00Z' WHERE id = ?", (other,))
    with pytest.raises(UserError, match="is expired"):
        approvals.approve(register, other, "carol", KEYS["carol"])
    assert ask(register) not in (id, other)


def test_waiting_requests_are_bounded(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approvals, "OPEN_MOST", 3)
    for number in range(3):
        ask(register, ca=str(number))
    with pytest.raises(UserError, match="3 requests wait already"):
        approvals.demand(register, "revoke-ca", {"ca": "x"}, needed=2, who="alice")


def test_operators(register: Register) -> None:
    with register.transaction() as change:
        with pytest.raises(UserError, match="entered already"):
            operators.add(change, "bob", KEYS["erin"].spki(), role="operator", who="x")
        with pytest.raises(UserError, match="his key is that of bob"):
            operators.add(change, "erin", KEYS["bob"].spki(), role="operator", who="x")
        with pytest.raises(UserError, match="role king"):
            operators.add(change, "erin", KEYS["erin"].spki(), role="king", who="x")
        with pytest.raises(UserError, match="needs 3"):
            operators.remove(change, "bob", keep=3, who="x")
        operators.remove(change, "dave", keep=3, who="x")
    assert [one.name for one in operators.every(register)] == ["alice", "bob", "carol"]
