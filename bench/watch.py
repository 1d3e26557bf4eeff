"""The watch of the collector with 1,000 rules on: events a second of one core, chains, a snapshot.

Events are our own, of the workload's packets (`all` of them); rules are the packs and SigmaHQ's, those on networks
and the web first. Only the rules' work is timed: CPU time of the thread, without the wire stage.
"""

from __future__ import annotations

import os
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from bench import _alerts, _plan, _workload
from sentinel._native import Chains, EventBatch, Scan, Watch
from sentinel.rules import chains, loader

RULES = 1_000
EVENTS = 1_000_000
HELD = 200_000
COPIES = 5
"""Times the red teams' alerts are handed over."""
T = TypeVar("T")


def rules(most: int = RULES) -> list[loader.RuleFile]:
    """The packs, and SigmaHQ's rules up to so many rules in all."""
    found = loader.pack_rules()
    archive = _shared() / "sigma" / "sigmahq-rules.tar.gz"
    if not archive.is_file():
        print(f"{archive}: not there, so the packs alone are at work")
        return found
    with tarfile.open(archive) as tar:
        members = [m for m in tar.getmembers() if m.name.endswith(".yml")]
        near = ("rules/network/", "rules/web/", "rules/application/")
        members.sort(key=lambda m: (not m.name.startswith(near), m.name))
        have = len(Watch(found))
        for member in members[: max(0, most - have)]:
            file = tar.extractfile(member)
            if file is not None:
                found.append((member.name, file.read()))
    return found


def _shared() -> Path:
    corpus = os.environ.get("SENTINEL_CORPUS")
    return Path(corpus).parent if corpus else Path(__file__).resolve().parent.parent.parent / "shared"


def batches(most: int) -> Iterator[EventBatch]:
    """Events of the workload, up to so many."""
    capture = _plan.PLAN.capture or _workload.workload(_plan.PLAN.packets)
    run = Scan([str(capture)], events="all", sha256=False)
    count, done = 0, False
    while not done and count < most:
        done = run.step(0.05)
        batch = run.events()
        count += len(batch)
        yield batch
    run.stop()


class Clock:
    """CPU time of this thread spent in what is called through it."""

    def __init__(self) -> None:
        self.spent = 0.0

    def __call__(self, work: Callable[..., T], *given: Any) -> T:
        start = time.thread_time()
        try:
            return work(*given)
        finally:
            self.spent += time.thread_time() - start


def stream(files: list[loader.RuleFile]) -> None:
    watch = Watch(files, pipelines=loader.pipelines(), lateness=10.0)
    engine = chains.make()
    feeding, joining = Clock(), Clock()
    events = alerts = 0
    for batch in batches(EVENTS):
        events += len(batch)
        feeding(watch.feed, batch)
        made = watch.take_alerts()
        alerts += len(made)
        joining(engine.feed_batch, made)
    feeding(watch.finish)
    rate = events / feeding.spent
    print(f"{events:,} events, {len(watch):,} rules: {rate:,.0f} events/s of one core, {alerts:,} alerts")
    print(f"  chains: {joining.spent:.2f} s more for all alerts")
    _plan.PLAN.record("watch", rules=len(watch), events_per_s=round(rate), alerts=alerts)


def snapshots(files: list[loader.RuleFile]) -> None:
    watch = Watch(files, pipelines=loader.pipelines(), lateness=86_400.0 * 300)
    held = 0
    for batch in batches(HELD):
        held += len(batch)
        watch.feed(batch)
    taking, giving = Clock(), Clock()
    saved = taking(watch.snapshot)
    other = Watch(files, pipelines=loader.pipelines())
    giving(other.restore, saved)
    print(
        f"  snapshot with {held:,} events held back: {taking.spent:.2f} s, {len(saved) / 2**20:.1f} MiB, "
        f"restored in {giving.spent:.2f} s"
    )
    _plan.PLAN.record("watch", snapshot_s=taking.spent, snapshot_octets=len(saved), restore_s=giving.spent)


def handover() -> None:
    """Alerts of the red teams through a watch into chains: as documents, and handed over."""
    if not _alerts.FOLDER.is_dir():
        print(f"no alerts in {_alerts.FOLDER}: handing over is not measured")
        return
    lines = b"\n".join(_alerts.stream().alerts)
    numbers = {}
    told: list[list[bytes]] = []
    for name, by_document in (("documents", True), ("handed_over", False)):
        clock, count = Clock(), 0
        for _ in range(COPIES):
            watch, engine = Watch([], lateness=0.0), chains.make()

            def work(watch: Watch = watch, engine: Chains = engine, doc: bool = by_document) -> int:
                watch.feed_lines(lines)
                watch.finish()
                if doc:
                    made = watch.alerts()
                    engine.feed(made)
                    return len(made)
                batch = watch.take_alerts()
                engine.feed_batch(batch)
                return len(batch)

            count += clock(work)
            engine.finish()
        told.append(engine.all())
        numbers[name] = round(count / clock.spent)
    same = "the same chains" if told[0] == told[1] else "OTHER CHAINS"
    ratio = numbers["handed_over"] / numbers["documents"]
    print(
        f"  alerts through the watch into chains: {numbers['documents']:,}/s as documents, "
        f"{numbers['handed_over']:,}/s handed over: ratio {ratio:.2f}, {same}"
    )
    _plan.PLAN.record("watch", **numbers)


def main() -> None:
    files = rules()
    stream(files)
    snapshots(files)
    handover()
