"""Scans add up: twice changes nothing, the order does not matter, a part is completed by scanning again."""

from __future__ import annotations

import json
import shutil
from itertools import combinations
from pathlib import Path

import pytest

from sentinel.errors import UserError
from sentinel.query import parse
from tests.store.conftest import at, known, records, renamed, scanned, start, tables, written


def test_scanning_twice_changes_nothing(plant: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    assert scanned(folder, plant).skipped == []
    before = tables(folder)
    assert scanned(folder, plant).skipped == [str(plant)]
    assert tables(folder) == before
    assert at(folder).verify() == []


def test_a_source_is_known_by_its_content(plant: Path, tmp_path: Path) -> None:
    folder, copy = tmp_path / "store", tmp_path / "copy.pcap"
    shutil.copy(plant, copy)
    assert scanned(folder, plant, copy).skipped == [str(copy)]
    before = tables(folder)
    assert scanned(folder, copy).skipped == [str(copy)]
    assert tables(folder) == before
    (source,) = at(folder).sources()
    packets = sum(c["packets"] for c in at(folder).documents("conversation"))
    assert packets == source["packets"] == len(records(plant.read_bytes()))


def test_again_replaces_and_gives_the_same(plant: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    scanned(folder, plant)
    before = known(folder)
    scanned(folder, plant, again=True)
    assert known(folder) == before


def test_another_site_is_another_network(plant: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    scanned(folder, plant)
    once = at(folder).counts()["asset"]
    assert scanned(folder, plant, site="north").skipped == []
    # a device that gives its serial number is the same one wherever it stands
    serials = sum(a["serial"] is not None for a in at(folder).documents("asset", parse("site = default")))
    assert 2 * once - serials <= at(folder).counts()["asset"] <= 2 * once
    assert at(folder).counts()["source"] == 2


def in_both_orders(tmp_path: Path, first: Path, second: Path) -> tuple[Path, Path]:
    """Two stores with the same key, filled in opposite orders."""
    folders = tmp_path / "forth", tmp_path / "back"
    for folder in folders:
        at_hand = scanned(folder)
        assert at_hand.sources == []
        (folder / "secret.key").write_bytes(bytes(range(32)))
    for folder, captures in zip(folders, ((first, second), (second, first)), strict=True):
        for capture in captures:
            scanned(folder, capture)
    return folders


def test_halves_in_either_order_give_the_same(plant: Path, tmp_path: Path) -> None:
    data = plant.read_bytes()
    frames = records(data)
    half = len(frames) // 2
    parts = tmp_path / "one.pcap", tmp_path / "two.pcap"
    for part, some in zip(parts, (frames[: half + 500], frames[half:]), strict=True):
        part.write_bytes(written(data, some))
    forth, back = in_both_orders(tmp_path, *parts)
    assert renamed(forth) == renamed(back)
    assert at(forth).sources() == at(back).sources()
    assert at(forth).counters() == at(back).counters()
    same = list(at(forth).search()), list(at(back).search())
    assert [e["event.id"] for e in same[0]] == [e["event.id"] for e in same[1]]


@pytest.mark.corpus
def test_captures_of_the_corpus_in_either_order(corpus: Path, tmp_path: Path) -> None:
    industrial = sorted((corpus / "ics-security-tools").rglob("*.pcap*"))
    chosen = [path for path in industrial if path.stat().st_size < 300_000][:: max(len(industrial) // 5, 1)]
    assert len(chosen) >= 3
    for number, (first, second) in enumerate(combinations(chosen[:4], 2)):
        folder = tmp_path / str(number)
        forth, back = in_both_orders(folder, first, second)
        assert renamed(forth) == renamed(back), (first.name, second.name)


def test_sources_scanned_together_are_scanned_again_together(plant: Path, tmp_path: Path) -> None:
    data = plant.read_bytes()
    frames = records(data)
    one, two = tmp_path / "one.pcap", tmp_path / "two.pcap"
    one.write_bytes(written(data, frames[:1000]))
    two.write_bytes(written(data, frames[1000:2000]))
    folder = tmp_path / "store"
    scanned(folder, one, two)
    before = known(folder)
    with pytest.raises(UserError, match=r"two\.pcap was scanned together .* name it too"):
        scanned(folder, one, again=True)
    assert known(folder) == before
    scanned(folder, two, one, again=True)
    assert known(folder) == before


STOPPED_SOON = """
import contextlib, os, signal
from sentinel import pipeline
from sentinel.cli import main, progress

@contextlib.contextmanager
def stopping():
    yield lambda p: os.kill(os.getpid(), signal.SIGINT) if p.packets > 5_000 else None

progress.progress = stopping
pipeline.STEP_SECONDS = 0.005
main()
"""
"""`sentinel` for which somebody presses Ctrl-C as soon as 5,000 packets are read."""


def test_ctrl_c_keeps_what_was_read_and_scanning_again_completes_it(
    long_plant: Path, clean: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "store"
    url = f"sqlite://{folder}"
    process = start("scan", long_plant, "--store", url, "--format", "json", program=("-c", STOPPED_SOON))
    out, err = process.communicate()
    assert (process.returncode, err) == (130, "")
    (source,) = at(folder).sources()
    assert source["partial"]
    assert 0 < source["packets"] < len(records(long_plant.read_bytes()))
    said = json.loads(out)
    assert said["sources"] == [source]
    assert len(said["assets"]) == at(folder).counts()["asset"] > 0
    assert at(folder).counts()["event"] > 0
    assert at(folder).verify() == []
    shutil.copy(clean / "secret.key", folder / "secret.key")
    assert scanned(folder, long_plant).skipped == []
    assert renamed(folder) == renamed(clean)
    assert [s["partial"] for s in at(folder).sources()] == [False]
    assert scanned(folder, long_plant).skipped == [str(long_plant)]


def test_rebuild_gives_the_same(plant: Path, tmp_path: Path) -> None:
    from sentinel import pipeline

    folder = tmp_path / "store"
    scanned(folder, plant)
    before = tables(folder)
    counts = pipeline.rebuild(at(folder))
    assert tables(folder) == before
    assert counts["assets"] == at(folder).counts()["asset"]
