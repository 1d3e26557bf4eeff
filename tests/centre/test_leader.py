"""One leader at a time: leases, take-over, and a leader that was stopped and goes on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel.collector.check import patiently
from sentinel.errors import StoreAwayError
from sentinel.store.elastic.bulk import Bulk
from sentinel.store.elastic.fenced import Fenced
from sentinel.store.elastic.lease import Lease, LeaseLostError
from sentinel.store.elastic.mappings import KEPT
from sentinel.store.elastic.store import ElasticStore
from tests.centre import scenes
from tests.centre.centres import Room, room, until
from tests.centre.test_same import expected
from tests.elastic.server import Access

pytestmark = pytest.mark.elastic


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def here(elastic: Access, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with room(elastic, "test-centre-lease", tmp_path_factory.mktemp("lease")) as made:
        yield made


@pytest.fixture
def store(here: Room) -> Iterator[ElasticStore]:
    store = patiently(here.store)
    yield store
    store.close()


def leases(store: ElasticStore, site: str, clock: Clock, count: int = 2) -> list[Lease]:
    return [Lease(store.client, store.layout, site, 10, clock=clock) for _ in range(count)]


def test_a_silent_leader_is_followed_by_its_followers_clock(store: ElasticStore) -> None:
    clock = Clock()
    one, two = leases(store, "silent", clock)
    assert one.take()
    assert (one.epoch, one.held()) == (1, True)
    assert not two.take()
    assert two.leader == one.leader
    clock.now += 9.5
    assert not one.held(), "it stops before another may begin"
    with pytest.raises(StoreAwayError):
        one.check()
    assert not two.take()
    one.renew()
    assert one.held()
    clock.now += 9.9
    assert not two.take(), "the document changed meanwhile"
    clock.now += 10
    assert two.take()
    assert two.epoch == 2
    with pytest.raises(LeaseLostError):
        one.renew()
    with pytest.raises(LeaseLostError):
        one.check()


def test_a_lease_that_is_given_back_is_free_at_once(store: ElasticStore) -> None:
    one, two = leases(store, "given back", Clock())
    assert one.take()
    one.renew(saved=1, at_once=True)
    one.give_back()
    assert not one.held()
    assert two.take()
    assert (two.epoch, two.saved) == (2, 1)


def test_of_many_who_try_at_once_one_has_it(store: ElasticStore) -> None:
    from concurrent.futures import ThreadPoolExecutor

    clock = Clock()
    many = leases(store, "many", clock, 6)
    with ThreadPoolExecutor(6) as pool:
        for _ in range(5):
            list(pool.map(lambda lease: lease.ours or lease.take(), many))
            leading = [lease for lease in many if lease.held()]
            assert len(leading) == 1
            clock.now += 11
            leading[0].drop()


def test_what_an_older_epoch_writes_is_refused(store: ElasticStore) -> None:
    clock = Clock()
    one, two = leases(store, "fenced", clock)
    requests = Bulk(store.client, store.settings)
    try:
        assert one.take()
        old = Fenced(store.client, store.layout, requests, one)
        old.chains([b'{"id":"c-1","state":"open","score":1}', b'{"id":"c-2","state":"open","score":1}'])
        since = old.version
        assert not two.take()
        clock.now += 10
        assert two.take()
        new = Fenced(store.client, store.layout, requests, two)
        new.chains([b'{"id":"c-1","state":"open","score":2}'])
        clock.now -= 10  # the old one was stopped, and does not know that time went on
        assert one.held()
        old.chains([b'{"id":"c-3","state":"open","score":1}'])
        assert new.strays(since) == ["c-3"]
        with pytest.raises(LeaseLostError):
            old.chains([b'{"id":"c-1","state":"open","score":3}'])
        assert not one.held()
        with pytest.raises(LeaseLostError):
            old.assets([])
        clock.now += 10
        new.forget(["c-3"])
        store.touched(store.layout.chains)
        assert {c["id"]: c["score"] for c in store.chains()} == {"c-1": 2, "c-2": 1}
    finally:
        requests.close()


def epochs(here: Room) -> set[int]:
    """Epochs in which the chains that are there were written."""
    store = here.store()
    store.client.raw("POST", f"/{here.prefix}-chains/_refresh")
    found: dict[str, Any] = store.client.json("POST", f"/{here.prefix}-chains/_search?size=1000")
    store.close()
    return {hit["_source"][KEPT]["order"] >> 40 for hit in found["hits"]["hits"]}


def test_a_leader_that_was_stopped_and_goes_on_changes_nothing(elastic: Access, tmp_path: Path) -> None:
    alerts = scenes.intrusions(11, 900)
    half = len(alerts) // 2
    with room(elastic, "test-centre-stopped", tmp_path) as here:
        one = here.start("one")
        store = here.store("sensor")
        with store.writer() as writer:
            writer.append_alerts(alerts[:half])
            until(lambda: one.leads() and len(here.chains()) > 2, "the first one leads")
            two = here.start("two")
            writer.append_alerts(alerts[half : half + 200])
            one.kill(signal.SIGSTOP)
            until(two.leads, "the second takes over")
            writer.append_alerts([*alerts[half + 200 :], scenes.last(alerts)])
            wanted = expected([*alerts, scenes.last(alerts)])
            until(lambda: here.chains() == wanted, "the second's chains")
            one.kill(signal.SIGCONT)
            until(lambda: not one.leads(), "the first one learns of it")
        store.close()
        assert here.chains() == wanted
        assert epochs(here) == {2}
        assert two.leads()
        two.kill(signal.SIGTERM)
        assert two.popen.returncode == 0
        until(one.leads, "the first takes over at once", 10)
        assert here.chains() == wanted
