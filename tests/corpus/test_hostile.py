"""Every capture of the corpus, whole, cut, wrapped, turned round: no crash, bounded memory, plain words."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.conftest import ROOT, Ran
from tests.corpus.files import captures, records, swapped, zstd

pytestmark = pytest.mark.corpus

MEMORY_MIB = 300
"""Peak resident memory that scanning any folder, file by file, may reach."""

ADDRESS_SPACE = 4 << 30
"""Bytes of address space the process is given: an allocation by a length field of 32 bits fails."""

CHILD = """
import json, resource, sys
from pathlib import Path
from sentinel import pipeline
from sentinel.errors import UserError
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
said, packets = [], 0
for name in sys.stdin.read().splitlines():
    try:
        result = pipeline.scan([name], pipeline.Options(events="all"), on_events=lambda batch: batch.ndjson())
        pipeline.derive(result.inventory, [], None, result.until)
        for kind in pipeline.RECORDS:
            result.inventory.write(kind, lambda _: None, b"", False)
    except UserError as error:
        said.append(error.message)
        continue
    packets += sum(source["packets"] for source in result.sources)
    said += result.errors
peak = next(int(l.split()[1]) for l in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in l)
json.dump({"errors": said, "packets": packets, "peak_kib": peak}, sys.stdout)
"""


def scan_each(files: list[Path]) -> dict[str, Any]:
    """Scan each file alone, all in one process with bounded memory."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(ADDRESS_SPACE)],
        input="\n".join(map(str, files)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_capture_within_a_memory_ceiling(corpus: Path) -> None:
    seen = 0
    for folder in sorted(path for path in corpus.iterdir() if path.is_dir()):
        files = captures(folder)
        if not files:
            continue
        seen += len(files)
        found = scan_each(files)
        assert found["packets"] > 0, folder
        assert found["peak_kib"] < MEMORY_MIB * 1024, f"{folder.name}: {found['peak_kib']} KiB"
        for line in found["errors"]:
            assert "\n" not in line
            assert str(folder) in line, line
    assert seen > 1100


@pytest.fixture(scope="module")
def small(corpus: Path) -> list[Path]:
    """Some small captures of all folders."""
    files = [path for path in captures(corpus) if 200 < path.stat().st_size < 60_000]
    return Random(4).sample(files, 80)


@pytest.fixture(scope="module")
def plain(small: list[Path]) -> list[Path]:
    """Those among them that are whole pcap files."""
    return [path for path in small if records(path.read_bytes())]


Document = dict[str, Any]
Scanned = Callable[[Path], Document]


@pytest.fixture
def scanned(cli: Callable[..., Ran]) -> Scanned:
    """Runs `sentinel scan --format json` and gives the document, which must be whole."""

    def run(path: Path) -> Document:
        ran = cli("scan", path, "--format", "json")
        assert ran.code == 0, f"{path}: {ran.err}"
        document: Document = json.loads(ran.out)
        return document

    return run


def found(document: Document) -> Document:
    """What a scan found, without the name and hash of the file."""
    (source,) = document["sources"]
    text = json.dumps({key: value for key, value in document.items() if key != "sources"})
    rest: Document = json.loads(
        text.replace(json.dumps(source["name"])[1:-1], "").replace(source["sha256"], "")
    )
    return {**rest, "packets": source["packets"], "cut": source["cut"]}


def test_a_cut_file_gives_what_is_before_the_cut_and_says_so(
    plain: list[Path], scanned: Scanned, tmp_path: Path
) -> None:
    random = Random(5)
    cut = tmp_path / "cut.pcap"
    for path in plain:
        data = path.read_bytes()
        ends = [24]
        for record in records(data) or []:
            ends.append(ends[-1] + len(record))
        for at in {random.randrange(24, len(data)), ends[len(ends) // 2], ends[-1] - 1, ends[-2] + 8}:
            cut.write_bytes(data[:at])
            (source,) = scanned(cut)["sources"]
            assert source["packets"] == sum(end <= at for end in ends[1:]), f"{path} cut at {at}"
            assert source["cut"] == (at not in ends), f"{path} cut at {at}"


def test_cut_anywhere_in_any_format(small: list[Path], cli: Callable[..., Ran], tmp_path: Path) -> None:
    random = Random(6)
    for path in small:
        data = path.read_bytes()
        whole = cli("scan", path, "--format", "json")
        packets = json.loads(whole.out)["sources"][0]["packets"] if whole.out else 0
        cut = tmp_path / f"cut{path.suffix}"
        for at in (random.randrange(1, 24), random.randrange(24, len(data))):
            cut.write_bytes(data[:at])
            ran = cli("scan", cut, "--format", "json")
            assert ran.code in (0, 1)
            assert len(ran.err.splitlines()) <= 1, ran.err
            if ran.code == 1:
                assert str(cut) in ran.err
            if ran.out:
                assert json.loads(ran.out)["sources"][0]["packets"] <= packets


def test_gzip_zstd_and_the_other_byte_order_change_nothing(
    plain: list[Path], scanned: Scanned, tmp_path: Path
) -> None:
    for path in plain[:25]:
        data = path.read_bytes()
        expected = found(scanned(path))
        for name, other in (
            ("a.pcap.gz", gzip.compress(data)),
            ("a.pcap.zst", zstd(data)),
            ("named-wrongly.txt", zstd(data)),
            ("a.pcap", swapped(data)),
        ):
            target = tmp_path / name
            target.write_bytes(other)
            assert found(scanned(target)) == expected, f"{path} as {name}"


def test_a_cut_archive_gives_what_is_before_the_cut(
    plain: list[Path], cli: Callable[..., Ran], tmp_path: Path
) -> None:
    for path in plain[:10]:
        data = path.read_bytes()
        for name, wrapped in (("a.pcap.gz", gzip.compress(data)), ("a.pcap.zst", zstd(data))):
            target = tmp_path / name
            target.write_bytes(wrapped[: len(wrapped) * 3 // 4])
            ran = cli("scan", target, "--format", "json")
            assert ran.code in (0, 1)
            assert len(ran.err.splitlines()) <= 1
            if ran.code == 0:
                assert json.loads(ran.out)["sources"][0]["cut"], f"{path} as {name}"


def test_standard_input(plain: list[Path], scanned: Scanned) -> None:
    for path in plain[:4]:
        for data in (path.read_bytes(), gzip.compress(path.read_bytes())):
            done = subprocess.run(
                [sys.executable, "-m", "sentinel", "scan", "-", "--format", "json"],
                input=data,
                cwd=ROOT,
                capture_output=True,
                check=False,
                timeout=120,
            )
            assert done.returncode == 0, done.stderr
            document = json.loads(done.stdout)
            named = scanned(path)
            kinds = ("assets", "conversations", "credentials", "operations")
            assert [len(document[kind]) for kind in kinds] == [len(named[kind]) for kind in kinds]
            assert document["sources"][0]["packets"] == named["sources"][0]["packets"]
