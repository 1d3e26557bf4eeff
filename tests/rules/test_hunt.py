"""Rules over stored events: what the engine finds in them, whatever keeps them."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sentinel._native import Watch
from sentinel.config.sections import ElasticSettings
from sentinel.errors import UserError
from sentinel.model.store import Store
from sentinel.rules import loader
from sentinel.rules.engine import Rules
from sentinel.rules.hunt import Queried, hunt, moment
from sentinel.store import open_store
from sentinel.store.elastic.store import ElasticStore
from tests.conftest import Ran
from tests.elastic.server import Access
from tests.rules.varied import stored


@cache
def lines() -> bytes:
    """All of one day: every day is an index of its own."""
    day = "2026-01-12"
    dated = (one | {"@timestamp": day + one["@timestamp"][10:]} for one in stored())
    return b"".join(json.dumps(one).encode() + b"\n" for one in dated)


def filled(store: Store) -> Store:
    with store.writer() as writer:
        assert writer.append_events(lines()).new == len(stored())
    return store


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The embedded store with the events of all rules' cases."""
    return filled(open_store(f"sqlite://{tmp_path_factory.mktemp('hunt')}/store", create=True))


@pytest.fixture
def elastic_store(elastic: Access, tmp_path: Path) -> Iterator[Store]:
    """An Elasticsearch store with the same."""
    settings = ElasticSettings(prefix=f"test-hunt-{uuid.uuid4().hex[:8]}", refresh=600)
    store = ElasticStore(elastic.url, settings, folder=tmp_path, create=True)
    try:
        yield filled(store)
    finally:
        there = store.client.maybe("GET", f"/{settings.prefix}-*/_alias") or {}
        store.client.json("DELETE", f"/{','.join(there)}")
        store.client.maybe("DELETE", f"/_index_template/{settings.prefix}-*")
        store.close()


def expected() -> Counter[str]:
    """Hits by rule as the engine has them, of rules that no correlation looks at."""
    parts = set()
    for _, text in loader.pack_rules():
        for rule in loader.documents(text):
            if "correlation" in rule and not rule["correlation"].get("generate"):
                parts |= {*rule["correlation"]["rules"]}
    watch = Watch(loader.pack_rules(), pipelines=loader.pipelines())
    names = {}
    for _, text in loader.pack_rules():
        for rule in loader.documents(text):
            names[str(rule.get("id"))] = str(rule.get("name"))
    out = Counter[str]()
    rules = watch.rules()
    for _, number in watch.hits(lines()):
        id = rules[number][1]
        if names.get(id) not in parts and id not in parts:
            out[id] += 1
    return out


def test_the_embedded_store(embedded: Store) -> None:
    found = hunt(embedded, loader.pack_rules())
    every = len(Rules(loader.pack_rules()))
    assert (found.refused, found.rules + found.left_out) == ([], every)
    hits = list(found.hits)
    assert Counter(hit.id for hit in hits) == expected()
    assert len(expected()) > 100
    assert all(hit.level and hit.title and hit.file.endswith(".yml") for hit in hits)


@pytest.mark.elastic
def test_elasticsearch_asked_with_the_converted_rules(elastic_store: Store, embedded: Store) -> None:
    assert isinstance(elastic_store, Queried)
    some = loader.pack_rules(["credentials"])
    # what cannot be a query is read and decided here
    odd = ("odd.yml", RULE.replace("ot.action: stop", "event.action|fieldref: ot.action").encode())
    assert len(wanted := told(embedded, [*some, odd])) > 15
    assert told(elastic_store, [*some, odd]) == wanted
    since = moment("2026-01-12T08:05:00Z", "--since")
    few = loader.pack_rules(["data"])
    assert told(elastic_store, few, since) == told(embedded, few, since)


def told(store: Store, files: list[loader.RuleFile], since: datetime | None = None) -> list[tuple[str, str]]:
    return sorted((hit.id, hit.event["event.id"]) for hit in hunt(store, files, since).hits)


RULE = """
title: Stop of a controller
id: 3f7d6d1e-6f38-4f3f-8f63-5a5d0c1f0001
level: high
logsource: {product: sentinel, category: network}
detection:
  selection: {ot.action: stop}
  condition: selection
"""


def test_times(embedded: Store) -> None:
    files = [("stop.yml", RULE.encode())]
    times = sorted(hit.event["@timestamp"] for hit in hunt(embedded, files).hits)
    assert len(times) > 2
    middle = moment(times[len(times) // 2], "--since")
    after = [hit.event["@timestamp"] for hit in hunt(embedded, files, middle).hits]
    before = [hit.event["@timestamp"] for hit in hunt(embedded, files, None, middle).hits]
    assert sorted(before + after) == times
    assert max(before) < min(after)
    assert moment("2026-01-31", "--until") == datetime(2026, 1, 31, tzinfo=UTC)
    with pytest.raises(UserError, match=r"--since soon: is no time; write 2026-01-31"):
        moment("soon", "--since")


def test_the_command(cli: Callable[..., Ran], embedded: Store, tmp_path: Path) -> None:
    rule = tmp_path / "stop.yml"
    rule.write_text(RULE)
    ran = cli("rules", "hunt", rule, "--store", embedded.url, "--format", "ndjson")
    assert ran.code == 0
    hits: list[dict[str, Any]] = [json.loads(line) for line in ran.out.splitlines()]
    assert {hit["record"] for hit in hits} == {"hit"}
    assert {(hit["rule.name"], hit["event"]["ot.action"]) for hit in hits} == {
        ("Stop of a controller", "stop")
    }
    assert ran.err == "sentinel: 1 rules tried, 0 about several events left out\n"
    shown = cli("rules", "hunt", rule, "--store", embedded.url, "--limit", 1)
    assert "high" in shown.out
    assert "the first 1 are shown" in shown.err
    rule.write_text(RULE.replace("condition: selection", "condition: selction"))
    assert "stop.yml" in cli("rules", "hunt", rule, "--store", embedded.url).err
    assert cli("rules", "hunt", rule, "--store", embedded.url, "--since", "soon").code == 2
