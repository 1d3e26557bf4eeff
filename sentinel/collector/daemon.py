"""The daemon put together: its stages, signals, reload, watchdog, an end in time.

intake --line--> detect --line--> keeper
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sentinel.collector.check import sensor_name, state_folder
from sentinel.collector.checkpoint import Checkpoint, StateFolder
from sentinel.collector.clock import Clock
from sentinel.collector.figures import Figures
from sentinel.collector.publish import publish
from sentinel.collector.signals import listen
from sentinel.collector.stages import Stages, open_ports
from sentinel.collector.status import Status
from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.collector.metrics import Metrics
    from sentinel.collector.notify import Notify
    from sentinel.config.sections import Settings

WATCH_SECONDS = 1.0
"""Seconds between two looks at the stages."""

STUCK_SECONDS = 60.0
"""A stage that shows no life for so long is stuck: the watchdog is no longer told that all is well."""


class Daemon:
    """`sentinel collect`. `run` returns the exit code."""

    def __init__(self, settings: Settings, log: Any, *, reread: Callable[[], Settings]) -> None:
        self._settings, self._log, self._reread = settings, log, reread
        self._clock, self._figures = Clock(), Figures()
        self._figures.started = self._clock.now()
        self._ending, self._reloading, self._wake = (threading.Event() for _ in range(3))
        self._folder = StateFolder(state_folder(settings.collect))

    def run(self) -> int:
        """Collect until SIGTERM or SIGINT. Raises `UserError` if it cannot start; then nothing was begun."""
        self._folder.acquire()
        try:
            return self._collect()
        finally:
            self._folder.release()

    def _collect(self) -> int:
        from sentinel._native import small_pages
        from sentinel.collector.forward import Forwarders
        from sentinel.collector.metrics import Metrics
        from sentinel.collector.notify import Notify
        from sentinel.collector.web import serve
        from sentinel.store import open_store, open_writer

        settings, log = self._settings, self._log
        small_pages()
        before = self._taken_up()
        notify = Notify()
        ports = open_ports(settings, before, log)
        # what a checkpoint holds is enough to go on while an Elasticsearch is away
        known = before is not None and bool(before.key)
        store = open_store(settings.store.url, create=True, settings=settings, away=known)
        forward = Forwarders(settings.forward, self._folder.path, log, host=sensor_name(settings.collect))
        metrics = Metrics(
            info={"sensor": sensor_name(settings.collect), "site": settings.collect.site, "store": store.url}
        )
        web = None
        try:
            with open_writer(store, settings, self._folder.path) as writer:
                stages = Stages(
                    settings,
                    store,
                    writer,
                    self._folder,
                    before,
                    clock=self._clock,
                    figures=self._figures,
                    log=log,
                    forward=forward,
                    ports=ports,
                    ended=self._wake.set,
                )
                listen(self._ending, self._reloading, self._wake)
                if settings.metrics.listen is not None:
                    web = serve(settings.metrics.listen, metrics)
                forward.start()
                stages.start()
                log.info("started", message=f"collecting from {stages.what}", store=store.url)
                notify.ready(f"collecting from {stages.what}")
                self._watch(stages, forward.counters, metrics, notify)
                notify.stopping()
                code = stages.end()
                log.info("stopped", message="stopped" if code == 0 else "stopped with faults")
                return code
        finally:
            if web is not None:
                web.close()
            forward.stop(1.5)
            store.close()

    def _taken_up(self) -> Checkpoint | None:
        """The checkpoint to go on from, if there is one of this sensor."""
        found, wrong = self._folder.load()
        for line in wrong:
            self._log.error("checkpoint-unreadable", message=line)
        collect = self._settings.collect
        if found is not None and (found.site, found.sensor) != (collect.site, sensor_name(collect)):
            raise UserError(
                f"{self._folder.path}: is the state of sensor {found.sensor} of site {found.site}; "
                "name another folder (collect.state), or give this sensor the same names"
            )
        return found

    def _watch(
        self, stages: Stages, forwarded: Callable[[], Mapping[str, Any]], metrics: Metrics, notify: Notify
    ) -> None:
        """Look after the stages until they are to end."""
        status = Status(self._folder.path, self._settings, self._figures, self._clock)
        stuck: str | None = None
        while not self._ending.is_set() and stages.failed is None:
            self._wake.wait(WATCH_SECONDS)
            self._wake.clear()
            if self._reloading.is_set():
                self._reloading.clear()
                self._reload(stages, notify)
            now = stages.stuck(STUCK_SECONDS)
            if now is not None and now != stuck:
                self._log.error("stage-stuck", message=f"the stage {now} shows no life", stage=now)
            stuck = now
            if stuck is None:
                notify.alive()
            told = status.take(stages, dict(forwarded()), stuck)
            publish(told, metrics)
            notify.status(told["summary"])
            try:
                status.write(told)
            except OSError as error:
                self._log.warning("status-not-written", message=f"{error.filename}: {error.strerror}")

    def _reload(self, stages: Stages, notify: Notify) -> None:
        """Read the settings again; what is wrong keeps all as it was."""
        notify.reloading()
        try:
            settings = self._reread()
        except UserError as error:
            self._log.error("reload-refused", message=error.message)
            notify.ready()
            return
        for line in unchanged(self._settings, settings):
            self._log.warning("restart-needed", message=line)

        def done(kept: list[str]) -> None:
            for line in kept:
                self._log.error("pack-kept", message=line)
            self._log.info("reloaded", message="rules and retention are as the settings say")
            notify.ready()

        stages.reload(settings, done)


RELOADED = ("collect.rules", "collect.packs", "store.keep_days", "store.keep_bytes")
"""Settings that SIGHUP puts in force."""


def unchanged(before: Settings, after: Settings) -> list[str]:
    """One line for each setting that differs and is in force only after a restart."""
    lines = []
    for section in type(before).model_fields:
        if section in ("scan", "centre"):
            continue
        old, new = getattr(before, section), getattr(after, section)
        for key in type(old).model_fields:
            name = f"{section}.{key}"
            if name not in RELOADED and getattr(old, key) != getattr(new, key):
                lines.append(f"{name} changed: it is in force after a restart")
    return lines
