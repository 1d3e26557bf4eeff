"""The journal against a model: cut at any octet, it gives back what waited, and never what is none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.collector.forward.journal import Journal
from sentinel.collector.forward.message import Item
from sentinel.errors import UserError


def item(n: int) -> Item:
    kind = "chain" if n % 3 == 0 else "alert"
    name = "id" if kind == "chain" else "event.id"
    return Item(
        n,
        "chain" if n % 3 == 0 else "alert",
        str(n),
        json.dumps({name: str(n), "x": "y" * (n % 50)}).encode(),
    )


steps = st.lists(
    st.tuples(st.just("put"), st.integers(1, 5))
    | st.tuples(st.just("done"), st.sets(st.integers(0, 30), max_size=6))
    | st.tuples(st.just("rewrite"), st.integers(0, 3))
    | st.tuples(st.just("reopen"), st.just(0)),
    max_size=25,
)


@given(steps, st.floats(0, 1))
def test_like_its_model(made: list[tuple[str, object]], cut: float) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.journal"
        journal = Journal(path)
        waiting: dict[int, Item] = {}
        last = 0
        sizes: list[tuple[int, set[int]]] = [(0, set())]
        for step, value in made:
            if step == "put":
                assert isinstance(value, int)
                new = [item(last + n + 1) for n in range(value)]
                last += value
                assert journal.put(new)
                waiting |= {one.number: one for one in new}
            elif step == "done":
                assert isinstance(value, set)
                gone = sorted(waiting)[:: max(1, len(value))] if value else []
                assert journal.done(gone)
                for number in gone:
                    del waiting[number]
            elif step == "rewrite":
                since = journal.size
                new_file = journal.rewritten(waiting.values())
                assert isinstance(value, int)
                meanwhile = [item(last + n + 1) for n in range(value)]
                last += value
                if meanwhile:
                    assert journal.put(meanwhile)
                journal.take_over(new_file, since)
                waiting |= {one.number: one for one in meanwhile}
                sizes = []
            else:
                journal.close()
                journal = Journal(path)
                assert journal.waiting == [waiting[n] for n in sorted(waiting)]
                assert journal.last == last
            assert journal.size == path.stat().st_size
            sizes.append((journal.size, set(waiting)))
        journal.close()
        # the process is killed while it writes: what was whole before is there
        at = int(cut * path.stat().st_size)
        os.truncate(path, at)
        with Journal(path) as again:
            assert again.size <= at
            if (whole := [held for size, held in sizes if size == again.size]) and sizes[0][0] <= at:
                assert {one.number for one in again.waiting} in whole


@given(st.binary(max_size=200))
def test_a_foreign_file_is_emptied_not_believed(text: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.journal"
        path.write_bytes(text)
        with Journal(path) as journal:
            assert journal.waiting == []
            assert journal.put([item(1)])
        with Journal(path) as journal:
            assert [one.number for one in journal.waiting] == [1]


def test_a_full_disk_leaves_no_half_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "x.journal")
    assert journal.put([item(1)])
    size, whole = journal.size, os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, text, at: whole(fd, text[: len(text) // 2], at))
    assert not journal.put([item(2)])
    monkeypatch.setattr(os, "pwrite", whole)
    assert journal.size == size == journal.path.stat().st_size
    assert journal.put([item(4)])
    journal.close()
    with Journal(tmp_path / "x.journal") as again:
        assert [one.number for one in again.waiting] == [1, 4]


def test_files_are_private_and_faults_are_named(tmp_path: Path) -> None:
    with Journal(tmp_path / "a" / "x.journal") as journal:
        assert journal.path.stat().st_mode & 0o777 == 0o600
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        Journal(tmp_path / "file" / "x.journal")
