"""What only looks at a CA loads no cryptography: `list`, `search` and `show` answer in half a second."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RUN = """
import sys
from sentinel.cli import main
try:
    main()
finally:
    heavy = [name for name in sys.modules if name.partition(".")[0] in ("cryptography", "pkcs11")]
    sys.stderr.write("heavy: " + " ".join(heavy))
"""


@pytest.mark.parametrize("command", [["list"], ["search", "Plant"], ["show", "issuing"]])
def test_no_cryptography(ca: Callable[[str], Path], command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, "ca", *command, "--dir", ca("sm2")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "issuing" in done.stdout.lower()
    assert done.stderr == "heavy: "
