"""The stages of a daemon and what they work on, taken up from a checkpoint and ended together."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sentinel.collector.check import sensor_name
from sentinel.collector.checkpoint import Checkpoint, StateFolder
from sentinel.collector.clock import Clock
from sentinel.collector.detect import Detect
from sentinel.collector.figures import Figures
from sentinel.collector.intake import Intake
from sentinel.collector.keeper import CENTRE_SECONDS, STORE_SECONDS, Keeper
from sentinel.collector.line import Closed, Line
from sentinel.collector.stock import Stock, known_assets
from sentinel.errors import StoreAwayError, UserError

if TYPE_CHECKING:
    from sentinel._native import Chains, Live, Tails
    from sentinel.collector.forward import Forwarders
    from sentinel.config.sections import Settings
    from sentinel.model.store import Store, Writer
    from sentinel.probes.runner import Runner
    from sentinel.rules.engine import Rules
    from sentinel.rules.zones import Zones
    from sentinel.sources.evidence import Keeper as Packets


@dataclass(frozen=True, slots=True)
class Ports:
    """Open interfaces, what drives probes written in Python over them, and what keeps packets."""

    live: Live | None = None
    runner: Runner | None = None
    evidence: Packets | None = None


STOP_SECONDS = 8.0
"""Seconds in which the stages end; what is not kept then is given up and said. systemd waits for 10."""


class Stages:
    """Intake, rules, keeper: threads with lines between them."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        writer: Writer,
        folder: StateFolder,
        before: Checkpoint | None,
        *,
        clock: Clock,
        figures: Figures,
        log: Any,
        forward: Forwarders,
        ports: Ports,
        ended: Callable[[], None],
    ) -> None:
        from sentinel.rules.zones import load as load_zones

        collect = settings.collect
        self._log, self._ended, self._figures = log, ended, figures
        self.failed: BaseException | None = None
        self._spool: Callable[[], dict[str, Any]] | None = getattr(writer, "spooled", None)
        figures.parts["store_url"] = store.url
        # events that were taken off the first line wait in the second: each has its half
        first, second = (Line(name, max(collect.queue // 2, 1)) for name in ("rules", "store"))
        self.lines = (first, second)
        sensor = sensor_name(collect)
        known = known_assets(store, collect.site)
        zones = load_zones(collect.zones) if collect.zones is not None else None
        self._rules = make_rules(settings, store, known, zones, before, log)
        self._chains = make_chains(settings, known, zones, before, log)
        stock = Stock(
            store,
            writer,
            collect.site,
            sensor,
            passwords=collect.passwords,
            password_seconds=collect.password_seconds,
            known=collect.known,
            before=before,
        )
        from sentinel.pipeline import origin

        live, packets = ports.live, ports.evidence
        if packets is not None and settings.evidence.folder is not None:
            from sentinel.pipeline import remember

            try:
                remember(writer, store, settings.evidence.folder)
            except StoreAwayError:
                pass  # the start before this one has noted it, or the next will
        tails = open_logs(settings, before)
        if live is not None and before is not None:
            figures.lost_seconds = max(0.0, clock.now() / 1e6 - parsed(before.time))
        self.what = told(settings)
        self.intake = Intake(
            first, live, ports.runner, tails, figures, every=collect.checkpoint, evidence=packets
        )
        self.detect = Detect(
            first,
            second,
            self._rules,
            self._chains,
            clock,
            figures,
            caught_up=self.intake.caught_up,
            evidence=packets,
            origin=origin(collect.site, sensor),
        )
        self.keeper = Keeper(
            second,
            store,
            writer,
            stock,
            folder,
            clock,
            figures,
            log,
            site=collect.site,
            sensor=sensor,
            keep_days=settings.store.keep_days,
            keep_bytes=settings.store.keep_bytes,
            tell=forward.tell,
            assets=self._assets_known,
            slower=self._slower(collect.checkpoint),
            number=before.number if before else 0,
            store_every=STORE_SECONDS if collect.chains else CENTRE_SECONDS,
        )
        self._each: dict[str, Intake | Detect | Keeper] = {
            "intake": self.intake,
            "detect": self.detect,
            "keeper": self.keeper,
        }
        self._threads = [
            threading.Thread(target=self._guarded, args=(name, stage.run), name=name, daemon=True)
            for name, stage in self._each.items()
        ]

    def _assets_known(self, known: bytes, documents: bytes) -> None:
        """Tell rules and chains what the inventory knows."""

        def task(rules: Rules) -> None:
            rules.watch.assets(known)
            if self._chains is not None:
                self._chains.assets(documents)

        self.detect.ask(task)

    def _slower(self, least: float) -> Callable[[float], None]:
        def slower(seconds: float) -> None:
            self.intake.every = max(least, seconds)

        return slower

    def _guarded(self, name: str, run: Callable[[], None]) -> None:
        try:
            run()
        except Closed:
            pass
        except BaseException as error:  # noqa: BLE001 - told, and the process ends by it
            self.failed = self.failed or error
            self._log.error("stage-failed", message=f"the stage {name} failed", stage=name, error=error)
            for line in self.lines:
                line.close()
            self._ended()

    def spool(self) -> dict[str, Any] | None:
        """What waits on disk for the store; None where nothing ever does."""
        return self._spool() if self._spool is not None else None

    def start(self) -> None:
        """Begin to listen."""
        for thread in self._threads:
            thread.start()

    def stuck(self, seconds: float) -> str | None:
        """The name of a stage that has shown no life for so long, or None."""
        now = time.monotonic()
        return next((name for name, stage in self._each.items() if now - stage.beat > seconds), None)

    def end(self) -> int:
        """Have what is under way kept, and the stages end. Returns the exit code."""
        deadline = time.monotonic() + STOP_SECONDS
        self.intake.stop()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic() - 1.0))
        if any(thread.is_alive() for thread in self._threads):
            self.keeper.give_up.set()
            for line in self.lines:
                line.close()
            for thread in self._threads:
                thread.join(max(0.1, deadline - time.monotonic()))
            if self.keeper.kept.is_set():
                self._log.warning(
                    "observations-wait", message="the store was too slow: the checkpoint has the observations"
                )
                return 0 if self.failed is None else 1
            waiting = sum(line.events for line in self.lines)
            self._log.error(
                "stopped-early",
                message=f"the store was too slow: {waiting:,} events are not kept, the next start goes on at "
                "the checkpoint before",
                events=waiting,
            )
            return 1
        return 0 if self.failed is None else 1

    def reload(self, settings: Settings, done: Callable[[list[str]], None]) -> None:
        """Put rules and retention of other settings in force; `done` gets a line for each
        that stays as it was."""
        from sentinel.rules.reload import reload

        self.keeper.keep_days = settings.store.keep_days
        self.keeper.keep_bytes = settings.store.keep_bytes

        def task(rules: Rules) -> None:
            outcome = reload(rules, settings.collect.rules, packs=settings.collect.packs)
            done([*outcome.refused, *(f"{pack}: kept as it was" for pack in outcome.kept)])

        self.detect.ask(task)


def make_rules(
    settings: Settings,
    store: Store,
    known: list[dict[str, Any]],
    zones: Zones | None,
    before: Checkpoint | None,
    log: Any,
) -> Rules:
    """The rules, with what they had in their windows."""
    from sentinel.rules import baselines, context
    from sentinel.rules.engine import Rules, load

    collect = settings.collect
    around = context.settings(
        zones_file=zones, site=collect.site, assets=known, learning_days=collect.learning_days
    )
    rules = Rules(load(collect.rules, packs=collect.packs), context=around, lateness=collect.lateness)
    for line in rules.refused:
        log.warning("rule-refused", message=line)
    if before is not None and before.rules:
        try:
            rules.watch.restore(before.rules)
        except ValueError as error:
            log.warning("state-refused", message=f"what rules had in their windows is gone: {error}")
        else:
            return rules
    saved = before.baseline if before is not None and before.baseline else None
    name = f"baseline {collect.site}"
    if saved is None:
        try:
            saved = store.state(name)
        except StoreAwayError:
            log.warning("store-away", message="the store is away: what was learned before is not known")
    baselines.load(rules.watch, saved, name)
    return rules


def make_chains(
    settings: Settings,
    known: list[dict[str, Any]],
    zones: Zones | None,
    before: Checkpoint | None,
    log: Any,
) -> Chains | None:
    """The engine of chains with those that are open; None where a centre keeps them."""
    from sentinel.rules import chains

    collect = settings.collect
    if not collect.chains:
        return None
    networks = zones.own(collect.site) if zones is not None else []
    engine = chains.make(networks=networks, lateness=collect.lateness)
    engine.assets(json.dumps(known).encode())
    if before is not None and before.chains:
        try:
            engine.restore(before.chains)
        except ValueError as error:
            log.warning("state-refused", message=f"open chains start anew: {error}")
    return engine


def open_ports(settings: Settings, before: Checkpoint | None, log: Any) -> Ports:
    """The rings of all interfaces, filling from now on; then privileges are dropped."""
    from sentinel._native import Live, drop_privileges
    from sentinel.probes.runner import Runner, declared
    from sentinel.sources.evidence import Keeper as Packets

    collect = settings.collect
    if not collect.interfaces:
        return Ports()
    packets = Packets(settings.evidence) if settings.evidence.folder is not None else None
    try:
        live = Live(
            list(collect.interfaces),
            site=collect.site,
            events=collect.events,
            workers=collect.workers,
            declared=declared(),
            filter=collect.filter,
            snaplen=collect.snaplen,
            ring_mib=collect.ring,
            promiscuous=collect.promiscuous,
            evidence=packets.native if packets is not None else None,
        )
        drop_privileges()
    except ValueError as error:
        raise UserError(str(error)) from None
    if before is not None and before.flows:
        try:
            live.load_flows(before.flows)
        except ValueError as error:
            log.warning("state-refused", message=f"open flows start anew: {error}")
    return Ports(live, Runner(live), packets)


def open_logs(settings: Settings, before: Checkpoint | None) -> Tails | None:
    """The logs to follow, from where they were read to."""
    collect = settings.collect
    if not collect.logs:
        return None
    from sentinel._native import Tails

    try:
        return Tails(
            [str(path) for path in collect.logs],
            site=collect.site,
            state=before.positions if before is not None and before.positions else None,
        )
    except ValueError as error:
        raise UserError(str(error)) from None


def told(settings: Settings) -> str:
    """What is listened to, in words."""
    collect = settings.collect
    return ", ".join([*collect.interfaces, *(str(path) for path in collect.logs)])


def parsed(time: str) -> float:
    """Seconds since 1970 of an RFC 3339 time."""
    from datetime import datetime

    return datetime.fromisoformat(time).timestamp()
