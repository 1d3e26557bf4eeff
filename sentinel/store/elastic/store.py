"""The store in an Elasticsearch: readers, and the way to the writer of a sensor."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from sentinel.config.sections import ElasticSettings
from sentinel.errors import StoreAwayError, UserError
from sentinel.model.store import Detected, Doc, Kind, Mark
from sentinel.query import Node
from sentinel.store.elastic import faults, histogram, mappings, retention, sites, verify
from sentinel.store.elastic.blobs import Blobs
from sentinel.store.elastic.client import Client, segment
from sentinel.store.elastic.compile import ALL, OTHER, Types, both, by_table
from sentinel.store.elastic.layout import RECORDS, Layout
from sentinel.store.elastic.records import ORDER
from sentinel.store.elastic.runs import BY_PLACE
from sentinel.store.elastic.search import Search, document
from sentinel.store.elastic.writer import Writer

EVENTS: Types = by_table(mappings.event_types(), OTHER)
KEY_BYTES = 32
REFRESH_SECONDS = 10.0
"""Seconds a refresh may take; one whose shard is missing waits for longer."""
PROBE_SECONDS = 2.0
"""Seconds that a server which went away may take to say that it is back: who waits for it has more to do."""
SHARED = "*"
"""Name under which what all sensors share is kept."""


class ElasticStore:
    """Results in the indices of a prefix. Several sensors may write to one; each has its own name.

    Raises `UserError` at once for a wrong URL, certificate, password, cluster or version, and
    `StoreAwayError` if the server does not answer. With `away` that is borne: then it is looked at when its
    writer is opened.
    """

    def __init__(
        self,
        url: str,
        settings: ElasticSettings,
        *,
        part: Literal["hour", "day"] = "day",
        sensor: str | None = None,
        folder: Path,
        create: bool = False,
        check: bool = True,
        away: bool = False,
    ) -> None:
        self.settings = settings
        self.client = Client(url, settings)
        self.layout = Layout(settings.prefix, part)
        self.sensor = sensor or socket.gethostname().partition(".")[0]
        self.blobs = Blobs(self.client, self.layout, self.sensor)
        self.searches = Search(self.client)
        self._folder = folder
        self._touched: set[str] = set()
        self.centre: frozenset[str] = frozenset()
        """Sites whose assets a centre works out; as of when the store was opened."""
        self._is_there, self._unseen = False, False
        self._written = False
        """Whether there was a writer before: the next one comes after a fault."""
        if check:
            try:
                self.open(create=create)
            except StoreAwayError:
                if not away:
                    self.close()
                    raise
                self._unseen = True
            except BaseException:
                self.close()
                raise

    def open(self, *, create: bool) -> None:
        """Look at the server, and whether there is a store in it; with `create` there need not be one."""
        self.client.check()
        try:
            self.settle_layout(create=False)
        except faults.SetUpError as error:
            raise UserError(error.message) from None
        if not create and not self._is_there:
            raise UserError(
                f"{self.url}: no store here (no index {self.layout.state}); `sentinel scan CAPTURE --store "
                f"{self.url}` makes one"
            )

    def prepare(self) -> None:
        """Make the store if it is not there, and bring its templates up to date, as a writer does."""
        from sentinel.store.elastic.templates import install

        try:
            install(self.client, self.layout, self.settings)
            self.settle_layout(create=True)
        except faults.SetUpError as error:
            raise UserError(error.message) from None

    def settle_layout(self, *, create: bool) -> None:
        """Take over how events are parted in this store; with `create`, note how if nobody has."""
        target = f"/{segment(self.layout.state)}/_doc/layout"
        found = self.client.maybe("GET", target)
        self._is_there = found is not None
        if (found is None or not found.get("found")) and create:
            own = {"kind": "layout", "part": self.layout.part}
            try:
                self.client.json("PUT", f"{target}?op_type=create", own)
            except faults.AnswerError as error:
                if error.status != 409:
                    raise
            found = self.client.json("GET", target)
            self._is_there = True
        if found and found.get("found"):
            self.layout = replace(self.layout, part=found["_source"]["part"])
            self.centre = frozenset(found["_source"].get("centre", ()))

    @property
    def url(self) -> str:
        """What names this store on the command line."""
        return self.client.url

    def close(self) -> None:
        """Give connections back."""
        self.client.close()

    def writer(self) -> Writer:
        """The one writer of this sensor. Raises `UserError` if another process has it, and soon
        `StoreAwayError` if the server of an earlier writer does not answer yet."""
        if self._unseen:
            self.open(create=True)
            self._unseen = False
        elif self._written:
            self._probe()
        self._written = True
        return Writer(self, self._folder)

    def _probe(self) -> None:
        target = "/_nodes/_local?filter_path=cluster_name"
        try:
            self.client.raw("GET", target, tries=1, timeout=min(PROBE_SECONDS, self.client.timeout))
        except faults.SetUpError as error:
            raise UserError(error.message) from None

    # --- what was just written is found ---------------------------------------------------------------

    def touched(self, *indices: str) -> None:
        """Note what this process wrote to: its own reads find that at once."""
        self._touched.update(indices)

    def refresh(self) -> None:
        """Make what this process wrote visible to searches; others see it within `elastic.refresh`."""
        while self._touched:
            index = self._touched.pop()
            try:
                self.client.raw("POST", f"/{segment(index)}/_refresh", tries=1, timeout=REFRESH_SECONDS)
            except StoreAwayError:
                self._touched.add(index)  # what is to be read will say why
                return
            except faults.AnswerError as error:
                if error.status != 404:
                    raise

    # --- records --------------------------------------------------------------------------------------

    def documents(self, kind: Kind, query: Node | None = None, *, limit: int | None = None) -> Iterator[Doc]:
        """Records of a kind that fit, in the order of the document; at most `limit`."""
        self.refresh()
        types = by_table(mappings.record_types(kind), None)
        within = sites.shown(self.centre) if kind == "asset" else ALL
        found = self.searches.records(self.layout.records(kind), types, query, ORDER, limit, within=within)
        left = limit
        for doc in found:
            if left is not None and left <= 0:
                return
            kept = doc.pop(mappings.KEPT, None)
            if kind == "asset" and not sites.is_shown(doc, kept, self.centre):
                continue
            left = None if left is None else left - 1
            yield doc

    def asset(self, name: str) -> Doc | None:
        """The asset with this id or alias, or None; of several sensors' the one with the most packets."""
        named = [{"term": {field: name}} for field in ("id", "aliases")]
        found = [
            d for d in self._assets({"bool": {"should": named}}) if name in (d["id"], *d.get("aliases", ()))
        ]
        return max(found, key=lambda d: (d["id"] == name, d.get("packets", 0)), default=None)

    def at_address(self, address: str) -> list[Doc]:
        """Assets that have this IP or hardware address."""
        from sentinel.query import Compare, Or, matches

        text = address.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
        if "/" in text:
            return []
        tree: Node = Or((Compare("ip", "=", text), Compare("mac", "=", text)))
        with suppress(ValueError):
            ip_address(text)
            # no hardware address: asked of those too, the server gives every one that has a colon
            tree = Compare("ip", "=", text)
        return [doc for doc in self.documents("asset", tree) if matches(tree, doc)]

    def _assets(self, query: dict[str, Any]) -> Iterator[Doc]:
        self.refresh()
        query = both(query, sites.shown(self.centre))
        for hit in self.searches.pages(self.layout.records("asset"), query, ORDER):
            doc = document(hit.source)
            doc.pop(mappings.KEPT, None)
            yield doc

    # --- what happened --------------------------------------------------------------------------------

    def search(
        self, query: Node | None = None, after: Mark | None = None, *, newest: bool = False
    ) -> Iterator[Doc]:
        """Events that fit, by (time, id) from behind `after` on; with `newest` backwards."""
        self.refresh()
        yield from self.searches.timed(f"{self.layout.events}-*", EVENTS, query, after, newest=newest)

    def fitting(self, query: dict[str, Any], node: Node | None = None) -> Iterator[Doc]:
        """Events that fit a query of the server's own (Query DSL) and a node, by time and id."""
        self.refresh()
        yield from self.searches.fitting(f"{self.layout.events}-*", EVENTS, query, node)

    def alerts(
        self, query: Node | None = None, after: Mark | None = None, *, newest: bool = False
    ) -> Iterator[Doc]:
        """Alerts that fit, likewise."""
        self.refresh()
        yield from self.searches.timed(f"{self.layout.alerts}-*", EVENTS, query, after, newest=newest)

    def chains(self, query: Node | None = None) -> Iterator[Doc]:
        """Chains that fit, the highest score first."""
        self.refresh()
        types = by_table(mappings.record_types("chain"), None)
        sort = [{"score": {"order": "desc", "missing": 0}}, {"id": {"order": "asc"}}]
        for doc in self.searches.records(self.layout.chains, types, query, sort):
            doc.pop(mappings.KEPT, None)
            yield doc

    def detection(self, kind: Detected, id: str) -> Doc | None:
        """The alert or chain with this id, or the only one whose id begins so."""
        self.refresh()
        index, field = (
            (f"{self.layout.alerts}-*", "event.id") if kind == "alert" else (self.layout.chains, "id")
        )
        sort = [{field: {"order": "asc", "unmapped_type": "keyword"}}]
        found: list[Doc] = []
        for hit in self.searches.pages(index, {"prefix": {field: {"value": id}}}, sort, first=3):
            doc = document(hit.source)
            doc.pop(mappings.KEPT, None)
            if doc[field] == id:
                return doc
            if str(doc[field]).startswith(id):
                found.append(doc)
            if len(found) > 1:
                break
        return found[0] if len(found) == 1 else None

    def histogram(
        self, kind: Literal["event", "alert"], field: str, query: Node | None = None, *, most: int = 100
    ) -> list[tuple[str, int]]:
        """Values of a field and how many documents that fit have each: the most frequent first."""
        self.refresh()
        alias = self.layout.events if kind == "event" else self.layout.alerts
        return histogram.histogram(self.client, f"{alias}-*", EVENTS, field, query, most)

    def acknowledge(self, alert: str, time: str, user: str, note: str) -> None:
        """Note that a person has seen to an alert; the last word stands."""
        pattern = f"{self.layout.alerts}-*"
        self.client.maybe("POST", f"/{pattern}/_refresh")
        sort = [{"event.id": {"order": "asc", "unmapped_type": "keyword"}}]
        query = {"ids": {"values": [alert]}}
        for hit in self.searches.pages(pattern, query, sort, first=1, source=False):
            said = {"sentinel.ack.time": time, "sentinel.ack.user": user, "sentinel.ack.note": note}
            target = f"/{segment(hit.index)}/_update/{segment(hit.id)}?retry_on_conflict=5&refresh=true"
            self.client.json("POST", target, {"doc": said})
            self.touched(hit.index)
            return
        raise UserError(f"{alert}: no such alert (`sentinel alerts list` shows them)")

    # --- what else is kept ----------------------------------------------------------------------------

    def key(self) -> bytes:
        """Key of the keyed hash of secrets, made once for all who write to this store."""
        from sentinel.store.elastic.templates import install

        shared = Blobs(self.client, self.layout, SHARED)
        kept = shared.get("secret.key")
        if kept is None:
            if not self._is_there:
                install(self.client, self.layout, self.settings)
            kept = shared.create("secret.key", secrets.token_bytes(KEY_BYTES))
        return kept

    def state(self, name: str) -> bytes | None:
        """What this sensor's writer kept under a name, or None."""
        return self.blobs.get(name)

    def sources(self) -> list[Doc]:
        """What was read, in order of the first packet."""
        self.refresh()
        found = [document(h.source)["doc"] for h in self.searches.pages(self.layout.sources, ALL, BY_PLACE)]
        return sorted(found, key=lambda d: (d.get("first", ""), d["name"]))

    def counters(self) -> Mapping[str, Mapping[str, int]]:
        """`limits` and `parse_errors` of all sources of all sensors."""
        self.refresh()
        out: dict[str, dict[str, int]] = {}
        sort = [{"name": {"order": "asc"}}, {"sensor": {"order": "asc"}}]
        for hit in self.searches.pages(self.layout.state, {"term": {"kind": "counters"}}, sort):
            kept = document(hit.source)
            into = out.setdefault(kept["name"], {})
            for name, count in kept["counted"].items():
                into[name] = into.get(name, 0) + count
        return out

    def counts(self) -> Mapping[str, int]:
        """Documents by kind."""
        self.refresh()
        indices = {kind: self.layout.records(kind) for kind in RECORDS}
        indices |= {"alert": f"{self.layout.alerts}-*", "chain": self.layout.chains}
        indices |= {"source": self.layout.sources, "event": f"{self.layout.events}-*"}
        shown = sites.shown(self.centre)
        return {
            kind: self.searches.count(index, shown if kind == "asset" else ALL)
            for kind, index in indices.items()
        }

    def parts(self) -> list[str]:
        """Times that events are kept of, oldest first."""
        return [name for name, _ in retention.parts(self.client, self.layout)]

    def size(self) -> int:
        """Bytes its indices take, copies included."""
        path = f"/{self.layout.prefix}-*/_stats/store?filter_path=_all.total.store.size_in_bytes"
        found = self.client.json("GET", path)
        return int(found.get("_all", {}).get("total", {}).get("store", {}).get("size_in_bytes", 0))

    def sizes(self) -> Mapping[str, int]:
        """Bytes of events by part, oldest first."""
        taken = retention.sizes(self.client, self.layout)
        return {name: taken.get(index, 0) for name, index in retention.parts(self.client, self.layout)}

    def verify(self) -> list[str]:
        """What is wrong with it, one line each; nothing if it is sound."""
        return verify.verify(self.client, self.layout, self.settings, self.refresh)
