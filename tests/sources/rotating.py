"""A program that writes a log and rotates it, and one that follows it: both real processes, so that they can
run at once and be killed."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

FIELDS = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tquery"


def eve(number: int) -> str:
    event = {
        "timestamp": f"2023-11-14T22:{number // 60000 % 60:02}:{number // 1000 % 60:02}.{number % 1000:03}000Z",
        "event_type": "alert",
        "src_ip": "10.0.0.9",
        "dest_ip": f"10.0.1.{number % 200}",
        "src_port": 40000,
        "dest_port": 502,
        "proto": "TCP",
        "alert": {"signature_id": 7, "signature": "x" * (number * 31 % 300), "severity": 2, "category": "c"},
    }
    return json.dumps(event) + "\n"


def head(file: int) -> str:
    """Zeek's header; columns come in another order from one file to the next."""
    names = FIELDS.split("\t")
    if file % 2:
        names.reverse()
    fields = "\t".join(names)
    opened = f"2023-11-14-{file // 3600 % 24:02}-{file // 60 % 60:02}-{file % 60:02}"
    return f"#separator \\x09\n#unset_field\t-\n#path\tdns\n#open\t{opened}\n#fields\t{fields}\n"


def row(file: int, number: int) -> str:
    cells = [
        f"1700000000.{number:06}",
        f"C{number}",
        "10.0.0.9",
        "5353",
        "10.0.0.2",
        "53",
        f"n{number}.example",
    ]
    if file % 2:
        cells.reverse()
    return "\t".join(cells) + "\n"


class Log:
    """A log that is written and rotated in one of the usual ways."""

    def __init__(self, folder: Path, style: str, seed: int) -> None:
        self.style, self.random = style, random.Random(seed)
        self.live = folder / ("dns.log" if style.startswith("zeek") else "eve.json")
        self.file = self.live.open("a", encoding="utf-8")
        self.number = self.files = 0
        self.begin()

    def begin(self) -> None:
        if self.style.startswith("zeek"):
            self.file.write(head(self.files))

    def write(self) -> None:
        line = row(self.files, self.number) if self.style.startswith("zeek") else eve(self.number)
        self.number += 1
        if self.random.random() < 0.1:
            half = len(line) // 2
            self.file.write(line[:half])
            self.file.flush()
            self.pause()
            line = line[half:]
        self.file.write(line)
        if self.random.random() < 0.3:
            self.file.flush()

    def pause(self) -> None:
        if self.random.random() < 0.3:
            time.sleep(self.random.random() * 0.01)

    def rotate(self) -> None:
        self.file.flush()
        rotations: dict[str, Callable[[], None]] = {
            "zeek": self.dated,
            "zeek-gzip": self.dated,
            "create": self.shifted,
            "gzip": self.shifted,
            "copytruncate": self.copied,
        }
        rotations[self.style]()
        self.files += 1
        self.begin()

    def dated(self) -> None:
        """Zeek: the file is closed, renamed by its time, and compressed perhaps."""
        self.file.write("#close\t2023-11-14-00-00-00\n")
        self.file.close()
        to = self.live.with_name(f"dns.2023-11-14-{self.files:04}.log")
        self.live.rename(to)
        if self.style == "zeek-gzip":
            self.pause()
            squeeze(to)
        self.pause()
        self.file = self.live.open("a", encoding="utf-8")

    def shifted(self) -> None:
        """logrotate: .1 becomes .2 and is compressed perhaps, the log becomes .1, then there is a new one."""
        name = self.live.name
        for n in range(self.files, 0, -1):
            for end in ("", ".gz"):
                old = self.live.with_name(f"{name}.{n}{end}")
                if old.exists():
                    old.rename(self.live.with_name(f"{name}.{n + 1}{end}"))
        self.live.rename(self.live.with_name(f"{name}.1"))
        # the writer is told late: what it writes until then goes into the renamed file
        self.write()
        self.pause()
        self.file.close()
        self.file = self.live.open("a", encoding="utf-8")
        second = self.live.with_name(f"{name}.2")
        if self.style == "gzip" and second.exists():
            squeeze(second)

    def copied(self) -> None:
        shutil.copyfile(self.live, self.live.with_name(f"{self.live.name}.{self.files + 1}"))
        self.pause()
        self.file.truncate(0)


def squeeze(path: Path) -> None:
    """As gzip does: the new file gets the time of the old one, which goes then."""
    packed = path.with_name(path.name + ".gz")
    with path.open("rb") as plain, gzip.open(packed, "wb") as out:
        shutil.copyfileobj(plain, out)
    there = path.stat()
    os.utime(packed, ns=(there.st_atime_ns, there.st_mtime_ns))
    path.unlink()


def write(folder: Path, style: str, seed: int, lines: int, rotations: int) -> None:
    log = Log(folder, style, seed)
    at = set(log.random.sample(range(1, lines), rotations))
    for n in range(lines):
        if n in at:
            log.rotate()
        log.write()
        log.pause()
    log.file.close()
    (folder / "over").touch()


def follow(folder: Path, pattern: str) -> None:
    """Follow until the writer is over and all is read. Ids go into `ids`, and after that the positions and
    how long `ids` was into `state`: what is in `ids` beyond that is not acknowledged."""
    from sentinel._native import Tails

    ids, state = folder / "ids", folder / "state"
    before = None
    if state.exists():
        length, _, before = state.read_bytes().partition(b"\n")
        os.truncate(ids, int(length))
    tails = Tails([folder / pattern], state=before, look=0.05, leave=0.5)
    quiet = 0
    with ids.open("ab") as out:
        while quiet < 5:
            over = (folder / "over").exists()
            tails.step(0.05)
            events = tails.events()
            for line in events.ndjson().splitlines():
                out.write(json.loads(line)["event.id"].encode() + b"\n")
            out.flush()
            new = state.with_name("state.new")
            new.write_bytes(b"%d\n" % out.tell() + tails.positions())
            new.rename(state)
            totals = json.loads(tails.totals())
            waits = totals["missing"] or totals["searched"] or len(events) or not over
            quiet = 0 if waits else quiet + 1
    lost = [log["lost"] for log in json.loads(tails.counters()).values()]
    (folder / "lost").write_text(str(sum(lost)), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:7]))
    else:
        follow(Path(sys.argv[2]), sys.argv[3])
