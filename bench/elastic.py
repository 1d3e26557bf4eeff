"""Events a second into Elasticsearch, beside the official client's bulk helper on the same documents.

The server is the one of the tests, booted for this; `SENTINEL_TEST_ELASTICSEARCH` names another. Every way
writes the same documents into an index of the same form, one shard, in turn; the first round warms up.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import _plan
from sentinel.config.sections import ElasticSettings
from sentinel.store.elastic.store import ElasticStore
from tests.elastic import server

EVENTS = 40_000
CALL = 4_000
"""Events that are handed over at once."""
ROUNDS = 3
SIZE = 626
"""Octets of a document."""
START = 1_768_204_800


def documents() -> list[bytes]:
    """Events of a plant's morning, fifty a second."""
    out = []
    for n in range(EVENTS):
        clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + n // 50))
        doc = {
            "@timestamp": f"{clock}.{n % 50 * 20_000:06}Z",
            "event.id": hashlib.md5(b"%d" % n, usedforsecurity=False).hexdigest(),
            "event.kind": "event",
            "event.dataset": "sentinel.modbus",
            "event.action": "write",
            "event.outcome": "success",
            "source.ip": f"10.20.{n % 7}.{n % 200 + 1}",
            "source.port": 40_000 + n % 9_000,
            "destination.ip": "10.20.1.20",
            "destination.port": 502,
            "network.transport": "tcp",
            "ot.protocol": "modbus",
            "ot.action": "write",
            "ot.category": "control",
            "ot.function.code": 6,
            "ot.unit": str(n % 4),
            "ot.address.start": n % 4_000,
            "sentinel.frame": n,
        }
        rest = SIZE - len(json.dumps(doc)) - len(', "event.reason": ""')
        out.append(json.dumps({**doc, "event.reason": "x" * max(rest, 0)}).encode())
    return out


def ours(url: str, folder: Path, prefix: str, docs: list[bytes]) -> float:
    """Seconds of our writer."""
    calls = [b"\n".join(docs[at : at + CALL]) + b"\n" for at in range(0, len(docs), CALL)]
    store = ElasticStore(
        url, ElasticSettings(prefix=prefix, refresh=30), sensor="bench", folder=folder, create=True
    )
    try:
        with store.writer() as writer:
            writer.append_events(calls[0].split(b"\n")[0].replace(b'event.id": "', b'event.id": "0'))
            start = time.perf_counter()
            new = sum(writer.append_events(call).new for call in calls)
            seconds = time.perf_counter() - start
            assert new == len(docs)
            return seconds
    finally:
        store.close()


def helper(url: str, folder: Path, prefix: str, docs: list[bytes]) -> float:
    """Seconds of `helpers.async_bulk` with its defaults, into an index of our form."""
    from elasticsearch import AsyncElasticsearch
    from elasticsearch.helpers import async_bulk

    index = f"{prefix}-events-2026.01.12"
    store = ElasticStore(
        url, ElasticSettings(prefix=prefix, refresh=30), sensor="bench", folder=folder, create=True
    )
    with store.writer():
        store.client.json("PUT", f"/{index}")
    store.close()
    decoded = [json.loads(doc) for doc in docs]
    actions = [
        {"_op_type": "create", "_index": index, "_id": doc["event.id"], "_source": doc} for doc in decoded
    ]

    async def run() -> float:
        async with AsyncElasticsearch(url, request_timeout=60) as client:
            start = time.perf_counter()
            done, _ = await async_bulk(client, actions)
            seconds = time.perf_counter() - start
            assert done == len(docs)
            return seconds

    return asyncio.run(run())


def main() -> None:
    own = os.environ.get("SENTINEL_TEST_ELASTICSEARCH")
    booted = None
    if own is None:
        try:
            server.unpacked()
        except server.ServerMissingError as missing:
            print(f"left out: {missing}")
            return
        booted = server.new({"xpack.security.enabled": "false"})
        booted.start()
    try:
        measure(own or (booted.wait().url if booted else ""))
    finally:
        if booted is not None:
            booted.remove()
            server.forget()


def measure(url: str) -> None:
    """Both ways in turn."""
    docs = documents()
    ways: dict[str, Callable[[str, Path, str, list[bytes]], float]] = {"ours": ours, "async_bulk": helper}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    with TemporaryDirectory(prefix="sentinel-bench-") as folder:
        for n in range(ROUNDS + 1):
            for name, way in ways.items():
                prefix = f"bench-{os.getpid()}-{n}-{name.replace('_', '-')}"
                took = way(url, Path(folder), prefix, docs)
                _delete(url, prefix)
                if n:
                    seconds[name].append(took)
    rate = {name: EVENTS / median(took) for name, took in seconds.items()}
    for name, value in rate.items():
        print(f"{name}: {value:,.0f} events a second")
    print(f"times async_bulk: {rate['ours'] / rate['async_bulk']:.1f}")
    _plan.PLAN.record(
        "elastic",
        events_per_s=round(rate["ours"]),
        async_bulk_events_per_s=round(rate["async_bulk"]),
        times_async_bulk=round(rate["ours"] / rate["async_bulk"], 2),
    )


def _delete(url: str, prefix: str) -> None:
    from sentinel.store.elastic.client import Client

    client = Client(url, ElasticSettings())
    indices = client.maybe("GET", f"/{prefix}-*/_alias")
    if indices:
        client.json("DELETE", f"/{','.join(indices)}")
    client.maybe("DELETE", f"/_index_template/{prefix}-*")
    client.close()
