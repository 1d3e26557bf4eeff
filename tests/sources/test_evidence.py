"""Packets that were kept: what is in the files, what points at them, and what bounds them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sentinel.config.sections import EvidenceSettings
from sentinel.demo.cast import MODICON, S7
from sentinel.errors import UserError
from sentinel.sources.evidence import Keeper, Pointer, find
from tests.conftest import Ran

FIELDS = ("frame.number", "frame.time_epoch", "frame.len", "frame.cap_len", "frame.comment")

Row = dict[str, str]


def rows(tshark: str, capture: Path, shown: str = "") -> list[Row]:
    """What tshark reads of each packet, with its octets."""
    fields = [part for name in FIELDS for part in ("-e", name)]
    command = [tshark, "-n", "-r", str(capture), "-T", "fields", "-E", "separator=\t", *fields]
    command += ["-Y", shown] if shown else []
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0 or "cut short" in done.stderr, done.stderr
    return [dict(zip(FIELDS, line.split("\t"), strict=False)) for line in done.stdout.splitlines()]


def packets(capture: Path) -> list[tuple[float, bytes]]:
    """Time and octets of each packet, by scapy."""
    rdpcap = pytest.importorskip("scapy.utils").rdpcap
    return [(float(p.time), bytes(p)) for p in rdpcap(str(capture))]


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo plant's capture."""
    pytest.importorskip("scapy")
    from sentinel.demo.plant import build

    path = tmp_path_factory.mktemp("plant") / "plant.pcap"
    build(path)
    return path


@pytest.fixture(scope="module")
def scanned(plant: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Any]:
    """Folder of evidence, store and outcome of a scan of the plant."""
    from sentinel.cli.scan import Format, run_scan

    base = tmp_path_factory.mktemp("scanned")
    told, settings = base / "told.json", EvidenceSettings(folder=base / "evidence")
    url = f"sqlite://{base / 'store'}"
    assert run_scan([str(plant)], format=Format.JSON, output=told, store=url, evidence=settings) == 0
    return base / "evidence", url, json.loads(told.read_bytes())


@pytest.fixture
def kept(
    plant: Path, scanned: tuple[Path, str, Any], cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> Kept:
    """The plant scanned into a store, with its evidence."""
    monkeypatch.setenv("COLUMNS", "300")
    return Kept(plant, *scanned, cli)


class Kept:
    """A scan with its folder of evidence."""

    def __init__(self, plant: Path, folder: Path, url: str, told: Any, cli: Callable[..., Ran]) -> None:
        self.plant, self.folder, self.url, self.told, self._cli = plant, folder, url, told, cli

    def run(self, *arguments: str) -> Ran:
        """A command on the store."""
        return self._cli(*arguments, "--store", self.url)

    def numbers(self, pointer: Pointer) -> list[int]:
        """Packet numbers of a pointer."""
        return [n for first, last in pointer.packets for n in range(first, last + 1)]


def test_every_packet_that_is_kept_is_one_of_the_capture(kept: Kept) -> None:
    source = {(f"{time:.6f}", octets) for time, octets in packets(kept.plant)}
    files = sorted(kept.folder.glob("*.pcapng"))
    assert files
    count = 0
    for file in files:
        got = [(f"{time:.6f}", octets) for time, octets in packets(file)]
        assert set(got) <= source
        assert len(set(got)) == len(got), "a packet stands in a file once"
        count += len(got)
    assert count == kept.told["limits"]["evidence_packets"]


def test_alerts_log_ins_and_operations_point_at_their_packets(kept: Kept, tshark: str) -> None:
    pointers = find([kept.folder], addresses=[c["server"]["ip"] for c in kept.told["credentials"]])
    assert {p.proves for p in pointers} >= {"credential", "operation"}
    told = {int(row["frame.number"]): row for row in rows(tshark, pointers[0].file)}
    for alert in kept.told["alerts"]:
        own = find([kept.folder], ids=[alert["event.id"]])
        if not (alert.get("source.ip") and alert.get("destination.ip")):
            continue
        assert own, alert["rule.name"]
        assert all(pointer.proves == "alert" for pointer in own)
        # the comment with the id stands in the file; the packets are of both ends of the alert
        assert alert["event.id"].encode() in own[0].file.read_bytes()
        assert set(kept.numbers(own[0])) <= set(told)
    commented = [row["frame.comment"] for row in told.values() if row.get("frame.comment")]
    assert any(text.startswith("operation ") and "plant.pcap" in text for text in commented)
    assert any(text.startswith("credential ") for text in commented)


def test_around_the_moment_and_of_both_ends(kept: Kept, tshark: str) -> None:
    looked = 0
    for alert in kept.told["alerts"]:
        a, b = alert.get("source.ip"), alert.get("destination.ip")
        own = find([kept.folder], ids=[alert["event.id"]])
        if looked == 5 or not (a and b and len(own) == 1):
            continue
        looked += 1
        # all that the two said from 10 s before to 5 s after, and nobody else; frames without IP between
        # the same hardware addresses are theirs too
        between = f"ip.addr == {a} and ip.addr == {b}"
        mine = {int(row["frame.number"]) for row in rows(tshark, own[0].file, between)}
        other = set(kept.numbers(own[0])) - mine
        assert not other & {int(row["frame.number"]) for row in rows(tshark, own[0].file, "ip")}
        at = datetime.fromisoformat(alert["@timestamp"]).timestamp()
        span = f"frame.time_epoch >= {at - 10:.6f} and frame.time_epoch <= {at + 5:.6f}"
        assert len(rows(tshark, kept.plant, f"{between} and {span}")) == len(set(kept.numbers(own[0])) & mine)
    assert looked == 5


def test_pages_show_where_the_packets_are(kept: Kept, tshark: str) -> None:
    alert = next(
        a for a in kept.told["alerts"] if a.get("destination.ip") and find([kept.folder], ids=[a["event.id"]])
    )
    place = str(find([kept.folder], ids=[alert["event.id"]])[0])
    assert f"{kept.folder.name}/" in place
    assert "packets" in place
    assert place in kept.run("alerts", "show", alert["event.id"]).out
    document = json.loads(kept.run("alerts", "show", alert["event.id"], "-f", "json").out)
    assert document["packets"][0]["packets"][0][0] >= 1
    address = alert["destination.ip"]
    assert "evidence: " in kept.run("assets", "show", address, "--evidence").out
    assert json.loads(kept.run("assets", "show", address, "--evidence", "-f", "json").out)["packets"]
    assert "evidence: " not in kept.run("assets", "show", address).out
    printed = subprocess.run(
        [
            sys.executable,
            "-m",
            "sentinel",
            "alerts",
            "show",
            alert["event.id"],
            "--packets",
            "--store",
            kept.url,
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert alert["event.id"] in printed.stdout
    assert address in printed.stdout


def test_without_tshark_the_place_is_said(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    alert = next(a for a in kept.told["alerts"] if find([kept.folder], ids=[a["event.id"]]))
    monkeypatch.setattr("shutil.which", lambda _: None)
    ran = kept.run("alerts", "show", alert["event.id"], "--packets")
    assert ran.code == 1
    assert "tshark is not there" in ran.err
    assert str(kept.folder) in ran.err
    monkeypatch.setattr("sentinel.cli.alerts.folders", lambda _: [])
    assert "no packets of it were kept" in kept.run("alerts", "show", alert["event.id"], "--packets").err


def test_any_number_of_workers_keeps_the_same(plant: Path, tmp_path: Path, cli: Callable[..., Ran]) -> None:
    def numbers(name: str, *more: str) -> dict[str, tuple[tuple[int, int], ...]]:
        folder = tmp_path / name
        assert cli("scan", str(plant), "--evidence", str(folder), "-f", "json", *more).code == 0
        index = [
            json.loads(line) for file in folder.glob("*.ndjson") for line in file.read_text().splitlines()
        ]
        return {entry["id"]: tuple(map(tuple, entry["packets"])) for entry in index}

    one, four = numbers("one"), numbers("four", "--workers", "4")
    assert one.keys() == four.keys()
    assert {id: sum(b - a + 1 for a, b in runs) for id, runs in one.items()} == {
        id: sum(b - a + 1 for a, b in runs) for id, runs in four.items()
    }


def test_the_folder_stays_within_its_bound(plant: Path, tmp_path: Path) -> None:
    from sentinel import pipeline

    folder = tmp_path / "small"
    settings = EvidenceSettings(folder=folder, bytes=1 << 20, before=600, after=600)
    options = pipeline.Options(events="notable", evidence=settings)
    sizes = []
    for _ in range(4):
        result = pipeline.scan([str(plant)], options)
        assert result.errors == []
        sizes.append(sum(file.stat().st_size for file in folder.iterdir()))
    assert max(sizes) <= 1 << 20
    assert result.counted["evidence_deleted"] > 0
    assert sizes[-1] > 1 << 19
    # what is left is whole: every pointer leads to packets that are there
    there = {file: len(packets(file)) for file in folder.glob("*.pcapng")}
    for pointer in find([folder], addresses=[a.ip for a in (MODICON, S7)]):
        assert pointer.packets[-1][1] <= there[pointer.file]


def test_one_process_has_a_folder(tmp_path: Path) -> None:
    keeper = Keeper(EvidenceSettings(folder=tmp_path / "e"))
    with pytest.raises(UserError, match="another process keeps evidence there"):
        Keeper(EvidenceSettings(folder=tmp_path / "e"))
    del keeper
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file: evidence cannot be kept there"):
        Keeper(EvidenceSettings(folder=tmp_path / "file"))


KEEP_ON = """
import sys
from pathlib import Path
from sentinel import pipeline
from sentinel.config.sections import EvidenceSettings
evidence = EvidenceSettings(folder=Path(sys.argv[2]))
while True:
    pipeline.scan([sys.argv[1]], pipeline.Options(events="notable", evidence=evidence))
"""


def test_a_process_that_is_killed_leaves_files_that_can_be_read(
    plant: Path, tmp_path: Path, tshark: str
) -> None:
    folder = tmp_path / "evidence"
    for round in range(2):
        before = size(folder)
        process = subprocess.Popen([sys.executable, "-c", KEEP_ON, str(plant), str(folder)])
        try:
            deadline = time.monotonic() + 60
            while size(folder) <= before and time.monotonic() < deadline:
                assert process.poll() is None
                os.sched_yield()
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert size(folder) > before, round
    assert len(list(folder.glob("*.pcapng"))) >= 2
    there = {file: len(rows(tshark, file)) for file in folder.glob("*.pcapng")}
    for pointer in find([folder], addresses=[a.ip for a in (MODICON, S7)]):
        assert pointer.packets[-1][1] <= there[pointer.file]
    # a file that was cut in a block is read up to the cut, and is no error for a scan
    last = max(folder.glob("*.pcapng"))
    last.write_bytes(last.read_bytes()[:-10])
    from sentinel import pipeline

    (source,) = pipeline.scan([str(last)], pipeline.Options()).sources
    assert source["cut"]
    assert source["packets"] > 0


def size(folder: Path) -> int:
    """Bytes of all captures of a folder."""
    return sum(file.stat().st_size for file in folder.glob("*.pcapng"))


def test_a_damaged_index_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "2026-01-01T00-00-00Z-000001.pcapng").write_bytes(b"")
    good = {
        "id": "a",
        "proves": "alert",
        "time": "t",
        "ends": ["10.0.0.1"],
        "comment": "c",
        "packets": [[1, 2]],
    }
    bad = [
        '{"id":"a"}',
        '{"id":"a"',
        "[]",
        json.dumps({**good, "packets": [[1]]}),
        json.dumps({**good, "ends": 1}),
    ]
    index = tmp_path / "2026-01-01T00-00-00Z-000001.ndjson"
    index.write_text("\n".join([json.dumps(good), *bad, json.dumps({**good, "id": "b"})[:-3]]))
    (pointer,) = find([tmp_path, tmp_path / "nowhere"], ids=["a", "b"])
    assert pointer.numbers() == "1-2"
    assert find([tmp_path], addresses=["10.0.0.1"]) == [pointer]
    assert find([tmp_path]) == []
