"""A CA in one file and back: while it is written to, whatever the file went through, and with approvals."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from sentinel.ca import backup, founding, operators
from sentinel.ca.audit import key
from sentinel.ca.charter import Policy
from sentinel.ca.keys import generate
from sentinel.ca.keys.files import write_key
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.register import Register
from sentinel.errors import UserError
from tests.ca.register.made import certificate, put
from tests.conftest import Ran

WORDS = Passphrases("a passphrase")


def made(folder: Path, approvals: int = 0) -> Path:
    founding.found(folder, founding.Plan("Plant CA", "p256", policy=Policy(approvals)), WORDS)
    return folder


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("backup") / "ca")


def test_backed_up_while_it_is_written_to(authority: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    written = []

    def write() -> None:
        with Register.open(authority / "register.db") as register:
            register.unlock = lambda: key.unlock(authority, WORDS)
            number = 0
            while not stop.is_set():
                put(register, 5, first=number)
                number += 5
                written.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 3:
            assert writer.is_alive()
        manifests = [backup.back_up(authority, tmp_path / f"{number}.tar") for number in range(3)]
    finally:
        stop.set()
        writer.join()
    assert len(manifests) == 3
    for number in range(3):
        file = tmp_path / f"{number}.tar"
        assert file.stat().st_mode & 0o777 == 0o600
        with backup.drilled(file, tmp_path) as (at, _, report):
            assert report.ok
            with Register.open(at / "register.db", readonly=True) as register:
                count = len([*register.list()]) - 2
                assert count % 5 == 0
                assert register.certificate(certificate(0).serial)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.tar", "1.tar", "2.tar"]


def test_what_is_restored_is_what_was_backed_up(authority: Path, tmp_path: Path) -> None:
    backup.back_up(authority, tmp_path / "b.tar")
    backup.unpack(tmp_path / "b.tar", tmp_path / "new")
    assert not (tmp_path / "new" / "ca.toml").exists()
    backup.release(tmp_path / "new")
    for path in authority.rglob("*"):
        if path.is_file() and not path.name.startswith("register.db"):
            copy = tmp_path / "new" / path.relative_to(authority)
            assert copy.read_bytes() == path.read_bytes()
            assert copy.stat().st_mode & 0o077 in ((0,) if "keys" in path.parts else (0o044,))
    with pytest.raises(UserError, match="is there already"):
        backup.unpack(tmp_path / "b.tar", tmp_path / "new")


def test_every_damage_is_refused_and_leaves_nothing(authority: Path, tmp_path: Path) -> None:
    backup.back_up(authority, tmp_path / "b.tar")
    good = (tmp_path / "b.tar").read_bytes()
    with tarfile.open(tmp_path / "b.tar") as tar:
        spans = [(info.offset_data, info.size) for info in tar if info.size][1:]
    random = Random(5)
    bad = tmp_path / "bad.tar"
    for _ in range(60):
        at, size = random.choice(spans)
        image = bytearray(good)
        image[at + random.randrange(size)] ^= 1 << random.randrange(8)
        bad.write_bytes(image)
        with pytest.raises(UserError):
            backup.unpack(bad, tmp_path / "new")
        image = bytearray(good)
        image[512 + random.randrange(800)] ^= 1 << random.randrange(8)  # the manifest
        bad.write_bytes(image)
        try:
            backup.unpack(bad, tmp_path / "new")  # its time is nobody's word but its own
            shutil.rmtree(tmp_path / "new")
        except UserError:
            assert not (tmp_path / "new").exists()
        bad.write_bytes(good[: random.randrange(len(good) - 10_240)])
        with pytest.raises(UserError):
            backup.unpack(bad, tmp_path / "new")
    bad.write_bytes(b"not a tar")
    with pytest.raises(UserError, match="no backup of a CA"):
        backup.unpack(bad, tmp_path / "new")
    with pytest.raises(UserError, match="No such file"):
        backup.unpack(tmp_path / "none.tar", tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "bad.tar"]


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "keys/../../out", "keys/a/b", ".hidden", "other/x"])
def test_no_member_leaves_the_folder(tmp_path: Path, name: str) -> None:
    data = b"x"
    manifest = {
        "version": 1,
        "time": "2026-01-01T00:00:00Z",
        "members": [{"name": name, "size": 1, "sha256": "00" * 32}],
    }
    for kind in (tarfile.REGTYPE, tarfile.SYMTYPE):
        with tarfile.open(tmp_path / "b.tar", "w") as tar:
            text = json.dumps(manifest).encode()
            first = tarfile.TarInfo("manifest.json")
            first.size = len(text)
            tar.addfile(first, io.BytesIO(text))
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(data), "/etc/passwd"
            tar.addfile(info, io.BytesIO(data))
        with pytest.raises(UserError):
            backup.unpack(tmp_path / "b.tar", tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar"]


def test_a_changed_audit_is_not_restored(authority: Path, tmp_path: Path) -> None:
    backup.back_up(authority, tmp_path / "b.tar")
    manifest = backup.unpack(tmp_path / "b.tar", tmp_path / "new")
    with Register.open(tmp_path / "new" / "register.db") as register, register.transaction() as change:
        change.db.execute("UPDATE audit SET entry = replace(entry, 'found', 'bound') WHERE number = 0")
    with pytest.raises(UserError, match="its audit is not whole"):
        backup.check(tmp_path / "new", manifest)


def test_commands(cli: Callable[..., Ran], tmp_path: Path) -> None:
    authority = made(tmp_path / "ca")
    (tmp_path / "words").write_text("a passphrase\n")
    words = ("--passphrase-file", tmp_path / "words")
    out = tmp_path / "b.tar"
    ran = cli("ca", "backup", "--dir", authority, "--out", out, "--format", "json", *words)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["entries"] > 0
    assert cli("ca", "backup", "--dir", authority, "--out", out, *words).code == 1
    ran = cli("ca", "drill", out, "--format", "json", *words)
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert (told["ok"], told["keys"]) == (True, ["root", "issuing"])
    ran = cli("ca", "restore", out, "--dir", tmp_path / "new", *words)
    assert (ran.code, ran.out.split(":")[0]) == (0, str(tmp_path / "new"))
    assert cli("ca", "list", "--dir", tmp_path / "new").code == 0
    ran = cli("ca", "audit", "verify", "--dir", tmp_path / "new", "--format", "json")
    assert (ran.code, json.loads(ran.out)["ok"]) == (0, True)


def test_restoring_with_approvals(cli: Callable[..., Ran], tmp_path: Path) -> None:
    at = made(tmp_path / "ca", approvals=1)
    for name in ("alice", "bob"):
        own = generate("p256")
        write_key(tmp_path / f"{name}.key", own, None)
        with Register.open(at / "register.db") as register, register.transaction() as change:
            operators.add(change, name, own.spki(), role="administrator", who="init")
    out, new = tmp_path / "b.tar", tmp_path / "new"
    backup.back_up(at, out)
    restore = ("ca", "restore", out, "--dir", new, "--operator", "alice")
    ran = cli(*restore)
    assert ran.code == 4
    request = ran.out.strip()
    assert cli("ca", "list", "--dir", new).code == 1  # it is no CA yet
    for name, code in (("alice", 1), ("bob", 0)):
        ran = cli(
            "ca", "approve", request, "--operator", name, "--key", tmp_path / f"{name}.key", "--dir", new
        )
        assert ran.code == code, ran.err
    ran = cli(*restore)
    assert ran.code == 0, ran.err
    ran = cli("ca", "requests", "--dir", new, "--format", "json")
    assert [(r["operation"], r["state"], r["approved"]) for r in json.loads(ran.out)] == [
        ("restore", "done", ["bob"])
    ]
