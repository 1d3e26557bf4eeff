"""Rules as queries of a real Elasticsearch: as many events fit as our engine says of the same events."""

from __future__ import annotations

import json
import random
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sigma.rule import SigmaRule

from sentinel._native import Watch
from sentinel.rules import loader
from sentinel.rules.convert import Converted, convert
from sentinel.rules.sources import meant
from sentinel.store.elastic import mappings
from tests.elastic.server import Access
from tests.rules.varied import event, named, stored

pytestmark = pytest.mark.elastic


class Index:
    """An index of events, mapped as the store maps them."""

    def __init__(self, url: str) -> None:
        self.url, self.name = url, f"test-{uuid.uuid4().hex[:12]}"
        settings = {
            "index": {"mapping.total_fields.limit": 3000, "number_of_replicas": 0, "max_result_window": 1000}
        }
        self._call("PUT", f"/{self.name}", {"mappings": mappings.events(), "settings": settings})

    def add(self, events: Sequence[dict[str, Any]]) -> None:
        lines = (line for one in events for line in ({"create": {"_id": one["event.id"]}}, one))
        answer = self._call("POST", f"/{self.name}/_bulk?refresh=true", lines)
        assert not answer["errors"]

    def count(self, queries: Sequence[str]) -> list[int]:
        """How many events fit each query (Query DSL as text)."""
        out = []
        for at in range(0, len(queries), 200):
            some = queries[at : at + 200]
            asked = (
                line
                for one in some
                for line in ({}, {"size": 0, "track_total_hits": True, "query": json.loads(one)["query"]})
            )
            for found in self._call("POST", f"/{self.name}/_msearch", asked)["responses"]:
                assert "hits" in found, found
                out.append(found["hits"]["total"]["value"])
        return out

    def _call(self, method: str, path: str, body: Any) -> Any:
        text = (
            json.dumps(body) if isinstance(body, dict) else "".join(json.dumps(line) + "\n" for line in body)
        )
        kind = "application/json" if isinstance(body, dict) else "application/x-ndjson"
        request = urllib.request.Request(
            self.url + path, text.encode(), {"Content-Type": kind}, method=method
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def remove(self) -> None:
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/{self.name}", method="DELETE")):
            pass


@pytest.fixture
def index(elastic: Access) -> Iterator[Index]:
    made = Index(elastic.url)
    yield made
    made.remove()


def differing(
    index: Index, files: Sequence[tuple[str, bytes]], events: Sequence[dict[str, Any]]
) -> tuple[list[str], Counter[str]]:
    """Rules of which engine and queries do not find equally many events, and how many were compared."""
    datasets = {one["event.dataset"] for one in events}
    converted = [one for one in convert(files, "dsl", datasets) if "correlation" not in one.why_not]
    engine = Counter[int]()
    watch = Watch(files, pipelines=loader.pipelines())
    ndjson = "\n".join(map(json.dumps, events)).encode()
    for _, rule in watch.hits(ndjson):
        engine[rule] += 1
    by_id = {id: n for n, (_, id, _) in enumerate(watch.rules())}
    asked: list[tuple[Converted, str]] = [(one, query) for one in converted for query in one.queries]
    counted = Counter[str]()
    for (one, _), count in zip(asked, index.count([query for _, query in asked]), strict=True):
        counted[one.id] += count
    wrong, done = [], Counter[str]()
    for one in converted:
        fired = engine[by_id[one.id]]
        if fired != counted[one.id] or (not one.queries and fired):
            wrong.append(
                f"{one.file} ({one.title}): engine {fired}, queries {counted[one.id]} {one.why_not} {one.queries}"
            )
        done.update(rules=1, fired=fired > 0, hits=fired)
    return wrong, done


def test_the_packs_find_the_same(index: Index) -> None:
    events = stored()
    index.add(events)
    wrong, done = differing(index, loader.pack_rules(), events)
    assert wrong == []
    assert done["rules"] >= 130
    assert done["fired"] >= 125


DATASETS = ("sentinel.dns", "sentinel.http", "sentinel.flow", "zeek.http", "zeek.conn", "suricata.dns")
NETWORK = ("/network/", "/web/")


@pytest.mark.corpus
def test_public_rules_find_the_same(index: Index, sigmahq: list[tuple[str, bytes]]) -> None:
    generator = random.Random(7)
    files: list[tuple[str, bytes]] = []
    events: list[dict[str, Any]] = []
    for name, text in sigmahq:
        if not any(part in name for part in NETWORK):
            continue
        rule = SigmaRule.from_yaml(text.decode())
        files.append((name, text))
        source = {key: getattr(rule.logsource, key) for key in ("product", "service", "category")}
        known = rule.logsource.product and rule.logsource.service
        own = (f"{rule.logsource.product}.{rule.logsource.service}",) if known else ()
        for dataset in (one for one in (*DATASETS, *own) if meant(source, one)):
            for _ in range(4):
                made = event(rule, dataset, len(events), generator)
                events.append(named(made, rule))
    index.add(events)
    wrong, done = differing(index, files, events)
    assert wrong == []
    assert done["rules"] >= 70
    assert done["fired"] >= 50
