"""What the measurements rest on: right numbers of a program, right workloads."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from struct import pack, unpack_from

import pytest

from bench import __main__ as bench
from bench import _plan, _workload
from bench._measure import Measure, middle, run


def test_a_program_is_measured_by_itself(tmp_path: Path) -> None:
    mine = bytearray(80 << 20)  # must not count
    small = run([sys.executable, "-I", "-S", "-c", "print('done')"], tmp_path)
    large = run([sys.executable, "-I", "-S", "-c", "x = bytearray(50 << 20)"], tmp_path)
    assert small.output == "done\n"
    assert 0 < small.peak < len(mine) >> 20
    assert large.peak - small.peak > 40


def test_a_program_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with 3: no way"):
        run([sys.executable, "-c", "import sys; sys.stderr.write('no way'); sys.exit(3)"], tmp_path)


def test_the_median_is_taken_of_each_number() -> None:
    runs = [Measure(1, 9, 5, "a"), Measure(3, 7, 6, "b"), Measure(2, 8, 4, "c")]
    assert middle(runs) == Measure(2, 8, 5, "c")


def test_twice_as_long_is_the_same_again_later(tmp_path: Path) -> None:
    head = pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    frames = [(100, 5, b"first"), (100, 900_000, b"second"), (102, 0, b"last")]
    source = tmp_path / "a.pcap"
    records = b"".join(pack("<IIII", s, us, len(f), 60) + f for s, us, f in frames)
    source.write_bytes(head + records)
    _workload.double(source, tmp_path / "b.pcap")
    data = (tmp_path / "b.pcap").read_bytes()
    assert data[: 24 + len(records)] == head + records
    assert len(data) == 24 + 2 * len(records)
    assert unpack_from("<IIII", data, 24 + len(records)) == (103, 5, 5, 60)
    assert data.endswith(b"last")


def test_the_plain_clone_has_a_workload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("scapy")
    monkeypatch.setattr(_workload, "TOOL", tmp_path / "none")
    made = _workload.workload(7_000)
    assert made.name == "plant-7000.pcap"
    assert made.is_relative_to(_plan.cache())
    stamp = made.stat().st_mtime_ns
    assert _workload.workload(7_000).stat().st_mtime_ns == stamp
    assert list(made.parent.iterdir()) == [made]


def test_unknown_measurements_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["nothing"])
    assert "no measurement is called nothing: there are append, " in capsys.readouterr().err


def test_numbers_are_written(tmp_path: Path) -> None:
    plan = _plan.Plan(runs=1)
    plan.record("a", x=1)
    plan.record("a", y=2)
    plan.write(tmp_path / "deep" / "numbers.json")
    document = json.loads((tmp_path / "deep" / "numbers.json").read_text())
    assert document["a"] == {"x": 1, "y": 2}
    assert {"when", "machine", "runs"} <= document.keys()
