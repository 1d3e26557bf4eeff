"""Events a second into a new embedded store, in batches as a scan hands them over."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import _plan
from sentinel.store import open_store

EVENTS = 200_000
BATCH = 2_000
START = 1_768_204_800


def batch(first: int) -> bytes:
    """Events of a plant's morning, ten a second."""
    lines = []
    for n in range(first, first + BATCH):
        clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + n // 10))
        lines.append(
            json.dumps(
                {
                    "@timestamp": f"{clock}.{n % 10 * 100_000:06}Z",
                    "event.id": hashlib.md5(b"%d" % n, usedforsecurity=False).hexdigest(),
                    "event.dataset": "sentinel.modbus",
                    "event.outcome": "success",
                    "source.ip": f"10.20.{n % 7}.{n % 200 + 1}",
                    "destination.ip": "10.20.1.20",
                    "destination.port": 502,
                    "ot.protocol": "modbus",
                    "ot.action": "write",
                    "ot.function.code": 6,
                    "ot.address.start": n % 4_000,
                }
            )
        )
    return ("\n".join(lines) + "\n").encode()


def main() -> None:
    batches = [batch(first) for first in range(0, EVENTS, BATCH)]
    with TemporaryDirectory(prefix="sentinel-bench-") as folder:
        store = open_store(f"sqlite://{Path(folder) / 'store'}", create=True)
        with store.writer() as writer:
            start, cpu = time.perf_counter(), time.process_time()
            new = sum(writer.append_events(data).new for data in batches)
            wall, cpu = time.perf_counter() - start, time.process_time() - cpu
            again = time.perf_counter()
            twice = writer.append_events(batches[0]).new
            again = time.perf_counter() - again
    print(f"{new:,} events: {new / wall:,.0f} a second ({new / cpu:,.0f} a CPU second)")
    print(f"{BATCH:,} of them again: {twice} new, {BATCH / again:,.0f} a second")
    _plan.PLAN.record("append", events_per_s=round(new / wall), events_per_cpu_s=round(new / cpu))
