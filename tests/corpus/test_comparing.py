"""The comparison itself: what is equal, what differs in a field, what one side has alone."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.corpus.comparing import WHOLE, Compared, Difference, Log, Row, compare, read_log
from tests.corpus.reading import frame

LOG = Log(path="x/y.log", trace="", columns=("id", "a", "b"), key=("id",), ours=lambda _: [])


def _compared(theirs: Sequence[tuple[str, ...]], ours: Sequence[tuple[str, ...]]) -> Compared:
    def row(values: tuple[str, ...]) -> Row:
        return dict(zip(LOG.columns, values, strict=True))

    return compare([row(values) for values in theirs], [(n, row(v)) for n, v in enumerate(ours, 1)], LOG)


def test_equal_in_any_order() -> None:
    rows = [("1", "x", "y"), ("1", "x", "y"), ("2", "x", "z")]
    result = _compared(rows, rows[::-1])
    assert (result.agreed, result.differences) == (3, [])


def test_a_field() -> None:
    result = _compared([("1", "x", "y"), ("1", "x", "z")], [("1", "x", "y"), ("1", "x", "q")])
    assert result.agreed == 1
    assert result.differences == [Difference(2, "b", "z", "q")]


def test_missing_and_extra() -> None:
    result = _compared([("1", "x", "y"), ("1", "x", "y")], [("1", "x", "y"), ("2", "x", "y")])
    assert (result.agreed, result.missing, result.extra) == (1, 1, 1)
    assert result.differences == [Difference(2, WHOLE, None, "2 x y"), Difference(0, WHOLE, "1 x y", None)]


def test_reads_a_log(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("#separator \\x09\n#fields\tid\ta\n1\t-\n#close\n")
    assert read_log(path) == [{"id": "1", "a": None}]
    path.write_text("1\t2\t3\n")
    with pytest.raises(ValueError, match="3 values for 2 fields"):
        read_log(path, ("id", "a"))


def test_reads_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    records = b"".join(struct.pack("<IIII", 0, 0, len(data), len(data)) + data for data in (b"one", b"two"))
    path.write_bytes(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + records)
    assert frame(path, 2) == b"two"
    with pytest.raises(ValueError, match="no frame 3"):
        frame(path, 3)
