"""The daemon's checkpoint: whole or not at all, one holder, the one before it where the newest is damaged."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.collector.checkpoint import NAME, OLD, Checkpoint, StateFolder
from sentinel.errors import UserError


def made(number: int, rules: bytes = b"", flows: bytes = b"", positions: bytes = b"") -> Checkpoint:
    time = "2026-01-01T00:00:00.000000Z"
    return Checkpoint(
        site="s", sensor="a", time=time, number=number, rules=rules, flows=flows, positions=positions
    )


def test_what_was_saved_is_there(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    folder.acquire()
    try:
        assert folder.load() == (None, [])
        first = made(1, flows=b"\x00f", rules=b"r", positions=b"p")
        size = folder.save(first)
        assert folder.load() == (first, [])
        path = folder.path / NAME
        assert path.stat().st_size == size + 40
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    finally:
        folder.release()


@given(at=st.integers(0, 10_000), value=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_one_is_told_and_the_one_before_is_taken(
    tmp_path_factory: pytest.TempPathFactory, at: int, value: int, cut: bool
) -> None:
    folder = StateFolder(tmp_path_factory.mktemp("state"))
    folder.save(made(1, rules=b"x" * 300))
    folder.save(made(2, rules=b"y" * 300))
    path = folder.path / NAME
    raw = bytearray(path.read_bytes())
    at %= len(raw)
    if cut:
        raw = raw[:at]
    else:
        raw[at] = value
    same = bytes(raw) == path.read_bytes()
    path.write_bytes(raw)
    found, wrong = folder.load()
    assert found is not None
    if same:
        assert (found.number, wrong) == (2, [])
    else:
        assert found.number == 1
        assert len(wrong) == 1
        assert str(path) in wrong[0]


def test_a_part_that_was_never_finished_changes_nothing(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.save(made(1))
    (tmp_path / f"{NAME}.part").write_bytes(b"half")
    (tmp_path / NAME).replace(tmp_path / OLD)  # killed between the two renames
    found, wrong = folder.load()
    assert found is not None
    assert (found.number, wrong) == (1, [])


def test_one_process_holds_it(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    folder.acquire()
    try:
        code = (
            "from pathlib import Path; from sentinel.collector.checkpoint import StateFolder;"
            f"StateFolder(Path({str(folder.path)!r})).acquire()"
        )
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert other.returncode != 0
        assert f"process {os.getpid()} collects here" in other.stderr
        assert StateFolder(folder.path).holder() == os.getpid()
    finally:
        folder.release()
    assert StateFolder(folder.path).holder() is None


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    with pytest.raises(UserError, match=r"file.*collect\.state"):
        StateFolder(tmp_path / "file" / "state").acquire()
