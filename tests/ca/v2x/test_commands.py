"""The commands: files that outside tests rely on, exit codes, and signatures that hold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sentinel import _native
from tests.ca.v2x.made import PROFILES

ROLES = ("root", "eca", "aca", "ra", "la1", "la2", "ma", "lm")


def run(*words: object, code: int = 0) -> Any:
    """A command's JSON, or what it says on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "sentinel", "v2x", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout) if code == 0 and done.stdout.startswith(("{", "[")) else done.stderr


@pytest.mark.parametrize("profile", PROFILES)
def test_from_init_to_a_signed_message(tmp_path: Path, profile: str) -> None:
    words = tmp_path / "passphrase"
    words.write_text("a passphrase for tests\n")
    dir, obu = tmp_path / "pki", tmp_path / "obu"
    ca = ("--dir", dir, "--passphrase-file", words)
    told = run("init", "--profile", profile, "--name", "Town", "--region", 156, *ca, "--format", "json")
    assert {one["role"] for one in told["roles"]} == {*ROLES, "app"}
    for role in ROLES:
        assert (dir / role).stat().st_mode & 0o77 == 0
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in (dir / role / "keys").iterdir())
    root = (dir / "public" / "root.oer").read_bytes()
    assert _native.v2x_verify_certificate(profile, root) is None
    for role in ("eca", "aca"):
        below = (dir / "public" / f"{role}.oer").read_bytes()
        assert _native.v2x_verify_certificate(profile, below, root) is None
    lm = (dir / "public" / "lm.oer").read_bytes()
    listed = _native.v2x_verify_structure(profile, "RootCtl", (dir / "public" / "trust.oer").read_bytes(), lm)
    assert len(listed["toBeSignedRootCtl"]["pkiCtlInfoList"]) == 1
    assert "not an empty folder" in run("init", "--name", "Again", *ca, code=1)

    run("enrol", "--vehicle", "V-1", "--out", obu, *ca)
    issued = run(
        *("issue", "--station", obu, "--type", "application", "--aid", "3625:0102", "--aid", 7, "--hours", 5),
        *("--circle", "31.2,121.5,900", *ca, "--format", "json"),
    )
    [row] = issued
    assert row["aids"] == [7, 3625]
    certificate = Path(row["file"]).read_bytes()
    app = (dir / "public" / "app.oer").read_bytes()
    assert _native.v2x_verify_certificate(profile, certificate, app) is None

    payload, message = tmp_path / "payload", tmp_path / "message.oer"
    payload.write_bytes(b"slow down")
    signing = ("sign", "--station", obu, "--payload", payload)
    run(*signing, "--aid", 7, "--out", message, "--with-cert")
    found = _native.v2x_message(profile, message.read_bytes())
    assert (found["payload"], found["psid"]) == (b"slow down", 7)
    assert found["certificates"] == [certificate]
    assert _native.v2x_verify(profile, message.read_bytes(), certificate) is None
    assert "is there already" in run(*signing, "--aid", 7, "--out", message, code=1)
    said = run(*signing, "--aid", 9, "--out", tmp_path / "other.oer")
    assert "no certificate is for application 9" in said
    decoded = run("decode", message)
    assert (decoded["structure"], decoded["profile"]) == ("Data", profile)
    shown = run("show", "--dir", dir, row["hashed_id8"], "--format", "json")
    assert (shown["role"], shown["state"]) == ("app", "valid")
