"""Events a second into a new embedded store, sustained, in batches as the collector hands them over.

Between any two of 10,000 hosts: nothing that is written over and over stays in a cache. `--events N` says
how many (one day of event time holds them). Then with rules: a second thread has every event meet 1,000
rules, as the collector does.
"""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import _plan
from bench._documents import events
from sentinel._native import EventBatch, Watch
from sentinel.rules import loader
from sentinel.store import open_store

EVENTS = 1_000_000
BATCH = 5_000
TOLD = 1_000_000
"""Events after which the rate is said."""
RULES = 1_000


def main() -> None:
    count = _plan.PLAN.events or EVENTS
    with TemporaryDirectory(prefix="sentinel-bench-") as folder:
        store = open_store(f"sqlite://{Path(folder) / 'store'}", create=True)
        wall = cpu = last = 0.0
        done = 0
        with store.writer() as writer:
            for data in events(count, BATCH):
                start, used = time.perf_counter(), time.process_time()
                done += writer.append_events(data).new
                wall, cpu = wall + time.perf_counter() - start, cpu + time.process_time() - used
                if done % TOLD == 0:
                    rate = TOLD / (wall - last)
                    print(f"  {done:,} events: the last {TOLD:,} at {rate:,.0f} a second")
                    last = wall
            again = time.perf_counter()
            twice = writer.append_events(data).new
            again = time.perf_counter() - again
        print(f"{done:,} events: {done / wall:,.0f} a second ({done / cpu:,.0f} a CPU second)")
        print(
            f"  {BATCH:,} of them again: {twice} new, {BATCH / again:,.0f} a second; {store.size() / done:,.0f} bytes each"
        )
        _plan.PLAN.record(
            "append", events=done, events_per_s=round(done / wall), events_per_cpu_s=round(done / cpu)
        )
    with TemporaryDirectory(prefix="sentinel-bench-") as folder:
        _with_rules(Path(folder), min(count, EVENTS))


def _with_rules(folder: Path, count: int) -> None:
    """The same with 1,000 rules on; the batches are made first."""
    watch = Watch(_rules(), pipelines=loader.pipelines())
    batches = list(events(count, BATCH))
    ready: queue.Queue[EventBatch | None] = queue.Queue(8)
    written = 0
    store = open_store(f"sqlite://{folder / 'store'}", create=True)

    def meet() -> None:
        for data in batches:
            ready.put(watch.feed_lines(data))
        ready.put(watch.finish())
        ready.put(None)

    start, used = time.perf_counter(), time.process_time()
    thread = threading.Thread(target=meet)
    thread.start()
    with store.writer() as writer:
        while (batch := ready.get()) is not None:
            written += writer.append_events(batch).new
    wall, cpu = time.perf_counter() - start, time.process_time() - used
    thread.join()
    print(f"{written:,} events with {len(watch):,} rules on, from JSON lines: {written / wall:,.0f} a second "
          f"({written / cpu:,.0f} a CPU second)")  # fmt: skip
    _plan.PLAN.record("append", rules=len(watch), with_rules_per_s=round(written / wall))


def _rules() -> list[loader.RuleFile]:
    """The packs, and rules of their kind until there are 1,000."""
    rules = loader.pack_rules()
    for n in range(RULES - len(rules)):
        text = f"""
title: Write of register {n}
id: 00000000-0000-4000-8000-{n:012d}
status: test
logsource: {{category: ot}}
detection:
  selection: {{ot.protocol: modbus, ot.action: write, ot.address.start: {n + 5000}}}
  hosts: {{source.ip|cidr: 10.{n % 200}.0.0/16}}
  condition: selection and not hosts
level: medium
"""
        rules.append((f"made-{n}.yml", text.encode()))
    return rules
