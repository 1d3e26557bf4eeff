"""What is harvested bit by bit is what one scan to the end gives; flows survive a restart."""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sentinel._native import Inventory, Scan
from sentinel.pipeline import RECORDS, Options, assess, derive
from sentinel.probes.runner import Runner, declared
from tests.corpus.files import captures

KEY = b"k" * 32
MAGIC = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)

Outcome = tuple[dict[str, list[bytes]], tuple[bytes, bytes]]


def records(inventory: Inventory) -> Outcome:
    """All records and counters, secrets by a keyed hash."""
    assess(inventory, Options(key=KEY))
    derive(inventory, [])
    return {kind: inventory.records(kind) for kind in RECORDS}, inventory.counters()


def steps(scan: Scan, budget: float = 5.0) -> Iterator[list[dict[str, Any]]]:
    """Runs a scan to its end; gives the events of each step."""
    runner = Runner(scan)
    done = False
    while not done:
        done = scan.step(budget)
        runner.turn()
        yield [json.loads(line) for line in scan.events().ndjson().splitlines()]


def whole(file: Path, events: str = "notable") -> Outcome:
    scan = Scan([file], events=events, declared=declared())
    for _ in steps(scan):
        pass
    return records(scan.finish())


def harvested(file: Path, seed: int, events: str, batch: int, workers: int) -> tuple[Outcome, int]:
    """The outcome of harvests at random points, every other one by way of bytes, and how many."""
    random = Random(seed)
    scan = Scan([file], events=events, declared=declared(), batch=batch, workers=workers)
    total, count = Inventory(), 0
    for _ in steps(scan, 0.0005):
        if random.random() < 0.5:
            continue
        harvest = scan.harvest()
        count += 1
        if count % 2:
            total.absorb(harvest)
        else:
            assess(harvest, Options(key=KEY))
            total.merge(harvest.observations())
    total.absorb(scan.finish())
    return records(total), count


DIVISIONS = ((1, 1), (7, 2), (256, 1))
"""Packets in a batch and workers."""


@pytest.mark.parametrize("events", ["none", "notable"])
def test_harvests_add_up_to_one_scan(plant: Path, events: str) -> None:
    expected = whole(plant, events)
    assert all(expected[0].values())
    for seed, (batch, workers) in enumerate(DIVISIONS):
        got, count = harvested(plant, seed, events, batch, workers)
        assert count > 2
        assert got == expected


@pytest.mark.corpus
def test_harvests_of_captures_add_up(corpus: Path) -> None:
    files = [f for f in captures(corpus) if f.stat().st_size < 200_000]
    harvests = 0
    for file in Random(5).sample(files, 60):
        expected = whole(file)
        for seed, (batch, workers) in enumerate(DIVISIONS):
            got, count = harvested(file, seed, "notable", batch, workers)
            harvests += count
            assert got == expected, file
    assert harvests > 100


def packets(file: Path) -> list[bytes]:
    """Records of a pcap file, each with its header."""
    from tests.corpus.files import records

    found = records(file.read_bytes())
    assert found is not None
    return found


def flows(events: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    """What tells of the ends of flows: ends, times and counters."""
    ends = (e for e in events if e["event.dataset"] == "sentinel.flow" and e["event.action"] == "flow")
    fields = (
        "source.ip", "source.port", "destination.ip", "destination.port", "network.transport",
        "network.protocol", "sentinel.flow.state", "sentinel.flow.history", "source.packets", "source.bytes",
        "destination.packets", "destination.bytes", "sentinel.flow.source_payload",
        "sentinel.flow.destination_payload", "event.start", "event.end", "network.community_id",
    )  # fmt: skip
    return Counter(tuple(e.get(f) for f in fields) for e in ends)


def operations(inventory: Inventory) -> Counter[tuple[str, ...]]:
    """How often each operation was seen."""
    out: Counter[tuple[str, ...]] = Counter()
    for line in inventory.records("operation"):
        doc = json.loads(line)
        ends = (doc[end].get("ip") or doc[end]["mac"] for end in ("client", "server"))
        key = (doc["protocol"], doc["name"], *ends, doc["outcome"])
        out[key] += doc["count"]
    return out


def rest(file: Path, count: int, folder: Path) -> Path:
    """A capture without its first packets."""
    path = folder / "rest.pcap"
    path.write_bytes(MAGIC + b"".join(packets(file)[count:]))
    return path


def test_flows_survive_a_restart(plant: Path, tmp_path: Path) -> None:
    scan = Scan([plant], events="all", declared=declared())
    expected = flows([e for some in steps(scan) for e in some])
    inventory = scan.finish()
    expected += flows([json.loads(line) for line in scan.events().ndjson().splitlines()])
    assess(inventory, Options(key=KEY))
    derive(inventory, [])
    asked = operations(inventory)
    assert len(expected) > 40
    random = Random(9)
    for _ in range(4):
        total = Inventory()
        scan = Scan([plant], events="all", declared=declared(), batch=random.choice((1, 5, 32)))
        runner = Runner(scan)
        seen: list[dict[str, Any]] = []
        cut = random.randrange(1, len(packets(plant)) - 500)
        while scan.progress()[0] < cut:
            assert not scan.step(1e-6)
            runner.turn()
            seen += [json.loads(line) for line in scan.events().ndjson().splitlines()]
        total.absorb(scan.harvest())
        saved = scan.save_flows()
        second = rest(plant, scan.progress()[0], tmp_path)
        scan = Scan([second], events="all", declared=declared())
        scan.load_flows(saved)
        seen += [e for some in steps(scan) for e in some]
        total.absorb(scan.finish())
        seen += [json.loads(line) for line in scan.events().ndjson().splitlines()]
        got = flows(seen)
        # one event for each flow, with its totals, its beginning and its direction
        assert got == expected
        ids = [e["event.id"] for e in seen]
        assert len(ids) == len(set(ids))
        assess(total, Options(key=KEY))
        derive(total, [])
        done = operations(total)
        # an exchange that the cut went through is lost or has no answer
        lost = sum((asked - done).values()), sum((done - asked).values())
        assert max(lost) <= 8, (asked - done, done - asked)
        wire = {kind: total.records(kind) for kind in ("asset", "conversation")}
        totals = [
            sum(json.loads(c)["packets"] for c in i.records("conversation")) for i in (total, inventory)
        ]
        assert totals[0] == totals[1]
        assert len(wire["asset"]) == len(inventory.records("asset"))


def test_saved_flows_that_are_damaged_are_refused(plant: Path) -> None:
    scan = Scan([plant], events="notable", batch=64)
    while scan.progress()[0] < 500:
        scan.step(0.0005)
    saved = scan.save_flows()
    fresh = Scan([plant], events="notable")
    for bad in (
        b"",
        b"SNTLFLW1",
        saved[:-1],
        saved[:200],
        b"x" + saved[1:],
        saved[:900] + b"?" + saved[901:],
    ):
        with pytest.raises(ValueError, match=r"^state of flows: [^\n]+$"):
            fresh.load_flows(bad)
    fresh.load_flows(saved)
    assert fresh.memory()[1] == scan.memory()[1] > 0
    with pytest.raises(ValueError, match="before the first packet"):
        fresh.load_flows(saved)
    # the same events and one scan after another: nothing was changed by what was refused
    assert fresh.save_flows()[:8] == b"SNTLFLW1"


def test_memory_stays_flat_over_identical_rounds(plant: Path, tmp_path: Path) -> None:
    """The same ten minutes again and again, a day apart each: what is held does not grow."""
    rounds = 24
    every = packets(plant)
    path = tmp_path / "rounds.pcap"
    with path.open("wb") as out:
        out.write(MAGIC)
        for n in range(rounds):
            for record in every:
                (second,) = struct.unpack_from("<I", record)
                out.write(struct.pack("<I", second + n * 86_400) + record[4:])
    scan = Scan([path], events="notable", declared=declared(), batch=512)
    total = Inventory()
    runner = Runner(scan)
    held: list[int] = []
    totals: list[int] = []
    done = False
    while not done:
        done = scan.step(0.002)
        runner.turn()
        scan.events()
        if scan.progress()[0] >= (len(held) + 1) * len(every):
            harvest = scan.harvest()
            assess(harvest, Options(key=KEY))
            total.absorb(harvest)
            held.append(scan.memory()[0])
            totals.append(total.bytes())
    assert len(held) >= rounds - 2
    early, late = held[4:10], held[-8:]
    assert max(late) <= max(early) * 1.02, held
    assert totals[-1] <= totals[5] * 1.02, totals
