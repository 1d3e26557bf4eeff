"""`sentinel ca serve` as a process: ready file, signals, and the order of disk and answer."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sentinel.ca import founding
from sentinel.ca.authority import Authority
from sentinel.ca.keys import generate
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.serve import tokens
from tests.ca.serve.made import context, csr_pem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A CA, and a file with the passphrase of its issuing key alone."""
    secret = Passphrases(
        named={"root": "the root's own", "issuing": "the other", "audit": "the other"}, common="the other"
    )
    founding.found(tmp_path / "ca", founding.Plan("Works", "p256"), secret)
    (tmp_path / "passphrase").write_text("the other\n")
    (tmp_path / "ca" / "keys" / "root.pem").unlink()
    return tmp_path


@contextmanager
def serving(folder: Path, *before: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    ready = folder / "ready"
    server = subprocess.Popen(
        [
            *before, sys.executable, "-m", "sentinel", "ca", "serve", "--dir", folder / "ca", "--listen", "127.0.0.1:0",
            "--plain", "127.0.0.1:0", "--ready-file", ready, "--passphrase-file", folder / "passphrase",
        ],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while not ready.exists():
            assert server.poll() is None, server.stderr and server.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.05)
        yield server, json.loads(ready.read_text())
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)


def made_tokens(folder: Path, count: int) -> list[str]:
    with Authority.open(folder / "ca") as authority, authority.register.transaction() as change:
        return [
            tokens.make(change, kind="enrol", name=f"d{n}", by="t", days=1, profile="tls-client")[0]
            for n in range(count)
        ]


def issue(folder: Path, places: dict[str, Any], given: list[str]) -> None:
    """Certificates one after the other on one connection."""
    host, _, port = places["https"][0].partition(":")
    client = http.client.HTTPSConnection(
        host, int(port), context=context(folder / "ca" / "public" / "tls.pem"), timeout=60
    )
    for number, token in enumerate(given):
        body = json.dumps({"csr": csr_pem(generate("p256"), f"CN=d{number}"), "profile": "tls-client"})
        client.request("POST", "/v1/certificates", body, {"authorization": f"Bearer {token}"})
        answer = client.getresponse()
        assert answer.status == 201, answer.read()
        answer.read()
    client.close()


def test_from_start_to_signal(folder: Path) -> None:
    """Without the root's key and its passphrase; ends by SIGTERM with 0 and leaves no ready file."""
    given = made_tokens(folder, 2)
    with serving(folder) as (server, places):
        issue(folder, places, given)
        server.send_signal(signal.SIGTERM)
        _, said = server.communicate(timeout=60)
        assert server.returncode == 0, said
        assert "listening" in said
        assert not any(token in said for token in given)
    assert not (folder / "ready").exists()


def test_an_address_that_is_taken(folder: Path) -> None:
    with serving(folder) as (_, places):
        done = subprocess.run(
            [
                sys.executable, "-m", "sentinel", "ca", "serve", "--dir", folder / "ca", "--listen", places["https"][0],
                "--passphrase-file", folder / "passphrase",
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"cannot listen on {places['https'][0]}" in done.stderr.splitlines()[-1]


def started(folder: Path) -> subprocess.CompletedProcess[str]:
    """A server that is expected to end by itself."""
    return subprocess.run(
        [
            sys.executable, "-m", "sentinel", "ca", "serve", "--dir", folder / "ca", "--listen", "127.0.0.1:0",
            "--passphrase-file", folder / "passphrase",
        ],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("register.db", b"no database"),
        ("register.db", b"SQLite format 3\0" + bytes(4096)),
        ("ca.toml", b"\xff\xfe"),
        ("public/chain.pem", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
        ("keys/issuing.pem", b"\0" * 40),
        ("keys/audit.pem", b"no key"),
        ("public/tls.pem", None),
    ],
)
def test_what_keeps_it_from_starting_is_one_line(folder: Path, name: str, octets: bytes | None) -> None:
    place = folder / "ca" / name
    place.unlink(missing_ok=True)
    if octets is None:
        (place / "in the way").mkdir(parents=True)
    else:
        place.write_bytes(octets)
        place.chmod(0o600)
    done = started(folder)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("sentinel: ")


def test_a_fault_of_the_program_is_one_line_too(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    from sentinel.cli.ca.serve import serve
    from sentinel.errors import UserError

    def broken(*_: object) -> None:
        raise RuntimeError("of no\nkind that is known")

    monkeypatch.setattr("sentinel.ca.serve.start.started", broken)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with pytest.raises(UserError, match="cannot start: RuntimeError: of no kind that is known"):
        serve("127.0.0.1:0", dir=folder / "ca", passphrase_file=folder / "passphrase")
    # what this process starts would be deaf to Ctrl-C otherwise
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == blocked


def test_a_responder_that_cannot_be_opened_is_told(folder: Path) -> None:
    """It serves all the same; with the file away there is a new responder."""
    responder = folder / "ca" / "keys" / "ocsp.pem"
    with serving(folder) as (server, _):
        server.send_signal(signal.SIGTERM)
        assert "OCSP is not answered" not in server.communicate(timeout=60)[1]
    key, rest = responder.read_bytes().split(b"-----BEGIN CERTIFICATE-----")
    from sentinel.ca.keys.files import key_pem, read_key

    opened = read_key(responder, b"the other")
    responder.write_bytes(key_pem(opened, b"another one") + b"-----BEGIN CERTIFICATE-----" + rest)
    assert key
    with serving(folder) as (server, _):
        server.send_signal(signal.SIGTERM)
        said = server.communicate(timeout=60)[1]
    [line] = [line for line in said.splitlines() if "OCSP" in line]
    assert "OCSP is not answered" in line
    assert "ocsp.pem" in line
    assert "a line `ocsp: ...` of the passphrase file" in line


def test_on_the_disk_before_the_answer(folder: Path, strace: str) -> None:
    """System calls in their order: between a request's octets and the answer's the register is synced."""
    given = made_tokens(folder, 8)
    trace = folder / "trace"
    calls = "trace=fsync,fdatasync,recvfrom,read,readv,sendto,write,writev,pwrite64"
    with serving(folder, strace, "-D", "-f", "-yy", "-s", "0", "-e", calls, "-o", str(trace)) as (_, places):
        issue(folder, places, given)
    port = places["https"][0].rpartition(":")[2]
    answers = 0
    synced = False
    begun: dict[str, tuple[str, str, bool]] = {}
    for line in trace.read_text().splitlines():
        process, _, rest = line.partition(" ")
        found = _CALL.match(rest.strip())
        if found is not None:
            begun[process] = found[1], found[2] or "", synced
        done = _DONE.search(line)
        if done is None or process not in begun:
            continue
        call, place, before = begun.pop(process)
        on_wire, size = f"127.0.0.1:{port}->" in place, int(done[1])
        if call in ("fsync", "fdatasync") and "register.db-wal" in place:
            synced = True
        elif on_wire and call in ("recvfrom", "read", "readv") and size > 400:
            synced = False  # a request: what was synced before it is not its certificate
        elif on_wire and call in ("sendto", "write", "writev") and size > 700:
            answers += 1
            assert before or answers <= HANDSHAKES, line
    assert answers == len(given) + HANDSHAKES


_CALL = re.compile(r"(\w+)\(\d+(?:<(.*?)>)?[,) ]")
_DONE = re.compile(r"= (\d+)(?: .*)?$")
HANDSHAKES = 1
"""Answers of this size that are no certificate: the server's own in the handshake."""
