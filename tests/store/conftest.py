"""What the tests of the store share: captures of some length, stores compared table by table."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from sentinel import pipeline
from sentinel.store import open_store
from sentinel.store.sqlite import SqliteStore
from tests.conftest import ROOT

Tables: TypeAlias = dict[str, list[tuple[Any, ...]]]

GLOBAL_HEADER = 24
RECORD_HEADER = 16


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo plant's capture: ten minutes, 6,000 frames."""
    from sentinel.demo.plant import build

    path = tmp_path_factory.mktemp("plant") / "plant.pcap"
    build(path)
    return path


@pytest.fixture(scope="session")
def long_plant(plant: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plant forty times over, each time with other addresses and ten minutes later."""
    path = tmp_path_factory.mktemp("long") / "long.pcap"
    path.write_bytes(repeated(plant.read_bytes(), 40))
    return path


@pytest.fixture(scope="session")
def clean(long_plant: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store into which the long capture was scanned without trouble."""
    folder = tmp_path_factory.mktemp("clean") / "store"
    scanned(folder, long_plant)
    return folder


def records(capture: bytes) -> list[tuple[int, int, bytes]]:
    """(second, microsecond, frame) of a little-endian pcap."""
    out, at = [], GLOBAL_HEADER
    while at < len(capture):
        second, micro, length, _ = struct.unpack_from("<4I", capture, at)
        out.append((second, micro, capture[at + RECORD_HEADER : at + RECORD_HEADER + length]))
        at += RECORD_HEADER + length
    return out


def written(header: bytes, frames: list[tuple[int, int, bytes]]) -> bytes:
    """A pcap of these frames."""
    packed = (struct.pack("<4I", s, us, len(frame), len(frame)) + frame for s, us, frame in frames)
    return header[:GLOBAL_HEADER] + b"".join(packed)


def repeated(capture: bytes, times: int) -> bytes:
    """A capture over and over, in 10.20.0.0/16, 10.21.0.0/16 … (checksums are left as they are)."""
    out = []
    for n in range(times):
        for second, micro, frame in records(capture):
            changed = bytearray(frame)
            for at in (26, 30) if frame[12:14] == b"\x08\x00" else ():
                if changed[at : at + 2] == b"\x0a\x14":
                    changed[at + 1] += n
            out.append((second + 600 * n, micro, bytes(changed)))
    return written(capture, out)


def scanned(store: Path, *captures: Path, **options: Any) -> pipeline.Result:
    """Scan into a store as the command does, with notable events and the packs unless said."""
    wanted = pipeline.Options(**{"events": "notable", "packs": True, **options})
    return pipeline.scan_into(open_store(f"sqlite://{store}", create=True), list(map(str, captures)), wanted)


def at(folder: Path) -> SqliteStore:
    """The store of a folder."""
    return SqliteStore(folder)


def tables(folder: Path) -> Tables:
    """Everything a store holds: all rows of all tables, and all events."""
    out: Tables = {}
    for path in (folder / "store.db", *sorted((folder / "events").glob("*.db"))):
        with closing(sqlite3.connect(path)) as db:
            names = [
                n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            ]
            for name in names:
                out[f"{path.name} {name}"] = sorted(db.execute(f"SELECT * FROM {name}"), key=repr)
    return out


def known(folder: Path) -> Tables:
    """What a store says, whatever the number of its runs and the time of its scans."""
    out = tables(folder)
    del out["store.db runs"]
    out["store.db sources"] = [(sha, site, part, doc) for sha, site, _, part, doc in out["store.db sources"]]
    return out


def renamed(folder: Path) -> dict[str, list[str]]:
    """Records by kind, sorted, every asset under its addresses: which of the ids that it could have is
    kept depends on what was known of it at first sight."""
    store = at(folder)
    names: dict[str, str] = {}
    for asset in store.documents("asset"):
        addresses = json.dumps([asset["site"], sorted(asset["mac"]), sorted(asset["ip"]), asset["other"]])
        assert addresses not in names.values()
        names |= dict.fromkeys((asset["id"], *asset["aliases"]), addresses)

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: names.get(v, v) if k == "asset" else named(v) for k, v in value.items()}
        return [named(v) for v in value] if isinstance(value, list) else value

    out = {}
    for kind in ("asset", "conversation", "credential", "operation"):
        docs = []
        for doc in map(named, store.documents(kind)):
            if kind == "asset":
                doc["id"] = names[doc["id"]]
                del doc["aliases"]
            docs.append(json.dumps(doc, sort_keys=True))
        out[kind] = sorted(docs)
    return out


def start(*arguments: str | Path, program: tuple[str, ...] = ("-m", "sentinel")) -> subprocess.Popen[str]:
    """`sentinel` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, *program, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
    )


def killed(process: subprocess.Popen[str]) -> str:
    """Kill -9, and what the process had said."""
    process.send_signal(signal.SIGKILL)
    assert process.stdout is not None
    assert process.stderr is not None
    # not communicate(): lines may stand in the buffer of readline() already
    with process.stdout, process.stderr:
        said = process.stdout.read()
    process.wait()
    return said


def namespace() -> tuple[str, ...]:
    """A command in front of another that gives it mounts of its own; empty where that is not allowed."""
    tool = shutil.which("unshare")
    for flags in ("-m", "-rm"):
        if tool and subprocess.run([tool, flags, "true"], capture_output=True, check=False).returncode == 0:
            return (tool, flags)
    return ()
