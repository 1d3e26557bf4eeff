"""What the daemon counts, for Prometheus, and how it is, for whoever asks.

`Metrics` is told the numbers as the native parts hold them (`update`, `add`, `took`) and the troubles as
they come and go (`trouble`, `well`); `collector.web` serves both. No state is global: a daemon has one.
"""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from sentinel import __version__

SILENCE = 30.0
"""Seconds without `alive` after which the daemon counts as failing: its main loop hangs."""

OTHER = "other"
"""Label under which a counter sums what goes beyond its bound."""


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: its name without `sentinel_`, what it is, and how many values of its label are kept."""

    kind: Literal["counter", "gauge", "nearest"]
    help: str
    label: str = ""
    most: int = 64


FAMILIES: Mapping[str, Family] = {
    "packets": Family("counter", "Packets seen", "interface"),
    "bytes": Family("counter", "Octets of packets seen", "interface"),
    "dropped": Family("counter", "What was not looked at or kept, by reason", "reason", 256),
    "log_lines": Family("counter", "Lines of logs read", "log", 256),
    "log_bad_lines": Family("counter", "Lines of logs that could not be read", "log", 256),
    "log_lag_bytes": Family("gauge", "Bytes of a log not read yet", "log", 256),
    "parse_errors": Family("counter", "Messages that were malformed", "probe", 256),
    "flows": Family("gauge", "Flows in the flow table"),
    "events": Family("counter", "Events made"),
    "queue_events": Family("gauge", "Events that wait before a stage", "queue"),
    "queue_limit_events": Family("gauge", "Events that may wait before a stage", "queue"),
    "lag_seconds": Family("gauge", "Seconds that the newest event kept is behind the clock"),
    "rules": Family("gauge", "Rules at work"),
    "rule_hits": Family("counter", "Alerts made, by rule", "rule", 2000),
    "alerts": Family("counter", "Alerts made, by level", "level"),
    "chains": Family("gauge", "Attack chains that are open"),
    "assets": Family("gauge", "Assets known"),
    "centre_leader": Family("gauge", "1 where this centre keeps the chains of a site", "site", 256),
    "centre_epoch": Family("gauge", "How often the chains of a site were taken over", "site", 256),
    "centre_alerts": Family("counter", "Alerts of a site that were read", "site", 256),
    "centre_lag_seconds": Family(
        "gauge", "Seconds that the newest alert read is behind the clock", "site", 256
    ),
    "centre_out_of_turn": Family("gauge", "Alerts late or given again, and what fell off chains", "reason"),
    "stored": Family("counter", "Records written to the store", "record"),
    "store_failures": Family("counter", "Writes that the store refused or did not answer", "reason"),
    "spool_bytes": Family("gauge", "Bytes that wait on disk for the store"),
    "spool_records": Family("gauge", "Records that wait on disk for the store"),
    "forwarded": Family("counter", "Alerts and chains delivered", "receiver"),
    "forward_failures": Family("counter", "Deliveries given up", "receiver"),
    "forward_waiting": Family("gauge", "Alerts and chains that wait for a receiver", "receiver"),
    "checkpoint_bytes": Family("gauge", "Bytes of the last checkpoint"),
    "checkpoint_time_seconds": Family("gauge", "When the last checkpoint was made, Unix time"),
    "reloads": Family("counter", "Reloads of settings and rules, by outcome", "outcome"),
    "certificate_end_seconds": Family(
        "nearest", "When the certificate of an asset ends, Unix time; those that end first", "asset", 100
    ),
}

STEPS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds (seconds) of the store's histogram; beyond, infinity."""

Values = float | Mapping[str, float]


class Metrics(Collector):
    """The numbers and the health of one daemon. Every thread may call it."""

    def __init__(
        self,
        *,
        info: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`info` are labels of `sentinel_info` beside the version: site, sensor, store."""
        self._clock, self._monotonic = clock, monotonic
        self._info = {"version": __version__, **(info or {})}
        self._lock = threading.Lock()
        self._values: dict[str, dict[str, float]] = {}
        self._buckets: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}
        self._troubles: dict[str, _Trouble] = {}
        self._started = clock()
        self._alive = monotonic()
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def update(self, **values: Values) -> None:
        """Set families to what they are now: a number, or numbers by label. Counters are totals since the
        start. Raises KeyError for a family that is not in `FAMILIES`."""
        with self._lock:
            for name, value in values.items():
                family = FAMILIES[name]
                new = dict(value) if isinstance(value, Mapping) else {"": value}
                self._values[name] = _bounded(family, self._values.get(name, {}), new)

    def add(self, name: str, count: float = 1, label: str = "") -> None:
        """Count on in a counter."""
        family = FAMILIES[name]
        with self._lock:
            values = self._values.setdefault(name, {})
            label = _label(label)
            if label not in values and len(values) >= family.most:
                label = OTHER
            values[label] = values.get(label, 0) + count

    def took(self, seconds: float, operation: str = "write") -> None:
        """The store took so long for an `operation`: write, search, …"""
        with self._lock:
            if operation not in self._buckets and len(self._buckets) >= 16:
                operation = OTHER
            counts = self._buckets.setdefault(operation, [0] * (len(STEPS) + 1))
            counts[bisect_left(STEPS, seconds)] += 1
            self._sums[operation] = self._sums.get(operation, 0.0) + seconds

    def trouble(self, what: str, reason: str, *, failing: bool = False) -> None:
        """Something is not as it should be: the daemon is degraded, or `failing`, until `well(what)`."""
        with self._lock:
            old = self._troubles.get(what)
            since = old.since if old is not None else self._clock()
            if old is not None or len(self._troubles) < 256:
                self._troubles[what] = _Trouble(reason, failing, since)

    def well(self, what: str) -> None:
        """What `trouble` told is over."""
        with self._lock:
            self._troubles.pop(what, None)

    def alive(self) -> None:
        """The main loop turns. Silence for `SILENCE` seconds is a trouble of its own."""
        self._alive = self._monotonic()

    def health(self) -> dict[str, Any]:
        """`status` ok, degraded or failing, with the `reasons`: what, since when, how bad."""
        with self._lock:
            troubles = dict(self._troubles)
        silent = self._monotonic() - self._alive
        if silent > SILENCE:
            reason = f"the main loop has not turned for {silent:.0f} s"
            troubles["daemon"] = _Trouble(reason, failing=True, since=self._clock() - silent)
        worst = "ok" if not troubles else "degraded"
        if any(trouble.failing for trouble in troubles.values()):
            worst = "failing"
        return {
            "status": worst,
            "reasons": [trouble.told(what) for what, trouble in sorted(troubles.items())],
            "started": _rfc3339(self._started),
            **self._info,
        }

    def collect(self) -> Iterator[Metric]:
        """For Prometheus' client: every family that has a value."""
        with self._lock:
            values = {name: dict(of) for name, of in self._values.items()}
            buckets = {name: list(counts) for name, counts in self._buckets.items()}
            sums = dict(self._sums)
        info = GaugeMetricFamily("sentinel_info", "What runs", labels=list(self._info))
        info.add_metric([_label(value) for value in self._info.values()], 1)
        yield info
        yield GaugeMetricFamily(
            "sentinel_start_time_seconds", "When it was started, Unix time", self._started
        )
        health = self.health()["status"]
        status = GaugeMetricFamily("sentinel_health", "1 for the status in force", labels=["status"])
        for word in ("ok", "degraded", "failing"):
            status.add_metric([word], float(word == health))
        yield status
        for name, family in FAMILIES.items():
            if name in values:
                yield _metric(name, family, values[name], self._started)
        if buckets:
            times = HistogramMetricFamily(
                "sentinel_store_seconds", "What the store took", labels=["operation"]
            )
            for operation, counts in buckets.items():
                times.add_metric([operation], _cumulative(counts), sums[operation])
            yield times


@dataclass(frozen=True, slots=True)
class _Trouble:
    reason: str
    failing: bool
    since: float

    def told(self, what: str) -> dict[str, str]:
        status = "failing" if self.failing else "degraded"
        return {"what": what, "status": status, "reason": self.reason, "since": _rfc3339(self.since)}


def _bounded(family: Family, old: Mapping[str, float], new: Mapping[str, float]) -> dict[str, float]:
    """At most `family.most` labels. A counter keeps those it had, so that its series go on, and sums the
    others; a gauge shows the largest."""
    clean: dict[str, float] = {}
    for label, value in new.items():
        label = _label(label)
        clean[label] = clean[label] + value if family.kind == "counter" and label in clean else float(value)
    if len(clean) <= family.most:
        return clean
    if family.kind == "nearest":
        return dict(sorted(clean.items(), key=lambda item: (item[1], item[0]))[: family.most])
    if family.kind == "gauge":
        return dict(sorted(clean.items(), key=lambda item: (-item[1], item[0]))[: family.most])
    kept = [label for label in clean if label in old and label != OTHER]
    rest = [label for label in clean if label not in old and label != OTHER]
    first = (kept + rest)[: family.most - 1]
    out = {label: clean.pop(label) for label in first}
    out[OTHER] = math.fsum(clean.values())
    return out


def _label(value: str) -> str:
    return value[:200].encode("utf-8", "replace").decode("utf-8")


def _metric(name: str, family: Family, values: Mapping[str, float], started: float) -> Metric:
    labels = [family.label] if family.label else []
    metric: CounterMetricFamily | GaugeMetricFamily
    if family.kind == "counter":
        metric = CounterMetricFamily(f"sentinel_{name}", family.help, labels=labels)
    else:
        metric = GaugeMetricFamily(f"sentinel_{name}", family.help, labels=labels)
    for label, value in values.items():
        metric.add_metric([label] if labels else [], value)
    return metric


def _cumulative(counts: list[int]) -> list[tuple[str, float]]:
    total, out = 0, []
    for bound, count in zip([*map(str, STEPS), "+Inf"], counts, strict=True):
        total += count
        out.append((bound, float(total)))
    return out


def _rfc3339(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
