"""Suricata's EVE and Zeek's logs to events: lines a second on one core.

The lines are made here: alerts of some 60 signatures between 2,000 hosts, connections of the same. What is
measured is the native run over a file (reading, hashing, JSON or TSV, fields, tactics, inventory) and the
same with the events written out as NDJSON.
"""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import _plan

LINES = 300_000
WORDS = ("SCAN Nmap probe", "WEB_SERVER possible SQL Injection", "EXPLOIT overflow attempt", "POLICY curl",
         "MALWARE CnC beacon", "ATTACK_RESPONSE id check returned root")  # fmt: skip


def main() -> None:
    with TemporaryDirectory(prefix="sentinel-bench-") as folder:
        for name, write in (("eve.json", _eve), ("conn.log", _conn)):
            path = Path(folder) / name
            write(path)
            for what, out in (("to events", False), ("to events, written as NDJSON", True)):
                spent = sorted(_run(path, out) for _ in range(_plan.PLAN.runs))
                middle = spent[len(spent) // 2]
                print(
                    f"{name} {what}: {LINES / middle:,.0f} lines/s "
                    f"({path.stat().st_size / middle / 1e6:,.0f} MB/s, {middle:.2f} s of CPU)"
                )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory at its highest: {peak / 1024:,.0f} MiB")


def _run(path: Path, out: bool) -> float:
    from sentinel._native import Logs

    begin = time.process_time()
    logs = Logs([path])
    lines = 0
    done = False
    while not done:
        done = logs.step(1.0)
        batch = logs.events()
        lines += len(batch)
        if out:
            batch.ndjson()
    logs.finish()
    assert lines == LINES, lines
    return time.process_time() - begin


def _host(n: int) -> str:
    return f"10.{n % 2000 // 250}.{n % 7}.{n % 250 + 1}"


def _eve(path: Path) -> None:
    with path.open("w") as file:
        for n in range(LINES):
            signature = f"BENCH {WORDS[n % len(WORDS)]} {n % 61}"
            event = {
                "timestamp": f"2024-03-01T{n // 36000 % 24:02}:{n // 600 % 60:02}:{n // 10 % 60:02}.{n % 10}00000+0000",
                "flow_id": 10**15 + n,
                "in_iface": "eth0",
                "event_type": "alert",
                "src_ip": _host(n * 17),
                "src_port": 1024 + n % 60000,
                "dest_ip": _host(n * 31 + 5),
                "dest_port": (80, 443, 502, 102)[n % 4],
                "proto": "TCP",
                "app_proto": "http",
                "alert": {
                    "action": "allowed", "gid": 1, "signature_id": 1_000_000 + n % 366, "rev": 3,
                    "signature": signature, "category": "Misc activity", "severity": n % 3 + 1,
                },
                "flow": {"pkts_toserver": 4, "pkts_toclient": 3, "bytes_toserver": 400, "bytes_toclient": 300},
                "payload": "R0VUIC8gSFRUUC8xLjENCkhvc3Q6IGV4YW1wbGUNCg==" * 2,
                "stream": 0,
            }  # fmt: skip
            file.write(json.dumps(event, separators=(",", ":")) + "\n")


def _conn(path: Path) -> None:
    fields = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state"
    more = " missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes"
    types = "time string addr port addr port enum string interval count count string"
    with path.open("w") as file:
        file.write(
            "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
        )
        file.write("#fields\t" + (fields + more).replace(" ", "\t") + "\n")
        file.write("#types\t" + (types + " count string count count count count").replace(" ", "\t") + "\n")
        for n in range(LINES):
            at = 1_709_251_200 + n / 10
            ends = f"{_host(n * 17)}\t{1024 + n % 60000}\t{_host(n * 31 + 5)}\t502"
            file.write(
                f"{at:.6f}\tC{n:x}\t{ends}\ttcp\tmodbus\t0.5\t120\t240\tSF\t0\tShAdDaFf\t6\t400\t5\t460\n"
            )
