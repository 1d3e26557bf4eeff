"""docs/guides/v2x.md: its commands are run as they stand there, and the verdicts are what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

GUIDE = ROOT / "docs" / "guides" / "v2x.md"
MARK = "==== block"


def test_two_domains(tmp_path: Path) -> None:
    for program in ("bash", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "sentinel").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sentinel "$@"\n')
    (programs / "sentinel").chmod(0o755)
    script = "set -euo pipefail\n" + "".join(f"{block}\necho '{MARK}'\n" for block in blocks)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=400,
        stdin=subprocess.DEVNULL,
        env={
            **os.environ,
            "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        },
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.split(f"{MARK}\n")
    verdicts = [
        [json.loads(line)["reason"] for line in block.splitlines() if line.startswith("{")] for block in said
    ]
    assert [reasons for reasons in verdicts if reasons] == [
        ["untrusted-chain"],
        ["ok"],
        ["untrusted-chain"],
        ["ok", "revoked"],
    ]
