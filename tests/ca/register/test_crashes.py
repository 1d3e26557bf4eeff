"""Kills, power cuts and a full disk: what was acknowledged is there once, a batch is whole or not there, the
audit is whole, and the register opens by itself and goes on."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from sentinel.ca.audit import heads
from sentinel.ca.audit.verify import verify
from sentinel.ca.keys import generate
from sentinel.ca.register import Register
from sentinel.errors import StoreAwayError
from tests.ca.register.made import certificate, put

ROOT = Path(__file__).resolve().parents[3]
KILLS = int(os.environ.get("SENTINEL_KILLS", "25"))
CUTS = int(os.environ.get("SENTINEL_CUTS", "50"))
BATCH = 7
RUN = 100_000
"""Numbers of certificates that a process of its own has."""

KEY = generate("ed25519")


def write(path: Path, run: int, told: int) -> None:
    """Adds batches until it is killed, and tells each when it is committed."""
    with Register.open(path) as register:
        register.signer = KEY
        for batch in range(RUN // BATCH):
            put(register, BATCH, first=run * RUN + batch * BATCH)
            os.write(told, b"%d\n" % (run * RUN + batch * BATCH))


def forked(path: Path, run: int) -> tuple[int, int]:
    """A process that writes: its number, and where it tells."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(told)
            write(path, run, tell)
        finally:
            os._exit(1)
    os.close(tell)
    return child, told


def held(path: Path) -> set[int]:
    """First numbers of the batches in a register that is found whole."""
    report = verify(path, key=KEY.spki())
    assert report.ok, report.bad[:3]
    with Register.open(path) as register:
        numbers = sorted(int(re.search(r"device-(\d+)", c.subject)[1]) for c in register.list())  # type: ignore[index]
        register.signer = KEY
        with register.transaction() as change:
            change.audit("look", who="test")
    assert len(numbers) == len(set(numbers))
    first = {number // RUN * RUN + number % RUN // BATCH * BATCH for number in numbers}
    assert len(numbers) == BATCH * len(first)  # all of a batch or nothing of it
    assert report.entries >= len(numbers)
    return first


def test_kills(tmp_path: Path) -> None:
    random = Random(20260701)
    path = tmp_path / "register.db"
    Register.create(path).close()
    acknowledged: set[int] = set()
    done = 0
    while done < KILLS:
        writers = [forked(path, 2 * done + number) for number in range(2)]  # two at a time
        with os.fdopen(writers[0][1], "rb") as first, os.fdopen(writers[1][1], "rb") as second:
            for _ in range(random.randrange(6)):
                acknowledged.add(int(first.readline()))
            time.sleep(random.random() * 0.02)  # the kill comes somewhere
            for child, _ in writers:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            for file in (first, second):
                acknowledged.update(int(line) for line in file.read().split())
        done += 2
        there = held(path)
        assert acknowledged <= there
        if len(there) > 400:  # a new one, or every look takes longer
            for each in tmp_path.iterdir():
                each.unlink()
            Register.create(path).close()
            acknowledged = set()


TRACED = """
import os, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from random import Random
from sentinel.ca.register import Register, book
from tests.ca.register.made import put
book.CHECKPOINT = 40
random = Random(11)
with Register.open(Path(sys.argv[1])) as register:
    number = 0
    for batch in range(90):
        count = random.choice((1, 3, 30))
        put(register, count, first=number)
        os.write(1, b"released %d %d\\n" % (number, count))
        number += count
"""

_CALL = re.compile(r"^\d+ +(openat|pwrite64|ftruncate|fdatasync|fsync|write|unlink)\((.*)\) += (-?\d+)")
_FD = re.compile(r"^(\d+)<([^>]*)>")
_BYTES = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')

Step = tuple[str, str, bytes, int]
"""(call, path, octets, offset)"""

Run = tuple[Path, bytes, list[Step]]


def traced(path: Path, trace: Path) -> list[Step]:
    """Every write and sync of a run, in order; what it released is a write to `out`."""
    calls = "trace=openat,pwrite64,ftruncate,fdatasync,fsync,write,unlink"
    strace = ["strace", "-f", "-y", "-xx", "-s", "200000", "-e", calls, "-o", str(trace)]
    program = [sys.executable, "-c", TRACED, str(path), str(ROOT)]
    ran = subprocess.run([*strace, *program], capture_output=True, text=True, check=False)
    if ran.returncode and "ptrace" in ran.stderr.lower():
        pytest.skip(f"strace may not trace here: {ran.stderr.strip()[:80]}")
    assert ran.returncode == 0, ran.stderr
    steps: list[Step] = []
    for line in trace.read_text().splitlines():
        found = _CALL.match(line)
        if not found or int(found[3]) < 0:
            continue
        call, arguments = found[1], found[2]
        octets = [bytes.fromhex(each.replace("\\x", "")) for each in _BYTES.findall(arguments)]
        if call in ("openat", "unlink"):
            name = octets[0].decode()
            if call == "unlink" or "O_CREAT" in arguments:
                steps.append((call, name, b"", 0))
            continue
        target = _FD.match(arguments)
        assert target, line
        name = bytes.fromhex(target[2].replace("\\x", "")).decode() if "\\x" in target[2] else target[2]
        if call == "write" and target[1] == "1":
            steps.append(("released", "out", octets[0], 0))
        elif call == "pwrite64":
            offset = int(arguments.rsplit(", ", 1)[1])
            steps.append((call, name, octets[0], offset))
        elif call == "ftruncate":
            steps.append((call, name, b"", int(arguments.rsplit(", ", 1)[1])))
        elif call in ("fdatasync", "fsync"):
            steps.append(("sync", name, b"", 0))
    return steps


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A register's path, its file before a run, and the steps of the run."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: no trace of writes to cut")
    folder = tmp_path_factory.mktemp("traced")
    path = folder / "live" / "register.db"
    path.parent.mkdir()
    Register.create(path).close()
    before = path.read_bytes()
    steps = traced(path, folder / "trace")
    watched = [step for step in steps if step[1].startswith(str(path.parent)) or step[0] == "released"]
    return path, before, [step for step in watched if not step[1].endswith("-shm")]


class Disk:
    """Files as a disk has them: what was synced, and what may or may not have come to it since."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.sure = {name: bytearray(data) for name, data in files.items()}
        self.named = set(files)
        self.since: dict[str, list[Step]] = {}

    def take(self, step: Step) -> None:
        call, name, _, _ = step
        if call == "sync":
            if name in self.sure:
                for each in self.since.pop(name, []):
                    self._apply(self.sure[name], each)
            else:  # a folder
                self.named |= {file for file in self.sure if str(Path(file).parent) == name}
        elif call == "openat":
            self.sure.setdefault(name, bytearray())
        elif call in ("pwrite64", "ftruncate") and name in self.sure:
            self.since.setdefault(name, []).append(step)

    def after_a_cut(self, random: Random) -> Iterator[tuple[str, bytes]]:
        """One of the states that a power cut may leave."""
        for name, sure in self.sure.items():
            if name not in self.named and random.random() < 0.5:
                continue
            data = bytearray(sure)
            luck = random.random()
            for each in self.since.get(name, []):
                if random.random() < luck:
                    self._apply(data, self._torn(each, random) if random.random() < 0.3 else each)
            yield name, bytes(data)

    @staticmethod
    def _torn(step: Step, random: Random) -> Step:
        call, name, octets, offset = step
        return call, name, octets[: random.randrange(len(octets) // 512 + 1) * 512], offset

    @staticmethod
    def _apply(data: bytearray, step: Step) -> None:
        call, _, octets, offset = step
        if call == "ftruncate":
            del data[offset:]
            data.extend(bytes(offset - len(data)))
        else:
            data.extend(bytes(max(0, offset - len(data))))
            data[offset : offset + len(octets)] = octets


def test_power_cuts(run: Run, tmp_path: Path) -> None:
    path, before, watched = run
    disk = Disk({str(path): before})
    assert sum(step[0] == "released" for step in watched) == 90
    assert sum(step[0] == "sync" for step in watched) > 90
    random = Random(20260702)
    cuts = set(random.sample(range(1, len(watched)), min(CUTS, len(watched) - 1)))
    released: list[tuple[int, int]] = []
    for number, step in enumerate(watched):
        if step[0] == "released":
            released += [tuple(map(int, line.split()[1:])) for line in step[2].decode().splitlines()]  # type: ignore[misc]
        else:
            disk.take(step)
        if number in cuts:
            at = tmp_path / "cut"
            at.mkdir()
            for name, data in disk.after_a_cut(random):
                (at / Path(name).name).write_bytes(data)
            _whole(at / "register.db", released)
            shutil.rmtree(at)


def _whole(path: Path, released: list[tuple[int, int]]) -> None:
    """Everything that was released is there, what was begun is there as a whole or not, and it goes on."""
    report = verify(path)
    assert report.ok, report.bad[:3]
    with Register.open(path) as register:
        there = {c.serial for c in register.list()}
        expected = {certificate(first + n).serial for first, count in released for n in range(count)}
        assert expected <= there
        assert len(there) == report.entries
        put(register, 1, first=99_000_000)
    assert verify(path).entries == len(there) + 1


def test_what_is_not_synced_is_seen(run: Run, tmp_path: Path) -> None:
    """The cuts do find a register that does not sync: the same run, its syncs taken out of the trace."""
    path, before, watched = run
    disk = Disk({str(path): before})
    for step in watched:
        if step[0] not in ("sync", "released"):
            disk.take(step)
    at = tmp_path / "cut"
    at.mkdir()
    for name, data in disk.after_a_cut(Random(1)):
        (at / Path(name).name).write_bytes(data)
    with pytest.raises(AssertionError):
        _whole(at / "register.db", [(0, 1)])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two mebibytes."""
    at = tmp_path / "small"
    at.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(at)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted: {mounted.stderr.strip()[:80]}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=False)


def test_full_disk(small_disk: Path) -> None:
    path = small_disk / "register.db"
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(400_000))
    number = failed = 0
    said = set()
    published: list[heads.Head] = []
    with Register.create(path) as register:
        register.signer = KEY
        register.published = published.append
        released: list[int] = []
        freed = False
        while True:
            try:
                put(register, BATCH, first=number)
                released.append(number)
            except StoreAwayError as error:
                said.add(error.message.split(": ", 1)[1])
                failed += 1
                if freed and failed > 5:
                    break
                if failed == 5:
                    ballast.unlink()  # room again: the same register goes on
                    freed, before = True, len(released)
            number += BATCH
        assert all("full" in message and "nothing was released" in message for message in said)
        assert len(released) > before > 10
        assert len(published) == len(released)
        assert len([*register.list()]) == BATCH * len(released)
    report = verify(path, key=KEY.spki())
    assert report.ok, report.bad[:3]
    assert report.entries == report.signed == BATCH * len(released)
    with Register.open(path, readonly=True) as register:
        assert all(register.certificate(certificate(n + BATCH - 1).serial) for n in released)
    with suppress(StoreAwayError), Register.open(path) as register:
        put(register, 1, first=number + 1)
    assert verify(path, key=KEY.spki()).entries >= report.entries
