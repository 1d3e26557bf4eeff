"""What is wrong with a store is said in one line, and nothing is lost by it."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
import zlib
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import ROOT, Ran
from tests.store.conftest import at, killed, namespace, scanned, start

Cli = Callable[..., Ran]


def one_line(ran: Ran, *words: str) -> None:
    """Exit code 1, nothing written, one line with these words."""
    assert (ran.code, ran.out) == (1, ""), ran
    assert re.fullmatch(r"sentinel: [^\n]+\n", ran.err), ran.err
    for word in words:
        assert word in ran.err


def test_a_file_is_no_store(cli: Cli, plant: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    one_line(cli("scan", plant, "--store", f"sqlite://{file}"), str(file), "is a file, a store is a folder")
    one_line(cli("assets", "list", "--store", f"sqlite://{file}"), "is a file")
    assert file.read_text() == "text"


def test_a_folder_of_other_things_is_no_store(cli: Cli, plant: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("text")
    one_line(cli("scan", plant, "--store", f"sqlite://{tmp_path}"), "neither empty nor a store")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "command", [("assets", "list"), ("events", "search"), ("store", "verify"), ("report",)]
)
def test_no_store_is_said_and_none_is_made(cli: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    one_line(
        cli(*command, "--store", f"sqlite://{tmp_path / 'none'}"), "no store here", "sentinel scan CAPTURE"
    )
    assert list(tmp_path.iterdir()) == []


def test_another_kind_of_store_is_refused(cli: Cli) -> None:
    one_line(cli("assets", "list", "--store", "ftp://x"), "no such kind of store")


def test_a_newer_store_is_left_alone(cli: Cli, plant: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    scanned(folder)
    with closing(sqlite3.connect(folder / "store.db")) as db:
        db.execute("PRAGMA user_version = 99")
    one_line(
        cli("scan", plant, "--store", f"sqlite://{folder}"),
        str(folder),
        "made by a newer sentinel (version 99",
    )


@pytest.mark.parametrize("damage", ["head", "all"])
def test_a_corrupt_catalogue(cli: Cli, plant: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "store"
    scanned(folder, plant)
    path = folder / "store.db"
    data = path.read_bytes()
    path.write_bytes(b"x" * 100 + data[100:] if damage == "head" else os.urandom(64) * 500)
    for command in (("scan", plant), ("assets", "list"), ("store", "verify"), ("store", "info")):
        one_line(cli(*command, "--store", f"sqlite://{folder}"), str(folder), "from a copy")


def test_damage_inside_is_found_by_verify(cli: Cli, plant: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    scanned(folder, plant)
    (day,) = at(folder).events.files()
    data = bytearray(day.read_bytes())
    page = int.from_bytes(data[16:18], "big")
    data[page : page + 64] = b"\xff" * 64
    day.write_bytes(data)
    ran = cli("store", "verify", "--store", f"sqlite://{folder}")
    assert ran.code == 1
    assert str(day) in ran.err
    assert "Traceback" not in ran.err
    ran = cli("events", "search", "--store", f"sqlite://{folder}")
    assert ran.code == 1
    assert ran.err.count("\n") == 1


def test_two_writers(cli: Cli, plant: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    scanned(folder)
    hold = (
        "import sys, time; from pathlib import Path; from sentinel.store.sqlite import SqliteStore\n"
        "with SqliteStore(Path(sys.argv[1])).writer(): print('holds', flush=True); time.sleep(600)"
    )
    other = start(folder, program=("-c", hold))
    assert other.stdout is not None
    assert other.stdout.readline() == "holds\n"
    one_line(cli("scan", plant, "--store", f"sqlite://{folder}"), f"process {other.pid} is writing")
    killed(other)
    assert cli("scan", plant, "--store", f"sqlite://{folder}").code == 0


def test_only_the_owner_reads_a_store(plant: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o755)
    before = os.umask(0)
    try:
        scanned(folder, plant)
    finally:
        os.umask(before)
    for path in (folder, *folder.rglob("*")):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


SECRETS = {
    "ftp": "Quokka-77-Lantern",
    "http": "Marmot-31-Gasket",
    "telnet": "Ibex-58-Rotor",
    "snmp": "Gecko-94-Bearing",
}
"""Secrets whose every form would be noticed."""


@pytest.fixture(scope="module")
def secret_capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from scapy.asn1.asn1 import ASN1_OID
    from scapy.layers.snmp import SNMP, SNMPget, SNMPvarbind

    from sentinel.demo.cast import Actor
    from sentinel.demo.wire import Wire

    wire = Wire()
    a, b = Actor("client", "10.9.0.1", "00:1b:1b:00:00:01"), Actor("server", "10.9.0.2", "00:80:f4:00:00:02")
    ftp = wire.tcp(1_000_000, a, b, 21)
    ftp.server(b"220 ready\r\n").client(b"USER ursula\r\n").server(b"331 password\r\n")
    ftp.client(f"PASS {SECRETS['ftp']}\r\n".encode()).server(b"230 logged in\r\n")
    basic = b64encode(f"ursula:{SECRETS['http']}".encode()).decode()
    http = wire.tcp(2_000_000, a, b, 80)
    http.client(f"GET /a HTTP/1.1\r\nHost: b\r\nAuthorization: Basic {basic}\r\n\r\n".encode())
    http.server(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    telnet = wire.tcp(3_000_000, a, b, 23)
    telnet.server(b"login: ").client(b"ursula\r\n").server(b"ursula\r\nPassword: ")
    telnet.client(f"{SECRETS['telnet']}\r\n".encode()).server(b"\r\nWelcome\r\n$ ")
    get = SNMPget(varbindlist=[SNMPvarbind(oid=ASN1_OID("1.3.6.1.2.1.1.1.0"))])
    wire.udp(4_000_000, a, b, 40000, 161, SNMP(community=SECRETS["snmp"], PDU=get))
    path = tmp_path_factory.mktemp("secrets") / "secrets.pcap"
    wire.write(path)
    return path


def test_secrets_are_nowhere_in_a_store(secret_capture: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    scanned(folder, secret_capture, events="all")
    store = at(folder)
    found = list(store.documents("credential"))
    assert {c["protocol"] for c in found} == set(SECRETS)
    assert all(re.fullmatch("[0-9a-f]{16,}", c["secret_id"]) for c in found)
    assert all("\u2022" in c["secret"] for c in found)
    with store.reader() as db:
        kept = b"".join(blob for (blob,) in db.execute("SELECT observations FROM runs"))
    said = json.dumps([*store.search(), *found], ensure_ascii=False).encode()
    everything = [zlib.decompress(kept), said, *(p.read_bytes() for p in folder.rglob("*") if p.is_file())]
    for protocol, secret in SECRETS.items():
        plain = secret.encode()
        forms = [
            plain,
            plain.hex().encode(),
            b64encode(plain).rstrip(b"="),
            plain.decode().encode("utf-16-le"),
        ]
        if protocol == "http":
            forms.append(b64encode(b"ursula:" + plain)[:30])
        for form in forms:
            assert all(form not in data for data in everything), protocol


FULL = """
set -e
mount -t tmpfs -o size=1m none "$1"
url="sqlite://$1/store"
"$0" -m sentinel scan "$2" --store "$url" --events all --format json >/dev/null 2>"$3" || echo "code $?"
mount -o remount,size=256m "$1"
"$0" -m sentinel store verify --store "$url" >/dev/null
"$0" -m sentinel scan "$2" --store "$url" --events all --format json >/dev/null
"$0" -m sentinel store info --store "$url" --format json
"""


def in_namespace(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    before = namespace()
    if not before:
        pytest.skip("unshare is not allowed here: no file system of its own can be mounted")
    return subprocess.run(
        [*before, "sh", "-c", script, sys.executable, *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_a_full_disk_loses_nothing(plant: Path, tmp_path: Path) -> None:
    disk, errors, clean = tmp_path / "disk", tmp_path / "errors", tmp_path / "clean"
    disk.mkdir()
    ran = in_namespace(FULL, disk, plant, errors)
    assert ran.returncode == 0, ran.stderr
    code, _, rest = ran.stdout.partition("\n")
    assert code == "code 1", errors.read_text()
    assert re.fullmatch(
        r"sentinel: [^\n]*store: [^\n]*full; free some space and scan again\n", errors.read_text()
    )
    scanned(clean, plant, events="all")
    assert json.loads(rest)["records"] == at(clean).counts()


READ_ONLY = """
set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
"$0" -m sentinel scan "$2" --store "sqlite://$1/new" || echo "code $?"
"$0" -m sentinel scan "$2" --store "sqlite://$1/store" || echo "code $?"
"""


def test_a_folder_that_cannot_be_written(plant: Path, tmp_path: Path) -> None:
    scanned(tmp_path / "store")
    ran = in_namespace(READ_ONLY, tmp_path, plant)
    assert ran.stdout == "code 1\ncode 1\n"
    new, there = ran.stderr.splitlines()
    assert new == f"sentinel: {tmp_path}/new: Read-only file system"
    assert there.startswith(f"sentinel: {tmp_path}/store")
