"""docs/guides/ca.md: its commands are run as they stand there, one after the other, in one shell."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

GUIDE = ROOT / "docs" / "guides" / "ca.md"
MARK = "==== block"


def blocks() -> list[str]:
    """The guide's commands: the preparation, ten, and the end."""
    return re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


def ports() -> tuple[int, int]:
    """Two ports that are free now."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def run(folder: Path, given: list[str]) -> list[str]:
    """What each block printed, on standard output and error. Each must end with 0, and nothing is left."""
    for program in ("bash", "openssl", "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    programs = folder / "bin"
    programs.mkdir()
    (programs / "sentinel").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sentinel "$@"\n')
    (programs / "sentinel").chmod(0o755)
    https, http = ports()
    script = "set -euo pipefail\n" + "".join(f"{block}\necho '{MARK}'\n" for block in given)
    script = script.replace(":8443", f":{https}").replace(":8080", f":{http}")
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    python = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    shell = subprocess.Popen(
        ["bash", "-c", script], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        stdin=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "PATH": path, "PYTHONPATH": python, "COLUMNS": "120", "NO_PROXY": "127.0.0.1"},
    )  # fmt: skip
    try:
        said, _ = shell.communicate(timeout=150)
    finally:
        if shell.poll() is None:
            os.killpg(shell.pid, signal.SIGKILL)
            shell.communicate()
    assert shell.returncode == 0, said
    *out, rest = said.split(f"{MARK}\n")
    assert (len(out), rest) == (len(given), "")
    return out


def test_the_guide_is_ten_commands() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    numbers = re.findall(r"^\*\*(\d+)\. ", text, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 11)]
    assert len(blocks()) == 12


def test_each_command_does_what_the_guide_says(tmp_path: Path) -> None:
    said = run(tmp_path, blocks())
    assert said[0] == ""
    assert "plant-ca: ready" in said[1]
    pair = ("gateway.sign.pem", "gateway.sign.key", "gateway.enc.pem", "gateway.enc.enveloped.der")
    for name in pair:
        assert name in said[2]
        assert (tmp_path / name).is_file()
    assert '"https": ["127.0.0.1:' in said[3]
    assert (tmp_path / "plc-7.token").stat().st_mode & 0o077 == 0
    assert "BEGIN CERTIFICATE" in (tmp_path / "plc-7.pem").read_text()
    assert "revoked (keyCompromise, " in said[6]
    assert "plc-7.pem: revoked" in said[7]
    assert "Reason: keyCompromise" in said[7]
    serial = said[6].split()[0].upper()
    assert f"Serial Number: {serial}" in said[8]
    assert "Key Compromise" in said[8]
    assert "the audit is whole" in said[10]
    assert not (tmp_path / "ready.json").exists(), "the server has not ended in order"


def test_openssl_checks_the_answers_of_a_ca_in_p256(tmp_path: Path) -> None:
    """The section on OpenSSL: with P-256 nothing is left unchecked."""
    trust = "-CAfile plant-ca/public/chain.pem"
    parts = blocks()
    parts[1] = parts[1].replace("ca init", "ca init --algorithm p256")
    parts[7] = parts[7].replace("-noverify", trust)
    parts[8] = parts[8].replace("openssl crl", f"openssl crl {trust}")
    said = run(tmp_path, [*parts[:2], *parts[3:]])
    assert "Response verify OK" in said[6]
    assert "plc-7.pem: revoked" in said[6]
    assert "verify OK" in said[7]
    assert "the audit is whole" in said[9]
