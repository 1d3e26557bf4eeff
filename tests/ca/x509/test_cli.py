"""`sentinel ca` init, issue, sign, csr, renew, rekey, show, profiles, keys: as a user meets them."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509 as other

from sentinel.ca import files
from sentinel.ca.authority import Authority
from sentinel.ca.delegate import delegate
from sentinel.ca.keys import pkcs8
from sentinel.ca.keys.files import read_key
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.x509 import certificate, der
from tests.ca.conftest import PASSPHRASE
from tests.ca.oracles.openssl import OpenSsl
from tests.ca.x509.test_keys import identifier
from tests.conftest import Ran

Cli = Callable[..., Ran]
Ready = Callable[[str], None]


@pytest.fixture
def run(cli: Cli, passphrase_file: Path, tmp_path: Path) -> Cli:
    """Runs a command of `sentinel ca` on the CA in tmp_path/ca."""

    def ran(command: str, *arguments: str | Path, keys: bool = True) -> Ran:
        secret = ("--passphrase-file", passphrase_file) if keys else ()
        folder = () if command == "csr" else ("--dir", tmp_path / "ca")
        return cli("ca", command, *arguments, *folder, *secret)

    return ran


def _read(path: Path) -> certificate.Certificate:
    return certificate.read(files.unpem(path.read_bytes(), "CERTIFICATE")[0][1])


def _init(run: Cli, *options: str) -> None:
    done = run("init", "--name", "Plant", *options)
    assert done.code == 0, done.err


@pytest.fixture
def ready(ca: Callable[[str], Path], tmp_path: Path) -> Ready:
    """Puts a CA into tmp_path/ca, by the algorithm of its keys."""

    def put(algorithm: str) -> None:
        ca(algorithm).rename(tmp_path / "ca")

    return put


def test_keys_under_sm4_on_request(run: Cli, tmp_path: Path) -> None:
    """Every key that the CA writes, the responder's and devices' included, and `ca csr` by its own option."""
    _init(run, "--key-cipher", "sm4")
    assert run("issue", "--profile", "tls-client", "--name", "x", "--out", tmp_path / "x.pem").code == 0
    done = run("csr", "--name", "y", "--key-cipher", "sm4", "--out", tmp_path / "y.pem")
    assert done.code == 0, done.err
    with Authority.open(tmp_path / "ca", Passphrases(PASSPHRASE)) as authority:
        delegate(authority, "issuing", datetime.now(UTC))
    keys = sorted((tmp_path / "ca" / "keys").glob("*.pem"))
    assert [path.stem for path in keys] == ["audit", "issuing", "ocsp", "root"]
    for path in (*keys, tmp_path / "x.key", tmp_path / "y.key"):
        sealed = files.unpem(path.read_bytes(), "ENCRYPTED PRIVATE KEY", name=path)[0][1]
        assert der.oid(pkcs8.SM4) in sealed, path
        assert der.oid(pkcs8.AES_256) not in sealed
        read_key(path, PASSPHRASE.encode())


@pytest.mark.parametrize("algorithm", ["sm2", "p256", "p384", "ed25519", "rsa3072"])
def test_a_ca_from_nothing(algorithm: str, run: Cli, tmp_path: Path, openssl: OpenSsl) -> None:
    _init(run, "--algorithm", algorithm, "--base-url", "http://pki.plant.example/")
    folder = tmp_path / "ca"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in (folder / "keys").iterdir()} >= {"root.pem", "issuing.pem"}
    for path in (folder / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()
    chain = [
        certificate.read(data)
        for _, data in files.unpem((folder / "public" / "chain.pem").read_bytes(), "CERTIFICATE")
    ]
    issuing, root = chain
    assert _read(folder / "public" / "root.pem").der == root.der
    assert (root.authority, issuing.authority) == ((True, 1), (True, 0))
    for issuer, one in ((root, root), (root, issuing)):
        if algorithm == "sm2" and issuer is one:
            # OpenSSL does not give the identifier to a certificate that it takes from the trusted ones
            openssl.signature(root.spki, root.tbs, root.signature, digest="sm3")
            continue
        openssl.link(issuer.der, one.der, one.not_before, distid=identifier(algorithm))
        if algorithm == "sm2":
            with pytest.raises(Exception, match=r"verification failed|signature failure"):
                openssl.link(issuer.der, one.der, one.not_before, distid=None)
    shown = json.loads(run("show", "issuing", "--format", "json", keys=False).out)
    assert shown["profile"] == "issuing"
    assert shown["algorithm"] == algorithm
    assert shown["sha256"] == issuing.sha256


def test_a_ca_without_an_issuing_one(run: Cli, tmp_path: Path) -> None:
    _init(run, "--algorithm", "p256", "--no-intermediate", "--days", "100")
    chain = files.unpem((tmp_path / "ca" / "public" / "chain.pem").read_bytes(), "CERTIFICATE")
    assert len(chain) == 1
    assert certificate.read(chain[0][1]).authority == (True, 0)
    out = tmp_path / "a.pem"
    assert run("issue", "--profile", "tls-client", "--name", "a", "--out", out).code == 0
    assert _read(out).issuer == (("CN", "Plant"),)
    assert (
        "ends with the issuing CA"
        in run("issue", "--profile", "tls-client", "--name", "b", "--out", tmp_path / "b.pem").err
    )


def test_name_constraints(run: Cli, tmp_path: Path) -> None:
    _init(
        run,
        "--algorithm",
        "p256",
        "--permit",
        "dns:plant.example",
        "--permit",
        "ip:10.0.0.0/8",
        "--exclude",
        "dns:no.plant.example",
    )
    issuing = other.load_pem_x509_certificates((tmp_path / "ca" / "public" / "chain.pem").read_bytes())[0]
    found = issuing.extensions.get_extension_for_class(other.NameConstraints)
    assert found.critical
    assert [str(name.value) for name in found.value.permitted_subtrees or []] == [
        "plant.example",
        "10.0.0.0/8",
    ]
    assert [name.value for name in found.value.excluded_subtrees or []] == ["no.plant.example"]


INIT = {
    "folder is taken": (["--algorithm", "p256"], "holds a CA already", 1),
    "https": (["--base-url", "https://x"], "an http:// address", 2),
    "longer": (["--days", "10", "--issuing-days", "11"], "longer than the root's 10", 2),
    "constraint": (["--permit", "plant"], "name constraint plant: write dns:plant.example", 2),
    "operators": (["--approvals", "2"], "3 operators are needed, 0 given", 2),
    "operator": (["--operator", "anna"], "write NAME=PUB.pem", 2),
}


@pytest.mark.parametrize("case", INIT)
def test_init_refuses(case: str, run: Cli, tmp_path: Path) -> None:
    options, reason, code = INIT[case]
    if case == "folder is taken":
        _init(run, "--algorithm", "p256")
    before = sorted(path.name for path in tmp_path.iterdir())
    done = run("init", "--name", "Plant", *options)
    assert (done.code, done.out) == (code, "")
    assert reason in done.err
    assert done.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("algorithm", ["sm2", "p256"])
def test_from_a_request_to_a_certificate(
    ready: Ready, algorithm: str, run: Cli, tmp_path: Path, openssl: OpenSsl
) -> None:
    ready(algorithm)
    csr, out = tmp_path / "plc.csr", tmp_path / "plc.pem"
    done = run(
        "csr",
        "--name",
        "CN=plc-7.plant,O=Works",
        "--san",
        "ip:10.0.0.7",
        "--algorithm",
        algorithm,
        "--out",
        csr,
    )
    assert done.code == 0, done.err
    asked = files.unpem(csr.read_bytes(), "CERTIFICATE REQUEST")[0][1]
    openssl.request(asked, distid=identifier(algorithm))
    assert stat.S_IMODE((tmp_path / "plc.key").stat().st_mode) == 0o600
    done = run("sign", csr, "--profile", "tls-server", "--days", "30", "--out", out)
    assert done.code == 0, done.err
    found = _read(out)
    assert done.out.split()[0] == found.serial_text
    assert (found.not_after - found.not_before).days == 30
    issuing = _read(tmp_path / "ca" / "public" / "chain.pem")
    openssl.link(issuing.der, found.der, found.not_before, distid=identifier(algorithm))
    assert found.alt_names() == (("ip", "10.0.0.7"), ("dns", "plc-7.plant"))
    again = run("sign", csr, "--profile", "tls-server", "--out", tmp_path / "again.pem")
    assert again.code == 1
    assert "duplicate: certificate" in again.err
    assert not (tmp_path / "again.pem").exists()


def test_a_file_in_the_way_stops_before_anything_is_issued(ready: Ready, run: Cli, tmp_path: Path) -> None:
    ready("p256")
    out = tmp_path / "a.pem"
    assert run("issue", "--profile", "tls-client", "--name", "a", "--out", out).code == 0
    before = out.read_bytes()
    done = run("issue", "--profile", "tls-client", "--name", "b", "--out", out)
    assert done.code == 1
    assert f"{out}: is there already" in done.err
    assert out.read_bytes() == before
    assert run("issue", "--profile", "tls-client", "--name", "b", "--out", out, "--force").code == 0
    assert _read(out).subject == (("CN", "b"),)


def test_an_order_that_is_refused_leaves_no_file(ready: Ready, run: Cli, tmp_path: Path) -> None:
    ready("p256")
    done = run("issue", "--profile", "tls-server", "--name", "The PLC", "--out", tmp_path / "a.pem")
    assert done.code == 1
    assert (
        done.err == "sentinel: alternative names: profile tls-server requires one; give --san dns:X or ip:X\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["ca"]


def test_a_new_key_is_encrypted_unless_it_was_said_otherwise(ready: Ready, run: Cli, tmp_path: Path) -> None:
    ready("sm2")
    out = tmp_path / "a.pem"
    assert run("issue", "--profile", "device", "--name", "m1", "--serial", "M-1", "--out", out).code == 0
    assert read_key(tmp_path / "a.key", PASSPHRASE.encode()).spki() == _read(out).spki
    open_key = tmp_path / "b.secret"
    done = run(
        "issue",
        "--profile",
        "device",
        "--name",
        "m2",
        "--out",
        tmp_path / "b.pem",
        "--key-out",
        open_key,
        "--no-key-passphrase",
    )
    assert done.code == 0
    assert read_key(open_key, None).spki() == _read(tmp_path / "b.pem").spki


def test_a_pair_has_the_files_that_were_promised(ready: Ready, run: Cli, tmp_path: Path) -> None:
    ready("sm2")
    done = run(
        "issue", "--profile", "tlcp", "--name", "gw.plant", "--out", tmp_path / "gw.pem", "--format", "json"
    )
    assert done.code == 0, done.err
    assert {path.name for path in tmp_path.iterdir()} == {
        "ca",
        "gw.sign.pem",
        "gw.sign.key",
        "gw.enc.pem",
        "gw.enc.enveloped.der",
    }
    shown = json.loads(done.out)
    assert shown["serial"] == _read(tmp_path / "gw.sign.pem").serial_text
    enc = json.loads(run("show", tmp_path / "gw.enc.pem", "--format", "json", keys=False).out)
    assert enc["pair_id"] == shown["pair_id"]
    csr = tmp_path / "dev.csr"
    assert run("csr", "--name", "gw2.plant", "--out", csr).code == 0
    done = run(
        "issue", "--profile", "tlcp", "--name", "gw2.plant", "--sign-csr", csr, "--out", tmp_path / "gw2.pem"
    )
    assert done.code == 0, done.err
    assert not (tmp_path / "gw2.sign.key").exists()
    assert (tmp_path / "gw2.enc.enveloped.der").exists()


def test_renew_keeps_the_key_and_rekey_does_not(ready: Ready, run: Cli, tmp_path: Path) -> None:
    ready("sm2")
    for profile, name in (("tls-client", "a.pem"), ("tlcp", "gw.sign.pem"), ("device", "m.pem")):
        base = tmp_path / name.replace(".sign", "")
        assert run("issue", "--profile", profile, "--name", name.split(".")[0], "--out", base).code == 0
        old = _read(tmp_path / name)
        renewed, rekeyed = tmp_path / f"{profile}-renewed.pem", tmp_path / f"{profile}-rekeyed.pem"
        done = run("renew", tmp_path / name, "--out", renewed)
        assert done.code == 0, done.err
        done = run("rekey", old.serial_text, "--out", rekeyed)
        assert done.code == 0, done.err
        sign = ".sign" if profile == "tlcp" else ""
        new = _read(renewed.with_name(f"{renewed.stem}{sign}.pem"))
        other_key = _read(rekeyed.with_name(f"{rekeyed.stem}{sign}.pem"))
        assert new.spki == old.spki != other_key.spki
        assert new.subject == old.subject == other_key.subject
        assert new.alt_names() == old.alt_names() == other_key.alt_names()
        assert len({old.serial, new.serial, other_key.serial}) == 3
    assert run("renew", tmp_path / "gw.enc.pem").code == 0
    assert _read(tmp_path / "gw.renewed.sign.pem").spki == _read(tmp_path / "gw.sign.pem").spki
    assert run("rekey", tmp_path / "a.pem").code == 0
    assert (tmp_path / "a.rekeyed.key").exists()
    before, after = (_read(tmp_path / f"{name}.enc.pem") for name in ("gw", "tlcp-renewed"))
    assert before.spki == after.spki
    assert not (tmp_path / "tlcp-renewed.enc.enveloped.der").exists()
    assert _read(tmp_path / "tlcp-rekeyed.enc.pem").spki != before.spki


def test_a_list_is_issued_and_its_faults_are_told(ready: Ready, run: Cli, tmp_path: Path) -> None:
    ready("p256")
    rows = [f"meter-{n},M-{n:04},dns:meter-{n}.plant ip:10.0.1.{n}" for n in range(1, 101)]
    rows[10] = "meter-11,M_11,"
    rows[20] = "meter-21,M-0021,dns:a b"
    rows[30] = "meter-1,M-0001,"
    path, out = tmp_path / "meters.csv", tmp_path / "out"
    path.write_text("name,serial,san\n" + "\n".join(rows) + "\n", encoding="utf-8")
    done = run("issue", "--csv", path, "--profile", "device", "--out", out, "--no-key-passphrase")
    assert done.code == 1
    assert done.out == f"{out}: 97 issued, 3 refused\n"
    said = done.err.splitlines()
    assert [line.split(": ")[2] for line in said[:3]] == ["line 12", "line 22", "line 32"]
    assert said[-1] == f"sentinel: {path}: 3 of 100 lines were refused"
    assert len(list(out.glob("*.pem"))) == len(list(out.glob("*.key"))) == 97
    found = _read(out / "M-0050.pem")
    assert found.subject == (("CN", "meter-50"), ("serialNumber", "M-0050"))
    assert ("ip", "10.0.1.50") in found.alt_names()
    assert read_key(out / "M-0050.key", None).spki() == found.spki


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "its first line must name"),
        ("a,b\n", "its first line must name"),
        ("name,colour\n", "column 'colour'"),
        ("name,name\n", "column 'name'"),
    ],
)
def test_other_lists_are_refused(ready: Ready, text: str, reason: str, run: Cli, tmp_path: Path) -> None:
    ready("p256")
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    done = run(
        "issue", "--csv", path, "--profile", "device", "--out", tmp_path / "out", "--no-key-passphrase"
    )
    assert done.code == 1
    assert reason in done.err


def test_issuing_needs_no_root_key(ready: Ready, run: Cli, tmp_path: Path) -> None:
    ready("p256")
    (tmp_path / "ca" / "keys" / "root.pem").rename(tmp_path / "away.pem")
    assert run("issue", "--profile", "tls-client", "--name", "a", "--out", tmp_path / "a.pem").code == 0
    shown = json.loads(run("keys", "--format", "json", keys=False).out)
    assert {one["name"]: one["state"] for one in shown} | {"audit": "sealed"} == {
        "root": "away",
        "issuing": "sealed",
        "audit": "sealed",
    }


def test_a_key_that_others_can_read_is_not_used(ready: Ready, run: Cli, tmp_path: Path) -> None:
    ready("p256")
    (tmp_path / "ca" / "keys" / "issuing.pem").chmod(0o644)
    done = run("issue", "--profile", "tls-client", "--name", "a", "--out", tmp_path / "a.pem")
    assert done.code == 1
    assert "others can read it (mode 0644); chmod 600 it" in done.err
    assert not (tmp_path / "a.key").exists()


def test_wrong_and_missing_passphrases(ready: Ready, run: Cli, cli: Cli, tmp_path: Path) -> None:
    ready("p256")
    wrong = tmp_path / "wrong"
    wrong.write_text("another passphrase\n", encoding="utf-8")
    arguments = (
        "ca",
        "issue",
        "--profile",
        "tls-client",
        "--name",
        "a",
        "--out",
        tmp_path / "a.pem",
        "--dir",
        tmp_path / "ca",
    )
    done = cli(*arguments, "--passphrase-file", wrong)
    assert done.code == 1
    assert "issuing.pem: private key: the passphrase is wrong" in done.err
    assert "another" not in done.err
    done = cli(*arguments)
    assert done.code == 1
    assert "--passphrase-file" in done.err


def test_show_finds_by_serial_file_and_role(ready: Ready, run: Cli, tmp_path: Path) -> None:
    ready("p256")
    out = tmp_path / "a.pem"
    assert run("issue", "--profile", "tls-server", "--name", "a.plant", "--out", out).code == 0
    serial = _read(out).serial_text
    by_file = run("show", out, keys=False).out
    colons = ":".join(serial[at : at + 2] for at in range(0, 40, 2)).upper()
    for which in (serial, serial.upper(), f"0x{serial}", colons):
        assert run("show", which, keys=False).out == by_file
    assert "dns:a.plant" in by_file
    assert "until" in by_file
    pems = run("show", serial, "--format", "pem", "--chain", keys=False).out
    assert len(files.unpem(pems.encode(), "CERTIFICATE")) == 3
    assert files.unpem(pems.encode(), "CERTIFICATE")[0][1] == _read(out).der
    done = run("show", "00", keys=False)
    assert done.code == 1
    assert "this CA has no such certificate" in done.err
    done = run("show", tmp_path / "nothing.pem", keys=False)
    assert (done.code, done.err) == (1, f"sentinel: {tmp_path / 'nothing.pem'}: No such file or directory\n")


def test_profiles_are_listed_and_shown(cli: Cli) -> None:
    listed = json.loads(cli("ca", "profiles", "--format", "json").out)
    assert {"device", "tls-server", "tls-client", "tlcp", "ocsp", "opcua", "modbus"} <= {
        one["name"] for one in listed
    }
    assert "title: TLS server" in cli("ca", "profiles", "tls-server").out
    done = cli("ca", "profiles", "none")
    assert done.code == 2
    assert "profile none: not there" in done.err


def test_no_ca_is_one_line_with_the_way_out(cli: Cli, tmp_path: Path) -> None:
    done = cli("ca", "show", "root", "--dir", tmp_path)
    assert (done.code, done.err) == (
        1,
        f"sentinel: {tmp_path}: no CA is in it; make one with `sentinel ca init --dir {tmp_path} --name NAME`\n",
    )
    done = cli("ca", "show", "root")
    assert done.code == 1
    assert "name its folder with --dir" in done.err
