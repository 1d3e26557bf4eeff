"""The centre as a process: its sites, their leases, signals, health, an end in time."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable
from types import FrameType
from typing import TYPE_CHECKING, Any

from sentinel.collector.centre.site import Site
from sentinel.collector.centre.told import Told
from sentinel.collector.check import centre_folder, patiently, sensor_name
from sentinel.collector.checkpoint import StateFolder
from sentinel.errors import StoreAwayError, UserError
from sentinel.store.elastic.bulk import Bulk
from sentinel.store.elastic.lease import LeaseLostError
from sentinel.store.elastic.sites import Sites

if TYPE_CHECKING:
    from sentinel.collector.metrics import Metrics
    from sentinel.collector.notify import Notify
    from sentinel.config.sections import Settings
    from sentinel.store.elastic.store import ElasticStore

WATCH_SECONDS = 1.0
STUCK_SECONDS = 60.0
"""Without life of the work for so long, leases are not renewed and the watchdog is not told that all is
well: another takes over."""
STOP_SECONDS = 8.0
"""Seconds in which the state is kept at the end; systemd waits for 10."""
DISCOVER_SECONDS = 10.0
MOST_SITES = 256
LONGEST_WAIT = 10.0
"""Seconds between two tries while the store is away."""


class Centre:
    """`sentinel collect --correlate`. `run` returns the exit code."""

    def __init__(self, settings: Settings, log: Any) -> None:
        self._settings, self._log = settings, log
        self._folder = StateFolder(centre_folder(settings.collect))
        self._ending, self._wake = threading.Event(), threading.Event()
        self._reloading = threading.Event()
        self._sites: dict[str, Site] = {}
        self._beat = time.monotonic()
        self._discovered = float("-inf")
        self._away: str | None = None
        self._fault: str | None = None
        self._failed = False

    def run(self) -> int:
        """Keep chains until SIGTERM or SIGINT. Raises `UserError` if it cannot start."""
        self._folder.acquire()
        try:
            return self._correlate()
        finally:
            self._folder.release()

    def _correlate(self) -> int:
        from sentinel.collector.forward import Forwarders
        from sentinel.collector.metrics import Metrics
        from sentinel.collector.notify import Notify
        from sentinel.collector.web import serve
        from sentinel.store import open_store
        from sentinel.store.elastic.store import ElasticStore

        settings = self._settings
        store = patiently(lambda: open_store(settings.store.url, create=True, settings=settings))
        assert isinstance(store, ElasticStore)
        notify = Notify()
        forward = Forwarders(settings.forward, self._folder.path, self._log)
        metrics = Metrics(info={"sensor": sensor_name(settings.collect), "site": "*", "store": store.url})
        requests = Bulk(store.client, settings.elastic)
        web = None
        try:
            patiently(store.prepare)
            self._networks()
            self._forward = forward
            self._signals()
            if settings.metrics.listen is not None:
                web = serve(settings.metrics.listen, metrics)
            forward.start()
            worker = threading.Thread(
                target=self._work, args=(store, requests), name="correlate", daemon=True
            )
            renewer = threading.Thread(target=self._renew, name="lease", daemon=True)
            worker.start()
            renewer.start()
            self._log.info("started", message=f"correlates {store.url}", store=store.url)
            notify.ready(f"correlates {store.url}")
            self._watch(store.url, forward, metrics, notify, worker)
            notify.stopping()
            self._ending.set()
            worker.join(STOP_SECONDS)
            late = worker.is_alive()
            if late:
                self._log.error("stopped-early", message="the state could not be kept in time")
            self._log.info("stopped", message="stopped")
            return 1 if late or self._failed else 0
        finally:
            self._ending.set()
            if web is not None:
                web.close()
            forward.stop(1.0)
            store.close()

    def _signals(self) -> None:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self._ending.set()
            self._wake.set()

        def reload(_number: int, _frame: FrameType | None) -> None:
            self._reloading.set()
            self._wake.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGHUP, reload)

    def _networks(self, site: str = "default") -> list[str]:
        """Networks of the organisation, as the zones say."""
        from sentinel.rules import zones

        collect = self._settings.collect
        return zones.load(collect.zones).own(site) if collect.zones is not None else []

    # --- the work ---------------------------------------------------------------------------------------

    def _work(self, store: ElasticStore, requests: Bulk) -> None:
        wait = self._settings.centre.every
        try:
            while not self._ending.is_set():
                self._beat = time.monotonic()
                try:
                    more = self._turn(store, requests)
                    if self._away is not None or self._fault is not None:
                        self._away = self._fault = None
                        self._log.info("store-back")
                    wait = self._settings.centre.every
                except StoreAwayError as error:
                    more = False
                    if self._away is None:
                        self._log.warning("store-away", message=error.message)
                    self._away = error.message
                    wait = min(wait * 1.5, max(LONGEST_WAIT, self._settings.centre.every))
                except UserError as error:
                    more = False
                    if self._fault is None:
                        self._log.error("refused", message=error.message)
                    self._fault = error.message
                if not more:
                    self._ending.wait(wait)
            for site in self._sites.values():
                site.end()
        except BaseException as error:  # noqa: BLE001 - told, and the process ends by it
            self._failed = True
            self._log.error("stage-failed", message="the work on chains failed", error=error)
        finally:
            requests.close()
            self._wake.set()

    def _turn(self, store: ElasticStore, requests: Bulk) -> bool:
        """One turn of every site. A site whose turn fails does not keep others from theirs."""
        self._discover(store, requests)
        if self._reloading.is_set():
            self._reloading.clear()
            self._reload()
        more = False
        fault: UserError | None = None
        for site in list(self._sites.values()):
            try:
                more = site.turn(self._ending.is_set) or more
            except UserError as error:
                fault = fault or error
        if fault is not None:
            raise fault
        return more

    def _discover(self, store: ElasticStore, requests: Bulk) -> None:
        now = time.monotonic()
        if now - self._discovered < DISCOVER_SECONDS and self._sites:
            return
        named = self._settings.centre.sites or Sites(store.client, store.layout).known()
        self._discovered = now
        for name in named:
            if name in self._sites:
                continue
            if len(self._sites) >= MOST_SITES:
                self._log.warning("site-refused", message=f"site {name}: more than {MOST_SITES} sites")
                return
            sites = dict(self._sites)  # another thread reads it
            sites[name] = Site(
                name,
                store,
                requests,
                self._settings.centre,
                self._log,
                networks=self._networks(name),
                known=self._settings.collect.known,
                tell=self._tell,
                beat=self._alive,
            )
            self._sites = sites

    def _tell(self, chains: Iterable[bytes]) -> None:
        self._forward.chains(chains)

    def _alive(self) -> None:
        self._beat = time.monotonic()

    def _reload(self) -> None:
        """The zones' networks, read again; what is wrong keeps those there are."""
        try:
            networks = {name: self._networks(name) for name in self._sites}
        except UserError as error:
            self._log.error("reload-refused", message=error.message)
            return
        for name, site in self._sites.items():
            site.rezone(networks[name])
        self._log.info("reloaded", message="the networks of the organisation are as the zones say")

    def _renew(self) -> None:
        """Keep leases while the work goes on, however long a step of it takes."""
        every = self._settings.centre.lease / 6
        while not self._ending.wait(every):
            if time.monotonic() - self._beat > STUCK_SECONDS:
                continue
            for site in self._sites.values():
                if site.lease.ours:
                    try:
                        site.lease.renew()
                    except LeaseLostError:
                        pass  # the work finds out by itself
                    except UserError:
                        pass  # it is told where the work meets it

    # --- looking after it -------------------------------------------------------------------------------

    def _watch(
        self, url: str, forward: Any, metrics: Metrics, notify: Notify, worker: threading.Thread
    ) -> None:
        told = Told(self._folder.path, sensor_name(self._settings.collect), url)
        stuck = False
        while not self._ending.is_set() and worker.is_alive():
            self._wake.wait(WATCH_SECONDS)
            self._wake.clear()
            now = time.monotonic() - self._beat > STUCK_SECONDS
            if now and not stuck:
                self._log.error("stage-stuck", message="the work on chains shows no life")
            stuck = now
            if not stuck:
                notify.alive()
            if self._reloading.is_set():
                notify.reloading()
                notify.ready()
            state = told.take(
                self._sites, dict(forward.counters()), away=self._away or self._fault, stuck=stuck
            )
            told.publish(state, metrics)
            notify.status(state["summary"])
            try:
                told.write(state)
            except OSError as error:
                self._log.warning("status-not-written", message=f"{error.filename}: {error.strerror}")


__all__ = ["Centre"]
