"""The inventory of months: bounded, asset ids stay, a store is told what changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel._native import Inventory, Scan
from sentinel.inventory.meaning import describe_all
from sentinel.pipeline import RECORDS, Options, assess
from tests.inventory.many import START, write

Made = Callable[..., Inventory]


@pytest.fixture
def harvest(tmp_path: Path) -> Made:
    """Observations of devices and the strangers they ask."""

    def made(devices: int, strangers: int = 0, hour: int = 0, first: int = 1) -> Inventory:
        path = write(tmp_path / "some.pcap", devices, strangers, START + hour * 3600, first)
        scan = Scan([path], events="none", sha256=False)
        while not scan.step(5.0):
            pass
        inventory = scan.finish()
        assess(inventory, Options(key=b"k" * 32))
        return inventory

    return made


class Asked:
    """Python's word on profiles, and how often it was asked for."""

    def __init__(self) -> None:
        self.profiles = 0

    def describe(self, profiles: bytes) -> bytes:
        self.profiles += len(json.loads(profiles))
        return describe_all(profiles)

    def makers(self, macs: list[bytes]) -> list[str | None]:
        return [None] * len(macs)


def ids(total: Inventory) -> dict[str, str]:
    """Asset ids by address."""
    docs = [json.loads(line) for line in total.records("asset")]
    return {ip: doc["id"] for doc in docs for ip in doc["ip"]}


def limits(total: Inventory) -> dict[str, int]:
    out: dict[str, int] = json.loads(total.counters()[0])
    return out


def test_real_devices_stay_when_strangers_come(harvest: Made) -> None:
    total, asked = Inventory(), Asked()
    for table, most in (("hosts", 2000), ("conversations", 1500), ("services", 1500), ("bindings", 1500)):
        total.limit(table, most)
    total.absorb(harvest(20))
    total.update(asked.describe, asked.makers)
    before = ids(total)
    devices = {ip for ip in before if ip.startswith("10.1.")}
    assert len(devices) == 20
    sizes = []
    for hour in range(1, 25):
        # one device alone goes on, and asks a thousand others
        total.absorb(harvest(1, 1000, hour, first=1 + hour % 2 * 30))
        sizes.append(total.bytes())
        counts = dict(total.totals())
        assert counts["conversations"] <= 1500
    total.update(asked.describe, asked.makers)
    after = ids(total)
    assert devices <= after.keys()
    assert {ip: after[ip] for ip in devices} == {ip: before[ip] for ip in devices}
    assert limits(total)["evicted_hosts"] > 1000
    assert limits(total)["evicted_conversations"] > 1000
    assert max(sizes[12:]) <= max(sizes[:12]) * 1.05


def test_an_asset_that_comes_back_has_its_old_id(harvest: Made) -> None:
    total, asked = Inventory(), Asked()
    total.limit("hosts", 60)
    total.absorb(harvest(10))
    total.update(asked.describe, asked.makers)
    old = ids(total)
    for hour in range(1, 6):
        total.absorb(harvest(25, 0, hour, first=100 + 25 * hour))
        total.update(asked.describe, asked.makers)
    assert not old.keys() & {
        ip for ip in ids(total) if ip.startswith("10.1.0.") and int(ip.split(".")[3]) <= 10
    }
    total.absorb(harvest(10, 0, 9))
    total.update(asked.describe, asked.makers)
    new = ids(total)
    assert {ip: new[ip] for ip in old if ip in new and ip != "10.0.0.1"} == {
        ip: id for ip, id in old.items() if ip != "10.0.0.1"
    }


def test_python_is_asked_once_for_a_profile(harvest: Made) -> None:
    total, asked = Inventory(), Asked()
    total.absorb(harvest(200))
    total.update(asked.describe, asked.makers)
    first = asked.profiles
    assert 0 < first < 200
    total.update(asked.describe, asked.makers)
    assert asked.profiles == first
    total.absorb(harvest(3, 0, 1))
    total.update(asked.describe, asked.makers)
    assert asked.profiles <= first + 4


def test_a_store_is_told_what_changed(harvest: Made) -> None:
    total, asked = Inventory(), Asked()
    store: dict[str, dict[str, bytes]] = {kind: {} for kind in RECORDS}
    total.limit("hosts", 150)
    told = []
    for hour, (devices, first) in enumerate([(50, 1), (1, 7), (0, 0), (40, 200), (60, 300)]):
        if devices:
            total.absorb(harvest(devices, 0, hour, first))
        total.update(asked.describe, asked.makers)
        count = 0
        for kind in RECORDS:
            docs, gone = total.records_changed(kind)
            # a store that was away is told again
            assert total.records_changed(kind) == (docs, gone)
            total.kept(kind)
            store[kind].update(docs)
            for key in gone:
                del store[kind][key]
            assert sorted(store[kind].values()) == sorted(total.records(kind))
            assert kind != "asset" or all(json.loads(doc)["id"] == key for key, doc in docs)
            count += len(docs)
        told.append(count)
    assert told[0] > 100
    # of one device: itself and its client, their conversation, what was done
    assert 0 < told[1] <= 8
    assert told[2] == 0
    with pytest.raises(ValueError, match="no record kind 'thing'"):
        total.records_changed("thing")


def test_bounds_are_named(harvest: Made) -> None:
    total = Inventory()
    with pytest.raises(ValueError, match="no table 'things' of an inventory"):
        total.limit("things", 5)
    total.limit("facts_per_host", 8)
    total.absorb(harvest(5))
    assert dict(total.totals())["conversations"] >= 5
