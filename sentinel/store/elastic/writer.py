"""The writer of a sensor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from sentinel.errors import UserError
from sentinel.model.store import Doc, Keyed, Kind, Written
from sentinel.store.elastic import bulk, faults, intake, templates
from sentinel.store.elastic.client import segment
from sentinel.store.elastic.lock import Lock
from sentinel.store.elastic.mappings import ACK, KEPT
from sentinel.store.elastic.records import Records
from sentinel.store.elastic.retention import Retention
from sentinel.store.elastic.runs import Runs, numbered
from sentinel.store.elastic.search import document

if TYPE_CHECKING:
    from sentinel._native import EventBatch
    from sentinel.store.elastic.store import ElasticStore

ALERTS = 1000
"""Alerts given at once by `alert_documents`."""


class Writer:
    """Writes as one sensor while it is open. Use it as a context manager; one thread at a time."""

    def __init__(self, store: ElasticStore, folder: Path) -> None:
        self._store, self._client, self._layout = store, store.client, store.layout
        self._lock = Lock(store.client, store.layout, store.sensor, folder)
        self._indices: set[str] = set()

    def __enter__(self) -> Self:
        try:
            templates.install(self._client, self._layout, self._store.settings)
            self._store.settle_layout(create=True)
        except faults.SetUpError as error:
            raise UserError(error.message) from None
        self._layout = self._store.layout
        self._lock.take()
        self._bulk = bulk.Bulk(self._client, self._store.settings)
        self._records = Records(self._client, self._bulk, self._layout, self._store.sensor)
        self._runs = Runs(self._client, self._bulk, self._layout, self._store.blobs, self._store.sensor)
        self._retention = Retention(self._client, self._bulk, self._layout)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bulk.close()
        if not self._lock.give_back():
            return
        try:
            self._store.refresh()
        except UserError:
            pass  # it happens by itself within elastic.refresh seconds

    def append_events(self, events: bytes | EventBatch) -> Written:
        """Add events, one flat document a line, in any order."""
        lines = events if isinstance(events, bytes) else events.ndjson()
        taken = intake.sort(lines.split(b"\n"), self._layout.event_index, self._retention.events_before)
        return self._append(taken)

    def append_alerts(self, alerts: list[bytes]) -> Written:
        """Add alerts. One that is there stays as it is."""
        whole = [alert.replace(b"\n", b" ") for alert in alerts]
        return self._append(intake.sort(whole, self._layout.alert_index, self._retention.alerts_before))

    def _append(self, taken: intake.Intake) -> Written:
        self._lock.renew()
        for index in taken.by_index:
            self._ready(index)
        try:
            outcome = self._bulk.write_all(taken.by_index.items())
        except UserError:
            self._indices.clear()  # one may have been deleted under us
            raise
        self._store.touched(*taken.by_index)
        return taken.written(outcome)

    def _ready(self, index: str) -> None:
        """An index is made before its first document: a server may be set up to make none by itself."""
        if index not in self._indices:
            templates.create(self._client, index)
            self._indices.add(index)

    def put_chains(self, chains: Iterable[bytes]) -> None:
        """Take over chains in place of what is there under their ids."""
        self._put_chains(chains, ())

    def replace_chains(self, chains: Iterable[bytes]) -> None:
        """Take over chains in place of all there are, but those a centre keeps."""
        self._ready(self._layout.chains)
        self._client.json("POST", f"/{segment(self._layout.chains)}/_refresh")
        sort = [{"id": {"order": "asc"}}]
        sensors = {"bool": {"must_not": [{"exists": {"field": f"{KEPT}.sensor"}}]}}
        there = [h.id for h in self._store.searches.pages(self._layout.chains, sensors, sort, source=False)]
        self._put_chains(chains, there)

    def _put_chains(self, chains: Iterable[bytes], instead_of: Iterable[str]) -> None:
        self._lock.renew()
        self._ready(self._layout.chains)
        lines = [bulk.index(str(document(chain)["id"]), chain.replace(b"\n", b" ")) for chain in chains]
        kept = {id for id, _ in lines}
        lines += [bulk.delete(id) for id in instead_of if id not in kept]
        outcome = self._bulk.write(self._layout.chains, lines)
        self._store.touched(self._layout.chains)
        if outcome.refused:
            raise UserError(f"{self._client.url}: chain {outcome.refused[0][0]}: {outcome.refused[0][1]}")

    def put_state(self, name: str, value: bytes | None) -> None:
        """Keep something under a name; None forgets it."""
        if value is None:
            self._store.blobs.forget(name)
        else:
            self._store.blobs.put(name, value)

    def commit(
        self,
        sources: list[Doc],
        observations: bytes,
        instead_of: set[int],
        ids: Iterable[tuple[str, str]],
        records: Mapping[str, Iterable[bytes] | Iterable[Keyed]],
        counters: Mapping[str, bytes],
    ) -> None:
        """Take over a run and the inventory of all runs. What makes the run known is written last."""
        self._lock.renew()
        run = self._runs.keep(observations) if sources else None
        self._runs.remember(ids)
        for kind, some in records.items():
            self._ready(self._layout.records(kind))
            self._records.replace(kind, some)
            self._store.touched(self._layout.records(kind))
        for name, counted in counters.items():
            self._runs.count(name, counted)
        self._ready(self._layout.sources)
        self._runs.take_over(sources, run, instead_of)
        self._store.touched(self._layout.sources, self._layout.state)

    def add_ids(self, ids: Iterable[tuple[str, str]]) -> None:
        """Add (identity, asset id) to the ledger; what is in it stays."""
        self._lock.renew()
        self._runs.remember(ids)

    def put_run(
        self, run: str, sources: list[Doc], observations: bytes, counters: Mapping[str, bytes]
    ) -> None:
        """Take over a run that goes on, in place of what was kept under its name."""
        self._lock.renew()
        number = self._runs.keep(observations, numbered(run))
        for name, counted in counters.items():
            self._runs.count(name, counted)
        self._ready(self._layout.sources)
        self._runs.take_over(sources, number, {number})
        self._store.touched(self._layout.sources, self._layout.state)

    def update(self, kind: Kind, changed: Iterable[Keyed], gone: Iterable[str] = ()) -> None:
        """Take over records that changed, forget those under the keys `gone`."""
        self._lock.renew()
        self._ready(self._layout.records(kind))
        self._records.update(kind, changed, gone)
        self._store.touched(self._layout.records(kind))

    def knows(self, sha256: str, site: str) -> bool:
        """True if this source was read to its end."""
        return self._runs.knows(sha256, site)

    def together(self, known: Iterable[tuple[str, str]]) -> set[int]:
        """Runs that read these (sha256, site). Raises `UserError` if one of them read others too."""
        return self._runs.together(known)

    def observations(self, *, without: Iterable[int] = (), without_run: str | None = None) -> Iterator[bytes]:
        """Observations of every run of this sensor but those `without`, and the one of this name."""
        named = [] if without_run is None else [numbered(without_run)]
        return self._runs.observations([*without, *named])

    def ledger(self) -> list[tuple[str, str]]:
        """(identity, asset id) in the order they were first seen."""
        return self._runs.ledger()

    def alert_documents(self) -> Iterator[list[bytes]]:
        """All alerts as they were written, by time and id, some at a time."""
        self._store.refresh()
        some: list[bytes] = []
        pattern = f"{self._layout.alerts}-*"
        for raw in self._store.searches.timed_raw(pattern, lambda _: None, None, None):
            some.append(_as_written(bytes(raw)))
            if len(some) == ALERTS:
                yield some
                some = []
        if some:
            yield some

    def expire(self, before: str) -> list[str]:
        """Delete events and alerts of parts before that of this time, and chains that ended before it.
        This writer takes no more of them."""
        self._lock.renew()
        self._store.refresh()
        gone = self._retention.expire(before)
        self._indices.clear()
        self._store.blobs.sweep()
        self._store.touched(self._layout.chains)
        return gone

    def shrink(self, size: int) -> list[str]:
        """Delete the oldest parts of events until they take at most `size` bytes; the newest stays."""
        self._lock.renew()
        gone = self._retention.shrink(size)
        self._indices.clear()
        return gone


def _as_written(alert: bytes) -> bytes:
    """An alert without what people said of it."""
    if b'"sentinel.ack.' not in alert:
        return alert
    value: dict[str, Any] = document(alert)
    return msgspec.json.encode({name: inner for name, inner in value.items() if name not in ACK})
