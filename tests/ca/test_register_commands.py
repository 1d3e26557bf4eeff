"""The commands on the register, end to end in this process: list, search, audit, operators, tokens, approvals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel.ca import files, founding, operators
from sentinel.ca.audit import key
from sentinel.ca.charter import Policy
from sentinel.ca.keys import generate
from sentinel.ca.keys.files import write_key
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.register import KEYS, Register
from tests.ca.register.made import certificate, put
from tests.conftest import Ran

Cli = Callable[..., Ran]
WORDS = "a passphrase"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CA with rows in its register, found by the settings, and the file of its passphrase."""
    folder = tmp_path / "ca"
    founding.found(
        folder, founding.Plan("Plant CA", "p256", policy=Policy(2), who="init"), Passphrases(WORDS)
    )
    with Register.open(folder / "register.db") as register:
        register.signer = key.unlock(folder, Passphrases(WORDS))
        put(register, 30)
    (tmp_path / "words").write_text(f"{WORDS}\n")
    monkeypatch.setenv("SENTINEL_CA__DIR", str(folder))
    return folder


def ran(cli: Cli, *arguments: str | Path, code: int = 0) -> str:
    """Standard output of a command of `sentinel ca` that ends with this code."""
    done = cli("ca", *arguments)
    assert done.code == code, done.err
    assert len(done.err.splitlines()) <= 1
    return done.out if code in (0, 4) else done.err


def test_list_and_search(cli: Cli, at: Path) -> None:
    rows = json.loads(ran(cli, "list", "--format", "json"))
    assert [set(row) for row in rows] == [set(KEYS)] * 32
    assert rows[0]["serial"] == certificate(29).serial
    page = json.loads(ran(cli, "list", "--format", "json", "--limit", "5"))
    assert page == rows[:5]
    more = json.loads(ran(cli, "list", "--format", "json", "--limit", "5", "--after", page[-1]["serial"]))
    assert more == rows[5:10]
    assert json.loads(ran(cli, "list", "--state", "held", "--format", "json")) == []
    assert len(json.loads(ran(cli, "list", "--profile", "root", "--format", "json"))) == 1
    found = json.loads(ran(cli, "search", "DEVICE-0000007", "--format", "json"))
    assert [row["serial"] for row in found] == [certificate(7).serial]
    assert certificate(7).serial in ran(cli, "search", "device-0000007")
    assert "one of valid, revoked" in ran(cli, "list", "--state", "new", code=2)


def test_a_narrow_terminal(cli: Cli, at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The subject stands under the serial number, whole, and the serial number is never broken."""
    subject, serial = "CN=device-0000007,O=Plant", certificate(7).serial
    for width, beside in (("80", False), ("60", False), ("140", True)):
        monkeypatch.setenv("COLUMNS", width)
        lines = ran(cli, "search", "device-0000007").splitlines()
        [at_serial] = [number for number, line in enumerate(lines) if line.startswith(serial)]
        assert (subject in lines[at_serial]) == beside, width
        assert beside or lines[at_serial + 1].startswith(subject), lines
        assert all(len(line) <= int(width) for line in lines)


def test_audit(cli: Cli, at: Path, tmp_path: Path) -> None:
    head = tmp_path / "head.json"
    ran(cli, "audit", "head", "--out", head)
    assert "is there already" in ran(cli, "audit", "head", "--out", head, code=1)
    assert json.loads(head.read_text())["size"] == 32
    report = json.loads(ran(cli, "audit", "verify", "--head", head, "--format", "json"))
    assert (report["ok"], report["entries"], report["bad"]) == (True, 32, [])
    with Register.open(at / "register.db") as register:
        with register.transaction() as change:
            change.audit("look", who="alice")  # without the key: it waits
        assert register.head() is not None
    assert "31" in ran(cli, "audit", "verify") or "1 wait" in ran(cli, "audit", "verify")
    ran(cli, "audit", "head", "--out", head, "--force", "--passphrase-file", tmp_path / "words")
    assert json.loads(head.read_text())["size"] == 33
    with Register.open(at / "register.db") as register, register.transaction() as change:
        change.db.execute("UPDATE audit SET entry = replace(entry, 'alice', 'mallory') WHERE number = 9")
    done = cli("ca", "audit", "verify", "--format", "json")
    assert done.code == 1
    report = json.loads(done.out)
    assert not report["ok"]
    assert all(set(bad) == {"index", "kind"} for bad in report["bad"])
    assert "not whole" in done.err


def test_heads_are_told_elsewhere(
    cli: Cli, at: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("SENTINEL_CA__HEADS", str(elsewhere))
    monkeypatch.setenv("SENTINEL_CA__HEADS_EVERY", "2")
    before = (at / "register.db").read_bytes()
    for number in range(5):
        ran(
            cli,
            "tokens",
            "--new",
            f"d{number}",
            "--profile",
            "device",
            "--passphrase-file",
            tmp_path / "words",
        )
    assert [path.name for path in sorted(elsewhere.iterdir())] == [
        "head-000000000033.json",
        "head-000000000034.json",
        "head-000000000036.json",
    ]
    ran(cli, "audit", "verify", "--files", elsewhere)
    for beside in at.glob("register.db*"):
        beside.unlink()
    (at / "register.db").write_bytes(before)  # rolled back, register and audit together
    ran(cli, "audit", "verify")
    assert "not whole" in ran(cli, "audit", "verify", "--files", elsewhere, code=1)


def test_operators_and_approvals(cli: Cli, at: Path, tmp_path: Path) -> None:
    for name in ("alice", "bob", "carol", "dave"):
        own = generate("p256")
        write_key(tmp_path / f"{name}.key", own, None)
        files.write(tmp_path / f"{name}.pem", files.pem("PUBLIC KEY", own.spki()))
        if name != "dave":
            with Register.open(at / "register.db") as register, register.transaction() as change:
                operators.add(change, name, own.spki(), role="administrator", who="init")
    revoke = ("revoke", "issuing", "--reason", "cACompromise", "--operator", "alice")
    add = ("operators", "--add", f"dave={tmp_path / 'dave.pem'}", "--operator", "alice")
    for command in (revoke, add):
        request = ran(cli, *command, code=4).strip()
        for name in ("bob", "carol"):
            assert ran(cli, *command, code=4).strip() == request
            approve = ("approve", request, "--operator", name, "--key", tmp_path / f"{name}.key")
            assert request in ran(cli, *approve)
        done = ran(cli, *command)
    assert "dave" in done
    assert json.loads(ran(cli, "show", "issuing", "--format", "json"))["state"] == "revoked"
    told = json.loads(ran(cli, "requests", "--format", "json"))
    assert {(r["operation"], r["state"]) for r in told} == {("revoke-ca", "done"), ("operators", "done")}
    assert "nobody approves" in _own_request(cli, tmp_path)
    assert "revoke-ca" in ran(cli, "requests")
    report = json.loads(ran(cli, "audit", "verify", "--format", "json"))
    assert report["ok"]


def _own_request(cli: Cli, tmp_path: Path) -> str:
    request = ran(cli, "operators", "--remove", "dave", "--operator", "bob", code=4).strip()
    return ran(cli, "approve", request, "--operator", "bob", "--key", tmp_path / "bob.key", code=1)


def test_tokens(cli: Cli, at: Path) -> None:
    made = json.loads(ran(cli, "tokens", "--new", "pump", "--profile", "device", "--format", "json"))
    assert len(made["token"]) == 54
    listed = ran(cli, "tokens", "--format", "json")
    assert made["token"] not in listed
    assert [token["id"] for token in json.loads(listed)] == [made["id"]]
    assert "pump" in ran(cli, "tokens")
    ran(cli, "tokens", "--remove", made["id"][:8])
    assert json.loads(ran(cli, "tokens", "--format", "json")) == []
    assert "no token begins so" in ran(cli, "tokens", "--remove", "ab", code=1)
    with Register.open(at / "register.db", readonly=True) as register:
        assert made["token"] not in str(register.query("SELECT entry FROM audit"))
