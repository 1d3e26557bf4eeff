"""The captures that are measured on, made once and kept in the cache folder.

With the evaluation captures beside the project: all of them repeated with other addresses (`big2`). In a
plain clone: the demo plant repeated.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from struct import Struct

from bench import _plan

ROOT = Path(__file__).resolve().parent.parent
TOOL = ROOT.parent / "shared" / "tools" / "make_big.py"
RECORD = Struct("<IIII")
CHUNK = 1 << 24


def workload(packets: int) -> Path:
    """A capture of so many packets."""
    if TOOL.is_file():
        command = [sys.executable, str(TOOL), "-n", str(packets), "--exclude", "suricata-verify", "-o"]
        return _made(f"big2-{packets}.pcap", command)
    return _made(f"plant-{packets}.pcap", [sys.executable, "-m", "bench._workload", "plant", str(packets)])


def twice(capture: Path) -> Path:
    """The same packets twice, the second time behind the first: twice as long, the same hosts."""
    name = f"twice-{capture.stem}-{capture.stat().st_size}.pcap"
    return _made(name, [sys.executable, "-m", "bench._workload", "twice", str(capture)])


def _made(name: str, command: list[str]) -> Path:
    """The file of that name in the cache, made by the command (with the file as its last argument)."""
    path = _plan.cache() / name
    if not path.is_file():
        sys.stderr.write(f"making {path}\n")
        part = path.with_suffix(".part")
        subprocess.run([*command, str(part)], cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
        part.rename(path)
    return path


def plant(packets: int, target: Path) -> None:
    """The demo plant repeated."""
    from sentinel.demo import cast
    from sentinel.demo.plant import build
    from sentinel.demo.repeat import repeat

    source = target.with_suffix(".plant")
    try:
        build(source)
        serials = [actor.serial.encode() for actor in cast.CAST if actor.serial]
        repeat(source, target, packets, [*serials, cast.CAMERA_UUID.encode()])
    finally:
        source.unlink(missing_ok=True)


def double(source: Path, target: Path) -> None:
    """Append a little-endian pcap file to itself, later by its length."""
    first, last = 0, 0
    with source.open("rb") as data:
        head = data.read(24)
        if head[:4] not in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
            raise SystemExit(f"{source}: only a little-endian pcap file can be doubled")
        while record := data.read(16):
            seconds, _, size, _ = RECORD.unpack(record)
            first, last = first or seconds, max(last, seconds)
            data.seek(size, os.SEEK_CUR)
    with source.open("rb") as data, target.open("wb") as out:
        while chunk := data.read(CHUNK):
            out.write(chunk)
        data.seek(24)
        later = last - first + 1
        while record := data.read(16):
            seconds, fraction, size, whole = RECORD.unpack(record)
            out.write(RECORD.pack(seconds + later, fraction, size, whole) + data.read(size))


if __name__ == "__main__":
    if sys.argv[1] == "plant":
        plant(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        double(Path(sys.argv[2]), Path(sys.argv[3]))
