"""How a centre is doing: for metrics, for /health, and in `status.json` for `sentinel status`."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentinel.collector.clock import Clock, rfc3339
from sentinel.collector.status import put

if TYPE_CHECKING:
    from sentinel.collector.centre.site import Site
    from sentinel.collector.metrics import Metrics

WRITE_SECONDS = 2.0
COUNTED = ("late", "repeated", "again", "unreadable", "closed_early", "rules_uncounted", "hurried")
"""What engines count of alerts that were not taken in as they should, or of what fell off."""


class Told:
    """Takes stock of a centre."""

    def __init__(self, folder: Path, sensor: str, url: str) -> None:
        self._folder, self._sensor, self._url = folder, sensor, url
        self._clock = Clock()
        self._started = rfc3339(self._clock.now())
        self._written = float("-inf")

    def take(
        self, sites: Mapping[str, Site], forwarded: dict[str, Any], *, away: str | None, stuck: bool
    ) -> dict[str, Any]:
        """How things stand now, as plain data."""
        now = self._clock.now()
        told = {name: site.status(now / 1e6) for name, site in sites.items()}
        faults = [f"the store takes or gives nothing: {away}"] if away else []
        faults += ["the work on chains shows no life"] if stuck else []
        leads = sum(site["leads"] for site in told.values())
        alerts = sum(site["alerts"] for site in told.values())
        status = "failing" if faults else "ok"
        return {
            "sensor": self._sensor,
            "pid": os.getpid(),
            "time": rfc3339(now),
            "started": self._started,
            "status": status,
            "faults": faults,
            "store": {"url": self._url, "away": away},
            "centre": told,
            "forward": forwarded,
            "summary": f"leads {leads} of {len(told)} sites, {alerts:,} alerts read, {status}",
        }

    def publish(self, told: dict[str, Any], metrics: Metrics) -> None:
        """Set every metric to what `take` told."""
        sites: dict[str, dict[str, Any]] = told["centre"]
        counted: dict[str, int] = {}
        for site in sites.values():
            for name in COUNTED:
                counted[name] = counted.get(name, 0) + site.get("counters", {}).get(name, 0)
        metrics.update(
            centre_leader={name: float(site["leads"]) for name, site in sites.items()},
            centre_epoch={name: site["epoch"] for name, site in sites.items()},
            centre_alerts={name: site["alerts"] for name, site in sites.items()},
            centre_lag_seconds={name: site.get("lag_seconds") or 0.0 for name, site in sites.items()},
            centre_out_of_turn=counted,
            chains=sum(site.get("chains", 0) for site in sites.values()),
            assets=sum(site.get("assets", 0) for site in sites.values()),
            forwarded={name: to.get("sent", 0) for name, to in told["forward"].items()},
            forward_failures={name: to.get("dropped", 0) for name, to in told["forward"].items()},
            forward_waiting={name: to.get("waiting", 0) for name, to in told["forward"].items()},
        )
        if told["store"]["away"]:
            metrics.trouble("store", told["store"]["away"], failing=True)
        else:
            metrics.well("store")
        metrics.alive()

    def write(self, told: dict[str, Any]) -> None:
        """Write the file, at most every two seconds."""
        now = time.monotonic()
        if now - self._written >= WRITE_SECONDS:
            self._written = now
            put(self._folder, told)
