"""10,000 assets and 10 million events (`--events N`): how long a list, a page, a search take.

Each is measured as a command, start of the process included, and in process. `SENTINEL_BENCH_STORE` names
another store (https://…): it is filled and measured likewise.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench import _plan
from bench._documents import address, alerts, assets, events
from sentinel.model.store import Store
from sentinel.query import parse
from sentinel.store import open_store

EVENTS = 10_000_000
ASSETS = 10_000
ALERTS = 100_000
BATCH = 20_000
RUNS = 5
LIMIT = 0.3
"""Seconds that lists, pages and searches may take."""


def main() -> None:
    count = _plan.PLAN.events or EVENTS
    with TemporaryDirectory(prefix="sentinel-bench-") as folder:
        url = os.environ.get("SENTINEL_BENCH_STORE") or f"sqlite://{Path(folder) / 'store'}"
        store = open_store(url, create=True)
        start = time.perf_counter()
        some = _fill(store, count)
        print(
            f"{url}: {count:,} events, {ASSETS:,} assets, {ALERTS:,} alerts in {time.perf_counter() - start:,.0f} s"
        )
        _measure(store, some)
        _changes(store)


def _fill(store: Store, count: int) -> list[str]:
    """Returns ids of some events in the middle."""
    with store.writer() as writer:
        ids: list[str] = []
        for n, data in enumerate(events(count, BATCH)):
            writer.append_events(data)
            if n == count // BATCH // 2:
                ids = [line.split(b'"event.id":"')[1][:32].decode() for line in data.splitlines()[:60]]
        made = alerts(ALERTS, ids)
        for at in range(0, len(made), BATCH):
            writer.append_alerts(made[at : at + BATCH])
        writer.commit([], b"", set(), [], {"asset": assets(ASSETS)}, {})
    return ids


def _measure(store: Store, ids: list[str]) -> None:
    alert = next(store.alerts(newest=True))["event.id"]
    page = ("--limit", "50")
    inside: dict[str, tuple[tuple[str, ...], Callable[[], object]]] = {
        "assets list": (("assets", "list"), lambda: _take(store.documents("asset", limit=200))),
        "assets by query": (
            ("assets", "list", "--where", "vendor = abb AND level >= 3"),
            lambda: _take(store.documents("asset", parse("vendor = abb AND level >= 3"), limit=200)),
        ),
        "asset by address": (("assets", "show", address(7_777)), lambda: store.at_address(address(7_777))),
        "alerts list": (("alerts", "list"), lambda: _take(store.alerts(newest=True))),
        "alert show": (("alerts", "show", alert), lambda: store.detection("alert", alert)),
    }
    for query in (
        "event.severity >= 5",
        "rule.id = rule-42",
        f"source.ip = {address(99)}",
        f"destination.asset = a-{7_777:012x} AND event.severity >= 3",
        "@timestamp < 2026-01-13 AND event.severity = 5",
    ):
        inside[f"alerts, {query}"] = (
            ("alerts", "list", "--where", query),
            lambda query=query: _take(store.alerts(parse(query), newest=True)),  # type: ignore[misc]
        )
    for query in (
        f"source.ip = {address(4)}",
        f"source.ip = {address(4)} AND destination.ip = {address(5)}",
        "ot.action = diagnose",
        f"event.id = {ids[0]}",
        "@timestamp >= 2026-01-12T12:00:00Z AND ot.protocol = modbus",
        "ot.action = write",
    ):
        inside[f"events, {query}"] = (
            ("events", "search", query, *page),
            lambda query=query: list(islice(store.search(parse(query)), 51)),  # type: ignore[misc]
        )
    inside["events, the newest"] = (
        ("events", "search", *page),
        lambda: list(islice(store.search(newest=True), 51)),
    )
    inside["event.action, how many of each"] = (
        ("--version",),
        lambda: store.histogram("event", "event.action"),
    )
    for name, (arguments, work) in inside.items():
        command = [sys.executable, "-m", "sentinel", *arguments, "--store", store.url]
        if arguments == ("--version",):
            command = command[:4]
        whole, spent = _median(lambda: subprocess.run(command, check=True, capture_output=True))  # noqa: B023
        alone, _ = _median(work)
        verdict = "within" if whole < LIMIT else "OVER"
        print(
            f"  {name:72} command {whole * 1000:6,.0f} ms (CPU {spent * 1000:,.0f}), "
            f"in process {alone * 1000:7,.1f} ms ({verdict})"
        )
        _plan.PLAN.record(
            "store",
            **{
                name: {
                    "command_ms": round(whole * 1000),
                    "command_cpu_ms": round(spent * 1000),
                    "ms": round(alone * 1000, 1),
                }
            },
        )


def _changes(store: Store) -> None:
    """A checkpoint in which few assets changed."""
    changed = [(f"a-{n:012x}", asset) for n, asset in enumerate(assets(50))]
    with store.writer() as writer:
        spent, _ = _median(lambda: writer.update("asset", changed))
    print(f"  50 changed of {ASSETS:,} assets: {spent * 1000:,.1f} ms")
    _plan.PLAN.record("store", update_50_ms=round(spent * 1000, 1))


def _take(documents: Iterable[Any]) -> list[Any]:
    return list(islice(documents, 200))


def _median(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and seconds of CPU time of this process and of those it started."""
    spent = []
    for _ in range(RUNS):
        start, before = time.perf_counter(), sum(os.times()[:4])
        work()
        spent.append((time.perf_counter() - start, sum(os.times()[:4]) - before))
    return median(wall for wall, _ in spent), median(cpu for _, cpu in spent)
