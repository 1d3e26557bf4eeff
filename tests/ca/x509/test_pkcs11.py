"""sentinel/ca/keys/pkcs11.py with SoftHSM2: a CA whose keys are in a token, from init to certificates."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from sentinel.ca import files
from sentinel.ca.keys.pkcs11 import Place, parse
from sentinel.ca.x509 import certificate
from sentinel.errors import UserError
from tests.ca.oracles.openssl import OpenSsl
from tests.ca.x509.test_keys import identifier
from tests.conftest import ROOT

PIN = "123456789"
LIBRARIES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
)


@dataclass(frozen=True)
class Token:
    """A token of SoftHSM2, in a folder of its own."""

    library: str
    environment: dict[str, str]
    folder: Path

    def uri(self, label: str) -> str:
        return f"pkcs11:token=plant;object={label}?module-path={self.library}"

    def run(self, *arguments: str | Path, pin: str = PIN) -> subprocess.CompletedProcess[str]:
        """`sentinel ca` in a process of its own: a PKCS#11 library keeps its state in the process."""
        secret = self.folder / "pin"
        secret.write_text(pin + "\n", encoding="utf-8")
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "sentinel",
                "ca",
                *map(str, arguments),
                "--dir",
                self.folder / "ca",
                "--passphrase-file",
                secret,
            ],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture
def token(tmp_path: Path) -> Token:
    """A new token. Skipped where SoftHSM2 or python-pkcs11 is not installed."""
    program, library = shutil.which("softhsm2-util"), next(filter(os.path.exists, LIBRARIES), None)
    if program is None or library is None:
        pytest.skip("softhsm2-util is not installed: no CA key in a token is tested")
    pytest.importorskip("pkcs11")
    (tmp_path / "tokens").mkdir()
    conf = tmp_path / "softhsm2.conf"
    conf.write_text(
        f"directories.tokendir = {tmp_path / 'tokens'}\nobjectstore.backend = file\n", encoding="utf-8"
    )
    environment = {**os.environ, "SOFTHSM2_CONF": str(conf)}
    subprocess.run(
        [program, "--init-token", "--free", "--label", "plant", "--pin", PIN, "--so-pin", "87654321"],
        env=environment,
        check=True,
        capture_output=True,
    )
    return Token(library, environment, tmp_path)


@pytest.mark.parametrize("algorithm", ["p256", "rsa3072", "sm2"])
def test_a_ca_with_its_issuing_key_in_a_token(algorithm: str, token: Token, openssl: OpenSsl) -> None:
    done = token.run(
        "init", "--name", "Plant", "--algorithm", algorithm, "--issuing-token", token.uri("issuing")
    )
    assert done.returncode == 0, done.stderr
    keys = token.folder / "ca" / "keys"
    assert not (keys / "issuing.pem").exists()
    assert (keys / "issuing.wrapped").exists() == (algorithm == "sm2")
    out = token.folder / "a.pem"
    done = token.run("issue", "--profile", "tls-client", "--name", "a", "--out", out)
    assert done.returncode == 0, done.stderr
    issuing = files.unpem((token.folder / "ca" / "public" / "chain.pem").read_bytes(), "CERTIFICATE")[0][1]
    leaf = files.unpem(out.read_bytes(), "CERTIFICATE")[0][1]
    openssl.link(issuing, leaf, certificate.read(leaf).not_before, distid=identifier(algorithm))
    if algorithm == "sm2":
        wrapped = keys / "issuing.wrapped"
        data = wrapped.read_bytes()
        wrapped.write_bytes(data[:-1] + bytes((data[-1] ^ 1,)))
        done = token.run("issue", "--profile", "tls-client", "--name", "b", "--out", token.folder / "b.pem")
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1


def test_a_token_that_is_away_or_shut_is_one_line(token: Token) -> None:
    done = token.run(
        "init", "--name", "Plant", "--algorithm", "p256", "--issuing-token", token.uri("issuing")
    )
    assert done.returncode == 0, done.stderr
    issue = ("issue", "--profile", "tls-client", "--name", "a", "--out", token.folder / "a.pem")
    done = token.run(*issue, "--no-key-passphrase", pin="000000000")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "token plant" in done.stderr
    assert "000000000" not in done.stderr
    shutil.rmtree(token.folder / "tokens")
    (token.folder / "tokens").mkdir()
    done = token.run(*issue)
    assert done.returncode == 1
    assert "token plant" in done.stderr
    assert not (token.folder / "a.pem").exists()
    assert not (token.folder / "a.key").exists()


def test_a_label_is_used_once(token: Token) -> None:
    options = (
        "--name",
        "Plant",
        "--algorithm",
        "p256",
        "--root-token",
        token.uri("same"),
        "--issuing-token",
        token.uri("same"),
    )
    done = token.run("init", *options)
    assert done.returncode == 1
    assert "holds an object same already" in done.stderr
    assert not (token.folder / "ca").exists()


def test_uris() -> None:
    assert parse("pkcs11:token=a%20b;object=c?module-path=/lib/x.so") == Place("/lib/x.so", "a b", "c")


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("file:/x", "no pkcs11: URI"),
        ("pkcs11:token=a;object=b", "module-path is missing"),
        ("pkcs11:object=b?module-path=/x", "token is missing"),
        ("pkcs11:token=a;object=../b?module-path=/x", "object '../b'"),
        ("pkcs11:token=a;object=b?module-path=/x&pin-value=1234", "attribute pin-value"),
    ],
)
def test_other_uris_are_refused(uri: str, reason: str) -> None:
    with pytest.raises(UserError) as refused:
        parse(uri)
    assert reason in refused.value.message
