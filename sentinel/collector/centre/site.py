"""The chains of one site: a follower until the lease is ours, then alerts in, chains out, state kept.

What is kept together: how far alerts were read, the engine with the alerts that wait in it, the ledger of
assets. It is kept under a name of its own epoch, after the chains it holds were written; who takes over
goes on from the newest there is. Alerts after it are read again and give the same chains.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sentinel.collector.centre.assets import Assets
from sentinel.errors import StoreAwayError
from sentinel.store.elastic.arrivals import Arrivals, Place
from sentinel.store.elastic.blobs import Blobs
from sentinel.store.elastic.bulk import Bulk
from sentinel.store.elastic.fenced import Fenced, writer_of
from sentinel.store.elastic.lease import Lease, LeaseLostError, elapsed
from sentinel.store.elastic.sites import Sites, announce

if TYPE_CHECKING:
    from sentinel._native import Chains
    from sentinel.config.sections import CentreSettings
    from sentinel.store.elastic.store import ElasticStore

ASSETS_SECONDS = 10.0
"""Seconds between two looks at what sensors observed."""
SAVE_SECONDS = 3.0
BYTES_A_SECOND = 500_000
"""What keeping the state may write on average: a large one is kept less often."""
STRAY_SECONDS = 15.0
"""Seconds between two looks for chains that a former leader wrote last."""
BACK = 64
"""Epochs that are looked back over for the newest state."""


class Kept(msgspec.Struct, kw_only=True):
    """State of a site."""

    form: int = 1
    place: Place
    chains: bytes
    ledger: list[tuple[str, str]]
    clock: int = 0
    """Newest event time, microseconds."""
    written: int = 0
    """Version of the chains written last."""


class Site:
    """Keeps the chains of a site while its lease is held. One thread calls `turn`; another may renew."""

    def __init__(
        self,
        name: str,
        store: ElasticStore,
        requests: Bulk,
        settings: CentreSettings,
        log: Any,
        *,
        networks: Iterable[str] = (),
        known: Path | None = None,
        tell: Callable[[list[bytes]], None] = lambda _: None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.lease = Lease(store.client, store.layout, name, settings.lease)
        self._store, self._requests, self._settings, self._log = store, requests, settings, log
        self._networks, self._known, self._tell, self._beat = list(networks), known, tell, beat
        self._sites = Sites(store.client, store.layout)
        self._blobs = Blobs(store.client, store.layout, writer_of(name))
        self._leads = False
        self._engine: Chains
        self._assets: Assets
        self.read = 0
        """Alerts taken in by this process."""
        self.saves = 0
        self.open = 0
        """Chains that are open."""
        self.told: dict[str, Any] = {}
        """What the engine counted, as of the last turn."""

    @property
    def leads(self) -> bool:
        """Whether this process keeps the chains of the site just now."""
        return self._leads and self.lease.held()

    def turn(self, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Do what there is to do. Returns whether there is more at once. Raises `StoreAwayError`."""
        if not self._leads:
            if not self.lease.take():
                return False
            self._begin()
        try:
            self.lease.renew()
            more = self._work(stopping)
        except LeaseLostError:
            self._leads = False
            self._log.warning("lease-lost", message=f"site {self.name}: another leads now", site=self.name)
            return False
        return more

    def end(self) -> None:
        """Keep the state and let another lead."""
        if self._leads:
            try:
                self._flush()
                self._save()
            except (StoreAwayError, LeaseLostError) as error:
                self._log.warning("state-not-kept", message=f"site {self.name}: {error}", site=self.name)
            self._leads = False
        self.lease.give_back()

    def rezone(self, networks: Iterable[str]) -> None:
        """Take other networks for the organisation's, and go on."""
        self._networks = list(networks)
        if self._leads:
            snapshot = self._engine.snapshot()
            self._engine = self._make()
            self._engine.restore(snapshot)
            self._engine.assets(self._assets.array())

    # --- taking over ------------------------------------------------------------------------------------

    def _make(self) -> Chains:
        from sentinel.rules import chains

        return chains.make(networks=self._networks, lateness=self._settings.lateness)

    def _begin(self) -> None:
        """Take up where the leader before us stopped."""
        kept, at = self._last()
        client, layout = self._store.client, self._store.layout
        self._engine = self._make()
        self._fenced = Fenced(client, layout, self._requests, self.lease)
        self._pending: dict[str, bytes] = {}
        self._published: set[str] = set()
        self._since = kept.written if kept else 0
        self._clock = kept.clock if kept else 0
        if kept is not None:
            try:
                self._engine.restore(kept.chains)
            except ValueError as error:
                # the place is of that engine: without it, all alerts are read anew
                self._log.warning("state-refused", message=f"site {self.name}: {error}; all is read anew")
                kept = None
        self._arrivals = Arrivals(client, layout, self.name, kept.place if kept else None)
        self._assets = Assets(self._sites, self.name, self._known, kept.ledger if kept else [])
        # written again under our epoch, so that nothing older can come after
        self._note(self._engine.all())
        now = time.monotonic()
        self._moved, self._saved_at, self._size = elapsed(), now, 0
        self._looked_at = self._strays_at = float("-inf")
        self._strays: dict[str, float] = {}
        self._changed = True
        self._state_epoch = at
        self._leads = True
        self._log.info(
            "leads",
            message=f"keeps the chains of site {self.name}, epoch {self.lease.epoch}",
            site=self.name,
            epoch=self.lease.epoch,
        )

    def _last(self) -> tuple[Kept | None, int]:
        """The newest state there is, and its epoch."""
        newest = self.lease.epoch - 1
        for epoch in range(newest, max(self.lease.saved - 1, newest - BACK, 0), -1):
            found = self._blobs.get(_blob(epoch))
            if found is not None:
                try:
                    return msgspec.msgpack.decode(found, type=Kept), epoch
                except (msgspec.DecodeError, msgspec.ValidationError) as error:
                    self._log.warning("state-refused", message=f"site {self.name}: {error}")
        return None, 0

    # --- work -------------------------------------------------------------------------------------------

    def _work(self, stopping: Callable[[], bool]) -> bool:
        self._look_at_assets()
        more = True
        while more and not stopping():
            self._beat()
            page = self._arrivals.page()
            more = page is not None
            if page:
                self._feed(page)
            self._flush()
            if time.monotonic() - self._saved_at >= max(SAVE_SECONDS, self._size / BYTES_A_SECOND):
                break
        if not more:
            self._pass()
            self._flush()
            self._look_for_strays()
        if self._changed and time.monotonic() - self._saved_at >= self._save_every:
            self._save()
        self.open = len(self._published)
        self.told = {**json.loads(self._engine.counters()), "again": self._arrivals.again}
        return more

    @property
    def _save_every(self) -> float:
        return 0.0 if self.saves == 0 else max(SAVE_SECONDS, self._size / BYTES_A_SECOND)

    def _feed(self, page: list[bytes]) -> None:
        self._engine.feed([self._assets.named(alert) for alert in page])
        self._clock = max(self._clock, _micros(self._arrivals.time))
        self._moved = elapsed()
        self.read += len(page)
        self._changed = True
        self._note(self._engine.changed())

    def _pass(self) -> None:
        """Event time goes on after the last alert as fast as any clock: no wall clock is asked."""
        quiet = elapsed() - self._moved
        if self._clock and quiet >= self._settings.lateness:
            self._engine.advance(self._clock + int(quiet * 1e6) + 1)
            done = self._engine.changed()
            self._changed = self._changed or bool(done)
            self._note(done)

    def _note(self, documents: Iterable[bytes]) -> None:
        for doc in documents:
            head = _head(doc)
            self._pending[head.id] = doc
            if head.state == "open":
                self._published.add(head.id)
            else:
                self._published.discard(head.id)

    def _flush(self) -> None:
        """Write chains that changed."""
        if not self._pending:
            return
        documents = list(self._pending.values())
        self._fenced.chains(documents)
        self._pending = {}
        self._store.touched(self._store.layout.chains)
        self._tell(documents)

    def _look_at_assets(self) -> None:
        now = time.monotonic()
        if now - self._looked_at < ASSETS_SECONDS:
            return
        if self._assets.refresh():
            self._engine.assets(self._assets.array())
            self._fenced.assets(self._assets.documents)
            announce(self._store.client, self._store.layout, self.name)
            self._changed = True
        self._looked_at = now

    def _look_for_strays(self) -> None:
        """Delete chains that the leader before us wrote after the state we took up and that do not come
        out of the alerts as we read them: late ones may have come to it in another order."""
        now = time.monotonic()
        if self._state_epoch == 0 or now - self._strays_at < min(STRAY_SECONDS, self._settings.lease):
            return
        self._strays_at = now
        found = set(self._fenced.strays(self._since))
        self._strays = {id: since for id, since in self._strays.items() if id in found}
        if not found:
            return
        ours = {_head(doc).id: doc for doc in self._engine.all()}
        self._note(ours[id] for id in found if id in ours)
        self._flush()
        long = self._settings.lateness + self._settings.lease + 2 * self._settings.every
        gone = [id for id in found - ours.keys() if now - self._strays.setdefault(id, now) >= long]
        if gone:
            self._fenced.forget(gone)
            self._log.info("chains-deleted", message=f"{len(gone)} chains of a former leader", site=self.name)

    def _save(self) -> None:
        """Keep the state. What it holds of chains is written already."""
        self.lease.check()
        state = msgspec.msgpack.encode(
            Kept(
                place=self._arrivals.kept(),
                chains=self._engine.snapshot(),
                ledger=list(self._assets.ledger.items()),
                clock=self._clock,
                written=self._fenced.version,
            )
        )
        epoch = self.lease.epoch
        self._blobs.put(_blob(epoch), state)
        self._saved_at, self._size, self._changed = time.monotonic(), len(state), False
        self.saves += 1
        if self.lease.saved != epoch:
            self.lease.renew(saved=epoch, at_once=True)
            if self._state_epoch:
                self._blobs.forget(_blob(self._state_epoch))

    # --- told -------------------------------------------------------------------------------------------

    def status(self, now: float) -> dict[str, Any]:
        """How things stand, as plain data; `now` in seconds since 1970."""
        leads = self.leads
        out: dict[str, Any] = {
            "leads": leads,
            "leader": self.lease.leader,
            "epoch": self.lease.epoch,
            "alerts": self.read,
            "saves": self.saves,
        }
        if leads:
            out |= {
                "chains": self.open,
                "assets": len(self._assets),
                "merges": self._assets.merges,
                "lag_seconds": max(0.0, now - self._clock / 1e6) if self._clock else None,
                "counters": self.told,
            }
        return out


def _blob(epoch: int) -> str:
    return f"chains {epoch}"


class _Head(msgspec.Struct, gc=False):
    id: str
    state: str


_head = msgspec.json.Decoder(_Head).decode


def _micros(time: str) -> int:
    """Microseconds since 1970 of a time as documents have it."""
    from datetime import datetime

    moment = datetime.fromisoformat(time)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond
