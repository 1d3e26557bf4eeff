"""Escrow of encryption keys: off unless it was switched on, wrapped in the register, released by m of n."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sentinel import _native
from sentinel.ca import charter, escrow, files, founding, operators
from sentinel.ca.authority import Authority
from sentinel.ca.keys import SoftwareKey, generate
from sentinel.ca.keys.files import write_key
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.keys.software import Sm2Key
from sentinel.ca.x509 import envelope
from tests.ca.conftest import PASSPHRASE
from tests.ca.oracles.programs import Oracle
from tests.conftest import Ran

Run = Callable[..., str]


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An SM2 CA that asks for two approvals, and three operators with their keys beside it."""
    folder = tmp_path / "ca"
    plan = founding.Plan("Plant", "sm2", policy=charter.Policy(2), who="init")
    founding.found(folder, plan, Passphrases(PASSPHRASE))
    with Authority.open(folder, Passphrases(PASSPHRASE)) as authority:
        for name in ("alice", "bob", "carol"):
            own = generate("p256")
            write_key(tmp_path / f"{name}.key", own, None)
            with authority.register.transaction() as change:
                operators.add(change, name, own.spki(), role="administrator", who="init")
    (tmp_path / "words").write_text(f"{PASSPHRASE}\n")
    monkeypatch.setenv("SENTINEL_CA__DIR", str(folder))
    return folder


@pytest.fixture
def run(cli: Callable[..., Ran], at: Path, tmp_path: Path) -> Run:
    def ran(*arguments: str | Path, code: int = 0) -> str:
        done = cli("ca", *arguments, "--passphrase-file", tmp_path / "words")
        assert done.code == code, done.err
        return done.out if code in (0, 4) else done.err

    return ran


def approved(run: Run, tmp_path: Path, *command: str | Path) -> str:
    """What a command of alice says once bob and carol have approved it."""
    command = (*command, "--operator", "alice")
    request = run(*command, code=4).strip()
    for name in ("bob", "carol"):
        assert run(*command, code=4).strip() == request
        run("approve", request, "--operator", name, "--key", tmp_path / f"{name}.key")
    return run(*command)


def pair(run: Run, tmp_path: Path, name: str) -> tuple[bytes, bytes, list[str]]:
    """Key that the device got and its certificate, DER, and serial numbers of both certificates."""
    base = tmp_path / name
    run("issue", "--profile", "tlcp", "--name", name, "--out", f"{base}.pem", "--no-key-passphrase")
    from sentinel.ca.keys.files import read_key
    from sentinel.ca.x509 import certificate

    key = read_key(tmp_path / f"{name}.sign.key", None)
    assert isinstance(key, Sm2Key)
    sealed = (tmp_path / f"{name}.enc.enveloped.der").read_bytes()
    secret = envelope.unseal(sealed, _native.Sm2Key(key.secret))[1]
    ders = [
        files.unpem((tmp_path / f"{name}.{which}.pem").read_bytes(), "CERTIFICATE", name=name)[0][1]
        for which in ("sign", "enc")
    ]
    return secret, ders[1], [certificate.read(one).serial_text for one in ders]


def recipient(tmp_path: Path, kind: str = "sm2") -> tuple[SoftwareKey, Path]:
    key, path = generate(kind), tmp_path / f"{kind}.pub"
    path.write_bytes(files.pem("PUBLIC KEY", key.spki()))
    return key, path


def whole(at: Path) -> bytes:
    """All that the register's file holds."""
    with closing(sqlite3.connect(at / "register.db")) as db:
        return db.serialize()


def test_off_unless_switched_on(run: Run, at: Path, tmp_path: Path) -> None:
    secret, _, serials = pair(run, tmp_path, "gateway")
    assert secret not in whole(at)
    with Authority.open(at, readonly=True) as authority:
        assert not authority.register.query("SELECT name FROM state WHERE name LIKE 'escrow/%'")
    _, to = recipient(tmp_path)
    said = run("escrow", "release", serials[1], "--to", to, "--out", tmp_path / "out", "--why", "x", code=1)
    assert "no key of it is in escrow" in said


def test_released_by_two_and_opened_by_code_of_others(
    run: Run, at: Path, tmp_path: Path, gmsm: Oracle, bouncycastle: Oracle
) -> None:
    assert "escrow is on" in approved(run, tmp_path, "escrow", "on")
    assert (at / escrow.SECRET).stat().st_mode & 0o077 == 0
    away = tmp_path / "escrow.pem"
    (at / escrow.SECRET).rename(away)  # issuing needs the public half alone
    secret, encryption, serials = pair(run, tmp_path, "gateway")
    assert secret not in whole(at)
    key, to = recipient(tmp_path)
    assert isinstance(key, Sm2Key)
    out = tmp_path / "released.der"
    command = ("escrow", "release", serials[0], "--to", to, "--out", out, "--why", "a court's order")
    request = run(*command, "--operator", "alice", code=4).strip()
    assert not out.exists()
    own = run("approve", request, "--operator", "alice", "--key", tmp_path / "alice.key", code=1)
    assert "nobody approves" in own
    for name in ("bob", "carol"):
        run("approve", request, "--operator", name, "--key", tmp_path / f"{name}.key")
    other = (*command[:-1], "something else", "--operator", "alice")
    assert run(*other, code=4).strip() != request, "approved was another reason"
    assert "the escrow key is not here" in run(*command, "--operator", "alice", code=1)
    assert not out.exists()
    away.rename(at / escrow.SECRET)
    assert serials[1] in run(*command, "--operator", "alice")
    assert out.stat().st_mode & 0o077 == 0
    for judge in (gmsm, bouncycastle):
        assert secret.hex() in judge.ask("envelope", key.secret, out.read_bytes(), encryption)
    run("escrow", "release", serials[0], "--to", to, "--out", tmp_path / "2", "--why", "a court's order",
        "--operator", "alice", code=4)  # fmt: skip
    with Authority.open(at, readonly=True) as authority:
        [(entry,)] = authority.register.query(
            "SELECT entry FROM audit WHERE entry LIKE '%\"escrow-release\"%who%court%' AND entry NOT LIKE '%needed%'"
        )
    told = json.loads(entry)
    assert (told["action"], told["who"], told["why"]) == ("escrow-release", "alice", "a court's order")
    assert (told["subject"], told["approvals"]) == (serials[1], [request, "bob", "carol"])


def test_a_renewed_pair_and_what_is_refused(run: Run, at: Path, tmp_path: Path) -> None:
    approved(run, tmp_path, "escrow", "on")
    assert "escrow is on already" in approved_code(run, tmp_path, "escrow", "on")
    secret, _, _ = pair(run, tmp_path, "gateway")
    renewed = run("renew", tmp_path / "gateway.sign.pem", "--out", tmp_path / "again.pem").split()[0]
    key, to = recipient(tmp_path)
    assert isinstance(key, Sm2Key)
    command = ("escrow", "release", renewed, "--to", to, "--out", tmp_path / "out")
    assert "--why" in approved_code(run, tmp_path, *command, code=2)
    approved(run, tmp_path, *command, "--why", "lost")
    opened = envelope.unseal((tmp_path / "out").read_bytes(), _native.Sm2Key(key.secret))
    assert opened[1] == secret
    _, wrong = recipient(tmp_path, "p256")
    again: tuple[str | Path, ...] = (
        "escrow",
        "release",
        renewed,
        "--to",
        wrong,
        "--out",
        tmp_path / "3",
        "--why",
        "lost",
    )
    assert "to an SM2 key, not p256" in approved_code(run, tmp_path, *again)
    (at / escrow.PUBLIC).write_bytes(to.read_bytes())  # somebody puts his own key in
    said = run(
        "issue",
        "--profile",
        "tlcp",
        "--name",
        "x",
        "--out",
        tmp_path / "x.pem",
        "--no-key-passphrase",
        code=1,
    )
    assert "not the escrow key that ca.toml names" in said
    assert not (tmp_path / "x.sign.pem").exists()


def approved_code(run: Run, tmp_path: Path, *command: str | Path, code: int = 1) -> str:
    """What is said where it fails although it was approved."""
    command = (*command, "--operator", "alice")
    request = run(*command, code=4).strip()
    for name in ("bob", "carol"):
        run("approve", request, "--operator", name, "--key", tmp_path / f"{name}.key")
    return run(*command, code=code)
