"""Live capture over a veth pair: packets without drops and CPU seconds a packet, beside other programs.

One sender (tcpreplay) on one core; the readers on another, one after the other on the same packets. The sender is
slower than some readers: then the rate says what was offered, and CPU time a packet says what is left.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import _plan
from bench._workload import ROOT, workload

PACKETS = 200_000
"""Packets of the capture that is sent, and how often it is sent in a run."""
LOOPS = 5
SMALL = 64
"""Octets of a small packet, without the frame check sequence."""

OURS = """
import json, resource, signal, sys
from sentinel._native import Live
from sentinel.probes.runner import Runner, declared
live = Live(["b0"], events=sys.argv[1], ring_mib=64, declared=declared())
runner, going = Runner(live), []
signal.signal(signal.SIGINT, lambda *_: going.append(0))
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
begun = cpu()
print("ready", flush=True)
while not going:
    live.step(0.1)
    runner.turn()
    live.events()
live.stop()
seen = json.loads(live.counters())["b0"]
print(json.dumps({"packets": seen["packets"], "drops": seen["kernel_drops"], "cpu": cpu() - begun}))
"""


def main() -> None:
    missing = [name for name in ("ip", "tcpreplay", "taskset") if shutil.which(name) is None]
    if missing or os.geteuid() != 0 or (os.cpu_count() or 1) < 2:
        print(f"needs root, two cores, ip, tcpreplay and taskset: {', '.join(missing) or 'not here'}")
        return
    space = f"sentinel-bench-{os.getpid()}"
    with TemporaryDirectory(prefix="sentinel-bench-") as folder:
        subprocess.run(["ip", "netns", "add", space], check=True)
        try:
            _cable(space)
            captures = {
                "small": _small(Path(folder) / "small.pcap"),
                "mixed": _mixed(Path(folder) / "mixed.pcap"),
            }
            for name, capture in captures.items():
                _compare(space, name, capture)
        finally:
            subprocess.run(["ip", "netns", "delete", space], check=True)


def _inside(space: str, *line: str) -> list[str]:
    return ["ip", "netns", "exec", space, *line]


def _cable(space: str) -> None:
    for scope in ("all", "default"):
        subprocess.run(_inside(space, "sysctl", "-qw", f"net.ipv6.conf.{scope}.disable_ipv6=1"), check=False)
    subprocess.run(_inside(space, *"ip link add a0 type veth peer name b0".split()), check=True)
    for end in ("a0", "b0"):
        subprocess.run(
            _inside(space, "ip", "link", "set", end, "mtu", "9000", "arp", "off", "up"), check=True
        )


def _small(path: Path) -> Path:
    """UDP packets of 60 octets among 1,000 pairs of addresses."""
    from struct import pack

    with path.open("wb") as out:
        out.write(pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for n in range(PACKETS):
            ip = pack(">BBHHHBBHII", 0x45, 0, 46, n & 0xFFFF, 0, 64, 17, 0, 0x0A000001 + n % 1000, 0x0A010001)
            frame = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\x00" + ip + pack(">HHHH", 40_000, 9_000, 26, 0)
            frame = frame.ljust(SMALL - 4, b"\0")
            out.write(pack("<IIII", n // 1000, n % 1000, len(frame), len(frame)) + frame)
    return path


def _mixed(path: Path) -> Path:
    """The first packets of the workload."""
    from bench._workload import RECORD

    left = PACKETS
    with workload(_plan.PLAN.packets).open("rb") as data, path.open("wb") as out:
        out.write(data.read(24))
        while left and (record := data.read(16)):
            size = RECORD.unpack(record)[2]
            frame = data.read(size)
            if size <= 9_014:  # what the cable takes
                out.write(record + frame)
                left -= 1
    return path


def _compare(space: str, name: str, capture: Path) -> None:
    readers = {
        "sentinel, no events": [sys.executable, "-c", OURS, "none"],
        "sentinel, notable": [sys.executable, "-c", OURS, "notable"],
    }
    if tcpdump := shutil.which("tcpdump"):
        readers["tcpdump -w /dev/null"] = [
            tcpdump,
            "-Z",
            "root",
            "-B",
            "65536",
            "-n",
            "-i",
            "b0",
            "-w",
            "/dev/null",
        ]
    if ndpi := shutil.which("ndpiReader"):
        readers["ndpiReader"] = [ndpi, "-q", "-i", "b0", "-s", "600"]
    found: dict[str, list[dict[str, float]]] = {reader: [] for reader in readers}
    for _ in range(_plan.PLAN.runs):
        for reader, line in readers.items():
            found[reader].append(_run(space, reader, line, capture))
    print(f"\n{name} packets, mean {_mean(capture):.0f} octets; median of {_plan.PLAN.runs}")
    print(f"{'':24} {'offered/s':>10} {'seen':>10} {'lost':>8} {'CPU µs/packet':>14} {'packets/CPU s':>14}")
    rates = {}
    for reader, runs in found.items():
        run = {key: median(r[key] for r in runs) for key in runs[0]}
        rates[reader] = 1 / max(run["each"], 1e-12)
        print(
            f"{reader:24} {run['rate']:10,.0f} {run['packets']:10,.0f} {run['drops']:8,.0f} "
            f"{run['each'] * 1e6:14.2f} {rates[reader]:14,.0f}"
        )
        _plan.PLAN.record(f"live, {name}", **{reader: {k: round(v, 9) for k, v in run.items()}})
    own = rates["sentinel, no events"]
    for reader, rate in rates.items():
        if not reader.startswith("sentinel"):
            print(f"sentinel is {own / rate:.2f} times {reader}")
            _plan.PLAN.record("live ratios", **{f"{name}: sentinel / {reader}": round(own / rate, 2)})


def _mean(capture: Path) -> float:
    return (capture.stat().st_size - 24) / PACKETS - 16


def _run(space: str, reader: str, line: list[str], capture: Path) -> dict[str, float]:
    """One reader while the capture is sent. CPU seconds are those of the reader from when it was ready."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        _inside(space, "taskset", "-c", "1", *line), env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        try:
            _await(space, reader, child)
            begun = _cpu(child.pid)
            sent = subprocess.run(
                _inside(space, "taskset", "-c", "0", "tcpreplay", "-i", "a0", "-K", "--topspeed", f"--loop={LOOPS}", str(capture)),
                capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
            _drained(child.pid)
            used = _cpu(child.pid) - begun
            child.send_signal(signal.SIGINT)
            told, _ = child.communicate(timeout=60)
        finally:
            child.kill()
    packets, rate = _number(r"Actual: (\d+) packets", sent), _number(r"([\d.]+) pps", sent)
    seen, drops = packets, 0.0
    if reader.startswith("sentinel"):
        own = json.loads(told.splitlines()[-1])
        seen, drops, used = own["packets"], own["drops"], own["cpu"]
    elif reader.startswith("tcpdump"):
        seen, drops = (
            _number(r"(\d+) packets? captured", told),
            _number(r"(\d+) packets? dropped by kernel", told),
        )
    elif "otal packets" in told:
        seen = _number(r"[Tt]otal packets:\s+(\d+)", told)
        drops = packets - seen
    return {"rate": rate, "packets": seen, "drops": drops, "each": used / max(seen, 1)}


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def _await(space: str, reader: str, child: subprocess.Popen[str]) -> None:
    """Wait until it listens: it says so, or its packet socket is there."""
    assert child.stdout is not None
    if not reader.startswith("ndpi"):
        for line in child.stdout:
            if "ready" in line or "listening" in line:
                return
    end = time.monotonic() + 30
    while (
        "b0"
        not in subprocess.run(
            _inside(space, "ss", "-0", "-a", "-n"), capture_output=True, text=True, check=True
        ).stdout
    ):
        if time.monotonic() > end:
            raise RuntimeError(f"{reader} does not listen")
        time.sleep(0.1)


def _cpu(pid: int) -> float:
    """CPU seconds of a process so far (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _drained(pid: int) -> None:
    """Wait until it has nothing more to do: half a second without CPU time."""
    end, last = time.monotonic() + 60, -1.0
    while (now := _cpu(pid)) - last > 0.02 and time.monotonic() < end:
        last = now
        time.sleep(0.5)
