"""The wire stage and whole scans beside other programs, on the same capture in one run.

CPU time is user plus system of all threads; a ratio is packets per CPU second over those of the other.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import _plan
from bench._measure import Command, Measure, middle, run
from bench._workload import ROOT, twice, workload


def main() -> None:
    plan = _plan.PLAN
    capture = (plan.capture or workload(plan.packets)).resolve()
    wire = _wire_bench(build=plan.build)
    commands = _commands(capture, wire)
    found: dict[str, list[Measure]] = {name: [] for name in commands}
    for _ in range(plan.runs):  # one after the other, so that a change of the machine meets all of them
        for name, command in commands.items():
            with TemporaryDirectory(prefix="sentinel-bench-") as folder:
                found[name].append(command(Path(folder)))
    measures = {name: middle(runs) for name, runs in found.items()}
    packets, size = _packets(capture, measures), capture.stat().st_size / 1e6
    print(f"{capture.name}: {packets:,} packets, {size:,.0f} MB; median of {plan.runs}")
    _table(measures, packets)
    _ratios(measures, packets)
    _longer(capture, measures)


def _commands(capture: Path, wire: Path | None) -> dict[str, Command]:
    commands: dict[str, Command] = {}
    if wire is not None:
        for workers in (1, 2):
            line = [str(wire), str(workers), str(capture)]
            name = f"wire stage, {workers} worker{'s' if workers > 1 else ''}"
            commands[name] = _command(line, {"NO_SHA256": "1"})
    commands["sentinel scan"] = _command(_scan(capture))
    commands["sentinel scan --store"] = _into_store(capture)
    if reader := shutil.which("ndpiReader"):
        commands["ndpiReader"] = _command([reader, "-q", "-i", str(capture)])
    else:
        print("ndpiReader is not installed (libndpi-bin): no comparison with nDPI")
    if suricata := shutil.which("suricata"):
        line = [
            suricata,
            "-r",
            str(capture),
            "-l",
            ".",
            "-k",
            "none",
            "--runmode",
            "single",
            "-S",
            os.devnull,
        ]
        commands["suricata"] = _command(line)
    else:
        print("suricata is not installed: no comparison with it")
    return commands


def _scan(capture: Path) -> list[str]:
    # guessing passwords has a measurement of its own (`crack`) and a budget that is not of packets
    scan = [
        sys.executable,
        "-m",
        "sentinel",
        "scan",
        str(capture),
        "--format",
        "json",
        "--password-seconds",
        "0",
    ]
    return [*scan, "--no-rules", "--workers", "1"]


def _command(line: list[str], environment: dict[str, str] | None = None) -> Command:
    return lambda folder: run(line, folder, {"PYTHONPATH": str(ROOT), **(environment or {})})


def _into_store(capture: Path) -> Command:
    """With notable events into a new store."""
    return lambda folder: run(
        [*_scan(capture), "--store", f"sqlite://{folder / 'store'}", "--events", "notable"],
        folder,
        {"PYTHONPATH": str(ROOT)},
    )


def _wire_bench(*, build: bool) -> Path | None:
    """The program that runs the wire stage alone, built in release mode."""
    cargo = shutil.which("cargo")
    if build and cargo:
        line = [
            cargo,
            "build",
            "--release",
            "--locked",
            "-q",
            "-p",
            "sentinel-wire",
            "--example",
            "wire_bench",
        ]
        subprocess.run(line, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    program = target / "release" / "examples" / "wire_bench"
    if program.is_file():
        return program.resolve()
    print(f"{program} is not there: the wire stage alone is not measured")
    return None


def _packets(capture: Path, measures: dict[str, Measure]) -> int:
    """Packets of the capture, as the wire stage or else a scan counted them."""
    wire = measures.get("wire stage, 1 worker")
    if wire is not None:
        return int(json.loads(wire.output)["packets"])
    from sentinel.pipeline import Options, scan

    return int(sum(source["packets"] for source in scan([str(capture)], Options()).sources))


def _table(measures: dict[str, Measure], packets: int) -> None:
    print(f"\n{'':26} {'CPU s':>8} {'wall s':>8} {'Mpkt/CPU s':>11} {'peak MiB':>9}")
    for name, m in measures.items():
        rate = packets / max(m.cpu, 0.01)
        print(f"{name:26} {m.cpu:8.2f} {m.wall:8.2f} {rate / 1e6:11.2f} {m.peak:9.0f}")
        numbers = {"cpu_s": m.cpu, "wall_s": m.wall, "packets_per_cpu_s": rate, "peak_mib": m.peak}
        _plan.PLAN.record("scan", packets=packets, **{name: {k: round(v, 3) for k, v in numbers.items()}})


def _ratios(measures: dict[str, Measure], packets: int) -> None:
    """What the issue of speed asks: how many times another program's packets per CPU second."""
    one, two = measures.get("wire stage, 1 worker"), measures.get("wire stage, 2 workers")
    print()
    for other in ("ndpiReader", "suricata"):
        for own in ("wire stage, 1 worker", "sentinel scan", "sentinel scan --store"):
            if other in measures and own in measures:
                ratio = measures[other].cpu / max(measures[own].cpu, 0.01)
                print(f"{own} is {ratio:.1f} times {other}")
                _plan.PLAN.record("ratios", **{f"{own} / {other}": round(ratio, 2)})
    if one and two:
        ratio = one.wall / max(two.wall, 0.01)
        print(f"two workers are {ratio:.2f} times one by the clock ({os.cpu_count()} CPUs)")
        _plan.PLAN.record("ratios", two_workers=round(ratio, 2))


def _longer(capture: Path, measures: dict[str, Measure]) -> None:
    """Peak memory on a capture twice as long over the same hosts."""
    try:
        capture = twice(capture)
    except subprocess.CalledProcessError:
        print(f"{capture} is no little-endian pcap file: memory on twice as much is not measured")
        return
    with TemporaryDirectory(prefix="sentinel-bench-") as folder:
        longer = run(_scan(capture), Path(folder), {"PYTHONPATH": str(ROOT)})
    short = measures["sentinel scan"].peak
    print(f"peak memory {short:.0f} MiB; on twice the packets of the same hosts {longer.peak:.0f} MiB")
    _plan.PLAN.record("memory", once_mib=round(short), twice_mib=round(longer.peak))
