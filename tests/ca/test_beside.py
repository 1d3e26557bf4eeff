"""A new issuing CA under the root of one that is there, by approvals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel.ca import charter, files, founding, operators
from sentinel.ca.authority import Authority
from sentinel.ca.keys import generate
from sentinel.ca.keys.files import write_key
from sentinel.ca.keys.passphrases import Passphrases
from tests.ca.conftest import BASE, PASSPHRASE
from tests.ca.oracles.openssl import OpenSsl
from tests.conftest import Ran


@pytest.fixture(params=["sm2", "p256"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    plan = founding.Plan("Plant", request.param, base_url=BASE, policy=charter.Policy(1), who="init")
    founding.found(folder, plan, Passphrases(PASSPHRASE))
    with Authority.open(folder, Passphrases(PASSPHRASE)) as authority:
        for name in ("alice", "bob"):
            own = generate("p256")
            write_key(tmp_path / f"{name}.key", own, None)
            with authority.register.transaction() as change:
                operators.add(change, name, own.spki(), role="administrator", who="init")
    (tmp_path / "words").write_text(f"{PASSPHRASE}\n")
    return folder


def test_a_second_issuing_ca(
    cli: Callable[..., Ran], old: Path, tmp_path: Path, openssl: OpenSsl, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: str | Path, code: int = 0) -> str:
        done = cli("ca", *arguments, "--passphrase-file", tmp_path / "words")
        assert done.code == code, done.err
        return done.out if code in (0, 4) else done.err

    monkeypatch.setenv("SENTINEL_CA__OPERATOR", "alice")
    new = tmp_path / "new"
    with Authority.open(old, readonly=True) as authority:
        kind, root = authority.charter.algorithm, authority.certificate("root")
    made = (
        "init",
        "--under",
        old,
        "--dir",
        new,
        "--algorithm",
        kind,
        "--base-url",
        "http://new.test",
        "--name",
    )
    assert "longer than the root's" in run(
        *made, "Plant 2", "--issuing-days", "9000", "--days", "9000", code=1
    )
    other = ["p256" if word == "sm2" else "sm2" if word == "p256" else word for word in made]
    assert "and so is all under it" in run(*other, "Plant 2", code=1)
    request = run(*made, "Plant 2", code=4).strip()
    assert not new.exists()
    run("approve", request, "--operator", "bob", "--key", tmp_path / "bob.key", "--dir", old)
    away = tmp_path / "root.pem"
    (old / "keys" / "root.pem").rename(away)
    assert "the root key is not here" in run(*made, "Plant 2", code=1)
    assert not new.exists()
    away.rename(old / "keys" / "root.pem")
    run(*made, "Plant 2")
    assert not (new / "keys" / "root.pem").exists()
    run("issue", "--profile", "tls-client", "--name", "x", "--out", tmp_path / "x.pem", "--dir", new,
        "--no-key-passphrase")  # fmt: skip
    with Authority.open(new) as authority:
        issuing = authority.certificate("issuing")
        assert authority.certificate("root").der == root.der
    leaf = files.unpem((tmp_path / "x.pem").read_bytes(), "CERTIFICATE", name="x")[0][1]
    later = datetime.now(UTC) + timedelta(hours=1)
    distid = {} if kind == "sm2" else {"distid": None}
    openssl.link(root.der, issuing.der, later, **distid)
    openssl.link(issuing.der, leaf, later, **distid)
    with Authority.open(old, readonly=True) as authority:
        assert issuing.spki != authority.certificate("issuing").spki
        row = authority.register.certificate(issuing.serial_text)
        assert row is not None
        assert (row.profile, row.state) == ("issuing", "valid")
        [(entry,)] = authority.register.query(
            'SELECT entry FROM audit WHERE entry LIKE \'%"action":"new-ca-key"%\''
        )
    assert f'["{request}","bob"]' in entry
    assert BASE.encode() in issuing.der, "the root's list is where it was"
    assert b"new.test" not in issuing.der
    for folder in (old, new):
        assert "the audit is whole" in cli("ca", "audit", "verify", "--dir", folder).out
    again = ("init", "--under", old, "--dir", tmp_path / "3", "--algorithm", kind, "--name", "Plant 2")
    request = run(*again, code=4).strip()
    run("approve", request, "--operator", "bob", "--key", tmp_path / "bob.key", "--dir", old)
    assert "choose another" in run(*again, code=1)
    assert not (tmp_path / "3").exists()
    # the old root revokes it, and says so in its list
    request = run("revoke", issuing.serial_text, "--reason", "cACompromise", "--dir", old, code=4).strip()
    run("approve", request, "--operator", "bob", "--key", tmp_path / "bob.key", "--dir", old)
    assert "revoked" in run("revoke", issuing.serial_text, "--reason", "cACompromise", "--dir", old)
    run("crl", "--ca", "root", "--out", tmp_path / "root.crl", "--dir", old)
    assert issuing.serial_text.upper() in openssl.run("crl", "-in", tmp_path / "root.crl", "-noout", "-text")
