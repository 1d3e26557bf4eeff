"""Alerts as they arrive: each once, by event time within a round, whatever is done to them meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from sentinel.store.elastic import arrivals
from sentinel.store.elastic.arrivals import Arrivals, Place
from sentinel.store.elastic.store import ElasticStore
from tests.centre import scenes
from tests.centre.centres import Room, room
from tests.conftest import Ran
from tests.elastic.server import Access

pytestmark = pytest.mark.elastic


@pytest.fixture(scope="module")
def here(elastic: Access, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with room(elastic, "test-centre-arrivals", tmp_path_factory.mktemp("arrivals")) as made:
        yield made


@pytest.fixture
def store(here: Room) -> Iterator[ElasticStore]:
    store = here.store("sensor")
    yield store
    store.close()


def all_of(reader: Arrivals) -> list[str]:
    """Ids of everything that is new, in order."""
    out: list[str] = []
    while (page := reader.page()) is not None:
        out += [json.loads(doc)["event.id"] for doc in page]
    return out


def test_each_once_in_order(store: ElasticStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "PAGE", 7)
    site = "order"

    def made(n: int, days: float) -> bytes:
        time = scenes.START + timedelta(days=days)
        return scenes.alert(n, time, 1, "10.0.0.1", "10.0.0.2", **{"sentinel.site": site})

    reader = Arrivals(store.client, store.layout, site)
    assert reader.page() is None
    with store.writer() as writer:
        # two months, the later first, and one of another site
        writer.append_alerts([made(100 + n, 40 + n / 100) for n in range(20)])
        writer.append_alerts([made(n, n / 100) for n in reversed(range(20))])
        writer.append_alerts([scenes.alert(999, scenes.START, 1, "10.0.0.1", "10.0.0.2")])
        first = reader.page()
        assert first is not None
        # taken up in the middle of a round, from what was kept
        kept = msgspec.msgpack.decode(msgspec.msgpack.encode(reader.kept()), type=Place)
        more = Arrivals(store.client, store.layout, site, kept)
        ids = [json.loads(doc)["event.id"] for doc in first] + all_of(more)
        assert ids == [f"{n:032x}" for n in [*range(20), *range(100, 120)]]
        # a word on an alert gives it a new number; a late one is new
        store.acknowledge(f"{3:032x}", "2026-03-02T07:00:00.000000Z", "me", "seen")
        writer.append_alerts([made(50, 0.5)])
        assert all_of(more) == [f"{50:032x}"]
        assert more.again == 1
        # one that is said something of before it is read is new all the same
        writer.append_alerts([made(51, 0.6)])
        store.acknowledge(f"{51:032x}", "2026-03-02T07:00:00.000000Z", "me", "seen")
        assert all_of(more) == [f"{51:032x}"]
        # an index that went and came again is another one
        store.client.json("DELETE", f"/{store.layout.alert_index('2026-04')}")
        assert all_of(more) == []
    assert all_of(Arrivals(store.client, store.layout, "default")) == [f"{999:032x}"]


def test_what_is_remembered_is_bounded(store: ElasticStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "REMEMBERED", 10)
    site = "bounded"
    some = [
        scenes.alert(
            5000 + n,
            scenes.START + timedelta(seconds=n),
            1,
            "10.0.0.1",
            "10.0.0.2",
            **{"sentinel.site": site},
        )
        for n in range(45)
    ]
    with store.writer() as writer:
        writer.append_alerts(some)
        reader = Arrivals(store.client, store.layout, site)
        assert len(all_of(reader)) == 45
        assert sum(map(len, reader.kept().seen)) <= 8 * 20
        store.acknowledge(f"{5000:032x}", "2026-03-02T07:00:00.000000Z", "me", "seen")
        store.acknowledge(f"{5044:032x}", "2026-03-02T07:00:00.000000Z", "me", "seen")
        assert all_of(reader) == []


@pytest.mark.parametrize(
    ("store_url", "line"),
    [
        (
            "sqlite:///tmp/x",
            "store.url: sqlite:///tmp/x: a centre needs the Elasticsearch its sensors write to",
        ),
        (None, "store.url: not set: a centre needs the Elasticsearch its sensors write to"),
    ],
)
def test_a_centre_needs_a_store_that_sensors_share(
    cli: Callable[..., Ran], store_url: str | None, line: str, tmp_path: Path
) -> None:
    ran = cli("collect", "--correlate", *(("--store", store_url) if store_url else ()))
    assert ran.code == 1
    assert ran.err.startswith(f"sentinel: {line}")
    assert ran.err.count("\n") == 1
