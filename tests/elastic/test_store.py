"""The commands on a store, and a whole scan, with Elasticsearch: the same as with the embedded store."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentinel.config.sections import ElasticSettings
from sentinel.store.elastic.client import Client
from tests.conftest import Ran
from tests.elastic.server import Access

pytestmark = pytest.mark.elastic

LISTS = (
    "assets list", "conversations list", "credentials list", "alerts list", "chains list",
    "assets list --where", "alerts list --where", "events search --limit 100000",
)  # fmt: skip
WHERE = {"assets": "level <= 2 AND services.protocol = mod*", "alerts": "event.severity >= 4"}


def without_store(value: Any) -> Any:
    """A record without what differs by store: the key of secrets is each store's own."""
    if isinstance(value, dict):
        return {k: without_store(v) for k, v in value.items() if k != "secret_id"}
    return [without_store(one) for one in value] if isinstance(value, list) else value


def test_a_capture_gives_the_same_in_both_stores(
    elastic: Access, cli: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentinel.demo.plant import build

    capture = tmp_path / "plant.pcap"
    build(capture)
    monkeypatch.setenv("SENTINEL_ELASTIC__PREFIX", "test-scan")
    stores = (f"sqlite://{tmp_path / 'store'}", elastic.url)
    for store in stores:
        done = cli("scan", capture, "--store", store, "--format", "json")
        assert done.code == 0, done.err
    for command in LISTS:
        words = command.split()
        if words[-1] == "--where":
            words.append(WHERE[words[0]])
        embedded, there = (cli(*words, "--store", store, "--format", "json") for store in stores)
        assert (embedded.code, there.code) == (0, 0), there.err
        wanted, found = (without_store(json.loads(ran.out)) for ran in (embedded, there))
        assert wanted, command
        assert found == wanted, command
    asset = json.loads(cli("assets", "list", "--store", stores[0], "--format", "json").out)[0]
    pages = [cli("assets", "show", asset["id"], "--store", s, "--format", "json").out for s in stores]
    assert without_store(json.loads(pages[0])) == without_store(json.loads(pages[1]))
    # scanned again it is known; by another run of the program too
    again = cli("scan", capture, "--store", elastic.url)
    assert again.code == 0
    assert "is in the store already" in again.err
    assert cli("store", "verify", "--store", elastic.url).out.startswith(f"{elastic.url}: sound (")
    info = [json.loads(cli("store", "info", "--store", s, "--format", "json").out) for s in stores]
    assert info[0]["records"] == info[1]["records"]
    assert info[0]["parts"]["first"] == info[1]["parts"]["first"]
    alert = json.loads(cli("alerts", "list", "--store", stores[1], "--format", "json").out)[0]
    assert cli("alerts", "ack", alert["event.id"], "--note", "seen", "--store", stores[1]).code == 0
    shown = json.loads(
        cli("alerts", "show", alert["event.id"][:12], "--store", stores[1], "--format", "json").out
    )
    assert shown["sentinel.ack.note"] == "seen"
    gone = cli("store", "expire", "--days", "0", "--store", elastic.url)
    assert gone.code == 0, gone.err
    assert json.loads(cli("events", "search", "--store", elastic.url, "--format", "json").out)["events"] == []


def test_a_server_that_is_not_there_is_one_line(cli: Callable[..., Ran]) -> None:
    ran = cli("assets", "list", "--store", "http://127.0.0.1:9")
    assert ran.code == 1
    assert ran.err == "sentinel: http://127.0.0.1:9: cannot be reached: Connection refused\n"


@pytest.fixture(scope="module", autouse=True)
def _removed(elastic: Access) -> Any:
    yield
    client = Client(elastic.url, ElasticSettings())
    indices = client.maybe("GET", "/test-scan-*/_alias")
    if indices:
        client.json("DELETE", f"/{','.join(indices)}")
    client.maybe("DELETE", "/_index_template/test-scan-*")
    client.close()
