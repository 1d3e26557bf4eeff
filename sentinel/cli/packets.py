"""Packets that were kept, on the terminal: printed by tshark, where it is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.sources.evidence import Pointer


CUT = 2
"""tshark's exit code for a file that a crash cut; it printed what is before the cut, and says so."""


def show(pointers: Iterable[Pointer]) -> None:
    """Have tshark print packets, file by file. Raises `UserError` where it cannot."""
    from sentinel.report.table import safe

    program = shutil.which("tshark")
    for pointer in pointers:
        if program is None:
            raise UserError(
                f"tshark is not there to show packets: install it, or open {pointer.file} elsewhere, "
                f"packets {pointer.numbers()}"
            )
        sys.stdout.write(f"{pointer.file}: {safe(pointer.comment, 1000).plain}\n")
        sys.stdout.flush()
        these = f"frame.number in {{{pointer.numbers('..')}}}"
        done = subprocess.run([program, "-n", "-r", str(pointer.file), "-Y", these], check=False)
        if done.returncode not in (0, CUT):
            raise UserError(f"{pointer.file}: tshark did not read it (exit code {done.returncode})")
