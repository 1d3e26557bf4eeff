"""Sigma rules: events a second beside bare rsigma-eval and pySigma's SQLite backend, one core.

All of SigmaHQ's rules (the archive beside the evaluation captures) and all packs are loaded. Events are
made here: logs as Zeek writes them, and process creations of Windows.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import _plan
from sentinel._native import Watch
from sentinel.rules import loader

ROOT = Path(__file__).resolve().parent.parent
EVENTS = {"zeek": 20_000, "windows": 2_000}
SLOW = 60
"""Events pySigma's backend is given: it takes milliseconds for each."""


def main() -> None:
    with TemporaryDirectory(prefix="sentinel-bench-") as name:
        folder = Path(name)
        rules = _rules(folder / "rules")
        made = {kind: _write(folder / f"{kind}.ndjson", kind, count) for kind, count in EVENTS.items()}
        for line in _inside(folder / "rules", list(made.values())).splitlines():
            _tell(json.loads(line), rules)


def _rules(folder: Path) -> list[loader.RuleFile]:
    """Rules for both sides: read, and written below `folder`."""
    corpus = os.environ.get("SENTINEL_CORPUS")
    shared = Path(corpus).parent if corpus else ROOT.parent / "shared"
    rules = loader.pack_rules()
    archive = shared / "sigma" / "sigmahq-rules.tar.gz"
    if archive.is_file():
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.name.endswith(".yml") and (file := tar.extractfile(member)):
                    rules.append((member.name, file.read()))
    else:
        print(f"{archive}: not there, so the packs alone are loaded")
    for number, (_, text) in enumerate(rules):
        path = folder / f"{number:05}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text)
    return rules


def _inside(rules: Path, events: list[Path]) -> str:
    """What the example `rules_bench` says of the same rules and events inside Rust."""
    if _plan.PLAN.build:
        build = [
            "cargo",
            "build",
            "--release",
            "--quiet",
            "-p",
            "sentinel-detect",
            "--example",
            "rules_bench",
        ]
        subprocess.run(build, cwd=ROOT, check=True)
    program = ROOT / "target" / "release" / "examples" / "rules_bench"
    return subprocess.run([program, rules, *events], check=True, capture_output=True, text=True).stdout


def _tell(inside: dict[str, Any], rules: list[loader.RuleFile]) -> None:
    path = Path(inside["file"])
    ours, bare, whole = (inside[key] for key in ("ours_per_s", "rsigma_per_s", "from_json_per_s"))
    count, load = inside["rules"], inside["load_s"]
    print(f"{path.stem}: {inside['events']:,} events, {count:,} rules ({load:.2f} s to load)")
    print(f"  inside Rust: {ours:,.0f} events/s, bare rsigma-eval {bare:,.0f}: ratio {ours / bare:.2f}")
    before = _memory()
    watch = Watch(rules, pipelines=loader.pipelines())
    data = path.read_bytes()
    watch.count(data)
    held = _memory() - before
    through = _rate(inside["events"], lambda: watch.count(data))
    print(
        f"  from JSON lines: inside Rust {whole:,.0f}/s, through Python {through:,.0f}/s: "
        f"ratio {through / whole:.2f} ({through / ours:.2f} of events that are parsed already)"
    )
    print(f"  memory: about {held / max(len(watch), 1) * 1024:.0f} KiB a rule")
    numbers = {"inside": ours, "rsigma": bare, "python": through, "from_json": whole}
    slow = _sqlite(rules, data)
    if slow is not None:
        print(f"  pySigma's SQLite backend: {slow:,.0f} events/s: ratio {through / slow:,.0f}")
        numbers["sqlite"] = slow
    _plan.PLAN.record("rules", **{path.stem: {name: round(value) for name, value in numbers.items()}})


def _rate(number: int, work: Callable[[], object]) -> float:
    """Events a second of CPU time: others at work on the machine do not count."""
    start, spent, rounds = time.perf_counter(), time.thread_time(), 0
    while time.perf_counter() - start < 1.5:
        work()
        rounds += 1
    return number * rounds / (time.thread_time() - spent)


def _memory() -> float:
    """MiB this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _sqlite(rules: list[loader.RuleFile], data: bytes) -> float | None:
    """Events a second of pySigma's SQLite backend in memory; None where it is not installed."""
    try:
        from sigma.backends.sqlite import sqliteBackend  # type: ignore[import-not-found,unused-ignore]
        from sigma.collection import SigmaCollection
    except ImportError:
        print("  pySigma's SQLite backend: not installed (pysigma-backend-sqlite)")
        return None
    import sqlite3

    events = [json.loads(line) for line in data.splitlines()[:SLOW]]
    backend = sqliteBackend()
    queries = []
    for _, text in rules:
        collection = SigmaCollection.from_yaml(text.decode(), collect_errors=True)
        try:
            queries += backend.convert(collection)
        except Exception:  # noqa: BLE001
            continue
    db = sqlite3.connect(":memory:")
    names = sorted({name for event in events for name in event})
    columns = ", ".join('"' + name + '"' for name in names)
    db.execute(f"CREATE TABLE logs ({columns})")
    rows = [[json.dumps(v) if isinstance(v := event.get(n), list) else v for n in names] for event in events]
    db.executemany(f"INSERT INTO logs VALUES ({', '.join('?' * len(names))})", rows)
    usable = [q.replace("<TABLE_NAME>", "logs") for q in queries]
    start = time.thread_time()
    for query in usable:
        try:
            db.execute(query).fetchall()
        except sqlite3.Error:
            continue
    return len(events) / (time.thread_time() - start)


def _write(path: Path, kind: str, count: int) -> Path:
    generator = random.Random(1)
    make = _zeek if kind == "zeek" else _windows
    lines = (json.dumps(make(generator, number)) for number in range(count))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _zeek(g: random.Random, n: int) -> dict[str, Any]:
    """A line of a log as Zeek writes it: connections, names, web, TLS, files on a server."""
    kind = ("conn", "conn", "dns", "http", "ssl", "smb_files")[n % 6]
    event: dict[str, Any] = {
        "event.dataset": f"zeek.{kind}",
        "ts": 1_700_000_000 + n / 50,
        "uid": f"C{g.getrandbits(60):x}",
        "id.orig_h": f"10.1.{g.randrange(4)}.{g.randrange(1, 250)}",
        "id.orig_p": g.randrange(1024, 65_536),
        "id.resp_h": f"10.2.0.{g.randrange(1, 250)}",
        "id.resp_p": {"dns": 53, "http": 80, "ssl": 443, "smb_files": 445}.get(kind, 502),
    }
    host = f"{g.choice(['www', 'mail', 'update', 'cdn'])}.site{g.randrange(900)}.example"
    more: dict[str, dict[str, Any]] = {
        "conn": {
            "proto": "tcp",
            "service": "modbus",
            "duration": g.random(),
            "orig_bytes": g.randrange(5_000),
            "resp_bytes": g.randrange(50_000),
            "conn_state": "SF",
            "history": "ShADadFf",
            "orig_pkts": 9,
            "resp_pkts": 12,
        },
        "dns": {
            "proto": "udp",
            "query": host,
            "qtype_name": "A",
            "rcode_name": "NOERROR",
            "answers": ["192.0.2.7", "192.0.2.8"],
            "rejected": False,
            "Z": 0,
        },
        "http": {
            "method": "GET",
            "host": host,
            "uri": f"/items/{g.randrange(9_999)}?page=2",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
            "status_code": 200,
            "resp_mime_types": ["text/html"],
            "request_body_len": 0,
            "response_body_len": 5120,
        },
        "ssl": {
            "version": "TLSv12",
            "cipher": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "server_name": host,
            "established": True,
            "resumed": False,
        },
        "smb_files": {
            "action": "SMB::FILE_OPEN",
            "path": "\\\\fs1\\public",
            "name": f"plan{n}.xlsx",
            "size": n,
        },
    }
    return event | more[kind]


def _windows(g: random.Random, n: int) -> dict[str, Any]:
    """A process creation as Sysmon writes it, about 1.2 KB."""
    image = g.choice(
        ["svchost.exe", "conhost.exe", "chrome.exe", "powershell.exe", "winword.exe", "rundll32.exe"]
    )
    user = f"PLANT\\operator{g.randrange(40)}"
    return {
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "EventID": 1,
        "Computer": f"hmi{g.randrange(30)}.plant.example",
        "UtcTime": "2024-03-05 06:07:08.123",
        "ProcessGuid": f"{{{g.getrandbits(128):032x}}}",
        "ProcessId": g.randrange(9_999),
        "Image": f"C:\\Windows\\System32\\{image}",
        "FileVersion": "10.0.19041.1 (WinBuild.160101.0800)",
        "Description": "Host Process for Windows Services and their many configured friends",
        "Product": "Microsoft Windows Operating System",
        "Company": "Microsoft Corporation",
        "OriginalFileName": image,
        "CommandLine": f'"C:\\Windows\\System32\\{image}" -k netsvcs -p -s Schedule --run {n} '
        f"--profile default --data C:\\ProgramData\\Plant\\{g.getrandbits(64):x} "
        f"--log C:\\Logs\\{image}.log --level info",
        "CurrentDirectory": "C:\\Windows\\system32\\",
        "User": user,
        "LogonGuid": f"{{{g.getrandbits(128):032x}}}",
        "LogonId": "0x3e7",
        "TerminalSessionId": 0,
        "IntegrityLevel": "System",
        "Hashes": f"SHA256={g.getrandbits(256):064X},IMPHASH={g.getrandbits(128):032X}",
        "ParentProcessGuid": f"{{{g.getrandbits(128):032x}}}",
        "ParentProcessId": 704,
        "ParentImage": "C:\\Windows\\System32\\services.exe",
        "ParentCommandLine": "C:\\Windows\\system32\\services.exe",
        "ParentUser": user,
    }
