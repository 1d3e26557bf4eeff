"""The same chains come out of many sensors as from one that saw all, whatever happens to the centre."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sentinel.rules import chains
from tests.centre import scenes
from tests.centre.centres import room, until
from tests.elastic.server import Access

pytestmark = pytest.mark.elastic
SLOTS = 30
SENSORS = ("north", "south", "west")


def expected(alerts: list[bytes], assets: bytes = b"[]") -> dict[str, dict[str, Any]]:
    """Chains of one engine that is given all."""
    engine = chains.make()
    engine.assets(assets)
    engine.feed(alerts)
    engine.finish()
    return {chain["id"]: chain for chain in chains.records(engine.all())}


def slotted(alerts: list[bytes]) -> tuple[list[list[bytes]], float]:
    """Alerts by slots of time, and the seconds of one."""
    times = [datetime.fromisoformat(json.loads(a)["@timestamp"]).timestamp() for a in alerts]
    first, width = min(times), (max(times) - min(times)) / SLOTS + 0.001
    out: list[list[bytes]] = [[] for _ in range(SLOTS)]
    for time, one in zip(times, alerts, strict=True):
        out[int((time - first) / width)].append(one)
    return out, width


def test_killed_again_and_again(elastic: Access, tmp_path: Path) -> None:
    alerts = scenes.intrusions(7, 2000)
    wanted = expected([*alerts, scenes.last(alerts)])
    assert len(wanted) > 5
    slots, width = slotted(alerts)
    chance = random.Random(3)
    shares: list[list[list[bytes]]] = [[[] for _ in range(SLOTS + len(SENSORS))] for _ in SENSORS]
    for n, some in enumerate(slots):
        for one in some:
            sensor = chance.randrange(len(SENSORS))
            # each sensor is later than the one before it
            shares[sensor][n + sensor].append(one)
    kills = set(chance.sample(range(3, SLOTS), 3))
    with room(elastic, "test-centre-kills", tmp_path, lateness=width * (len(SENSORS) + 2)) as here:
        here.start("a")
        here.start("b")
        killed = 0
        with ExitStack() as open_ones, ThreadPoolExecutor(len(SENSORS)) as pool:
            writers = []
            for name in SENSORS:
                store = here.store(name)
                open_ones.callback(store.close)
                writers.append(open_ones.enter_context(store.writer()))

            def write(sensor: int, slot: int) -> None:
                some = shares[sensor][slot]
                random.Random(slot).shuffle(some)
                for at in range(0, len(some), 11):
                    writers[sensor].append_alerts(some[at : at + 11])

            for n in range(SLOTS + len(SENSORS)):
                writing = [pool.submit(write, sensor, n) for sensor in range(len(SENSORS))]
                if n in kills:
                    leader = until(here.leader, "somebody leads")
                    leader.kill()
                    killed += 1
                    here.start(f"{leader.name}{killed}")
                for done in writing:
                    done.result()
            writers[0].append_alerts([scenes.last(alerts)])
        until(lambda: here.chains() == wanted, "the chains are those of one engine")
        assert killed == len(kills)
