"""Writing as the leader of an epoch: what a leader of an older one writes later is refused by the server.

Every document has a version made of the epoch and a counter, and the server takes it only if the version is
not below the one it has (`external_gte`). A leader that was stopped in the middle of a request and goes on
after another took over can therefore not put back what the other wrote; it learns of the other that way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from sentinel.errors import UserError
from sentinel.store.elastic import bulk
from sentinel.store.elastic.client import Client, segment
from sentinel.store.elastic.layout import Layout
from sentinel.store.elastic.lease import Lease, LeaseLostError
from sentinel.store.elastic.mappings import KEPT
from sentinel.store.elastic.records import Records
from sentinel.store.elastic.search import Search, document
from sentinel.store.elastic.templates import create

COUNTER_BITS = 40
"""Writes of an epoch that can be told apart; 2^23 epochs are left of a positive 64-bit number."""


def writer_of(site: str) -> str:
    """The name under which a centre keeps what it has of a site, in the place of a sensor's."""
    return f"*centre {site}"


class Fenced:
    """Writes of a leader. Raises `LeaseLostError` once another has taken over."""

    def __init__(self, client: Client, layout: Layout, requests: bulk.Bulk, lease: Lease) -> None:
        self._client, self._layout, self._bulk, self._lease = client, layout, requests, lease
        self.sensor = writer_of(lease.site)
        self._count = 0
        self._ready: set[str] = set()
        self._records = Records(client, self, layout, self.sensor)
        self._records.doubt("asset")

    @property
    def version(self) -> int:
        """The version of what was written last."""
        return version(self._lease.epoch, self._count)

    def write(self, index: str, lines: Sequence[bulk.Line]) -> bulk.Outcome:
        """Write what `bulk.index` and `bulk.delete` made, under the next version."""
        self._lease.check()
        if index not in self._ready:
            create(self._client, index)
            self._ready.add(index)
        self._count += 1
        how = b',"version":%d,"version_type":"external_gte"}}' % self.version
        outcome = self._bulk.write(index, [(id, _with(line, how)) for id, line in lines])
        if outcome.conflicts:
            self._lease.drop()
            raise LeaseLostError(self._lease.site)
        return outcome

    def chains(self, documents: Iterable[bytes]) -> None:
        """Take over chains in place of what is there under their ids."""
        own: dict[str, Any] = {
            "key": self._lease.site,
            "sensor": self.sensor,
            "order": version(self._lease.epoch, self._count + 1),
        }
        head = b'{"%b":%b,' % (KEPT.encode(), msgspec.json.encode(own))
        lines = [
            bulk.index(str(document(doc)["id"]), head + doc.strip()[1:].lstrip().replace(b"\n", b" "))
            for doc in documents
        ]
        if not lines:
            return
        outcome = self.write(self._layout.chains, lines)
        if outcome.refused:
            raise UserError(f"{self._client.url}: chain {outcome.refused[0][0]}: {outcome.refused[0][1]}")

    def assets(self, documents: Iterable[bytes]) -> None:
        """Take over the assets of the site in place of all there are of the centre."""
        self._lease.check()
        self._records.replace("asset", documents)
        # readers are shown these and no others: they must find them
        index = segment(self._layout.records("asset"))
        self._client.raw("POST", f"/{index}/_refresh?ignore_unavailable=true")

    def strays(self, since: int) -> list[str]:
        """Ids of chains that a leader before us wrote after it kept its state for the last time (version
        `since`), and that we did not write since."""
        self._client.raw("POST", f"/{segment(self._layout.chains)}/_refresh?ignore_unavailable=true")
        written = {"range": {f"{KEPT}.order": {"gt": since, "lt": version(self._lease.epoch, 0)}}}
        query = {"bool": {"filter": [{"term": {f"{KEPT}.sensor": self.sensor}}, written]}}
        sort = [{"id": {"order": "asc"}}]
        found = Search(self._client).pages(segment(self._layout.chains), query, sort, source=False)
        return [hit.id for hit in found]

    def forget(self, chains: Iterable[str]) -> None:
        """Delete chains."""
        self.write(self._layout.chains, [bulk.delete(id) for id in chains])


def version(epoch: int, count: int) -> int:
    """The version of a write."""
    return (epoch << COUNTER_BITS) | count


def _with(line: bytes, how: bytes) -> bytes:
    """A bulk line whose action says a version too."""
    action, _, rest = line.partition(b"\n")
    return action.removesuffix(b"}}") + how + b"\n" + rest
