"""A scan's output does not depend on how the work is divided, nor on the order of its arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from tests.conftest import Ran
from tests.corpus.files import captures

pytestmark = pytest.mark.corpus

Scanned = Callable[..., bytes]

DIVISIONS = ((1, 1), (2, 1), (3, 7), (2, 4096))
"""Workers and packets in a batch, to be held against one worker and batches of 4096."""


@pytest.fixture
def scanned(cli: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scanned:
    """Runs `sentinel scan --format ndjson` with a given native batch size and gives what it wrote."""
    from sentinel import _native

    native = _native.Scan

    def run(files: list[Path], events: str = "all", workers: int = 1, batch: int = 4096) -> bytes:
        monkeypatch.setattr(_native, "Scan", partial(native, batch=batch))
        out = tmp_path / "out.ndjson"
        ran = cli(
            "scan",
            *files,
            "--format",
            "ndjson",
            "--events",
            events,
            "--workers",
            str(workers),
            "--output",
            out,
        )
        assert ran.code in (0, 1), ran.err
        return out.read_bytes()

    return run


def first_difference(one: bytes, other: bytes) -> str:
    for number, (a, b) in enumerate(zip(one.splitlines(), other.splitlines(), strict=False), 1):
        if a != b:
            return f"line {number}:\n{a[:600]!r}\n{b[:600]!r}"
    return f"{len(one)} and {len(other)} bytes"


@pytest.mark.parametrize("events", ["all", "notable"])
def test_any_number_of_workers_and_any_batch_size(corpus: Path, scanned: Scanned, events: str) -> None:
    files = captures(corpus)
    assert len(files) > 1000
    expected = scanned(files, events)
    assert expected.count(b"\n") > 10_000
    for workers, batch in DIVISIONS:
        got = scanned(files, events, workers, batch)
        assert sha256(got).digest() == sha256(expected).digest(), (
            f"{workers} workers, batches of {batch}: {first_difference(expected, got)}"
        )


def test_each_file_alone(corpus: Path, scanned: Scanned) -> None:
    files = captures(corpus)
    sample = Random(2).sample([f for f in files if f.stat().st_size < 2_000_000], 40)
    for file in sample:
        expected = scanned([file])
        for workers, batch in ((3, 1), (2, 7)):
            got = scanned([file], "all", workers, batch)
            assert got == expected, f"{file}: {first_difference(expected, got)}"


def test_the_order_of_the_arguments_changes_nothing(corpus: Path, scanned: Scanned) -> None:
    files = captures(corpus)
    shuffled = files[:]
    Random(3).shuffle(shuffled)
    one, other = scanned(files), scanned(shuffled)
    assert one == other, first_difference(one, other)
