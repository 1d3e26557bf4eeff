"""How a daemon is doing, told once a second: for metrics, for /health, and in `status.json` of its state
folder for `sentinel status`."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentinel.collector.check import sensor_name
from sentinel.collector.clock import Clock, rfc3339

if TYPE_CHECKING:
    from sentinel.collector.figures import Figures
    from sentinel.collector.stages import Stages
    from sentinel.config.sections import Settings

NAME = "status.json"
WRITE_SECONDS = 2.0


class Status:
    """Takes stock of a daemon."""

    def __init__(self, folder: Path, settings: Settings, figures: Figures, clock: Clock) -> None:
        self._folder = folder
        self._settings, self._figures, self._clock = settings, figures, clock
        self._written = 0.0
        self._last: tuple[float, int, int] | None = None

    def take(self, stages: Stages, forwarded: dict[str, Any], stuck: str | None) -> dict[str, Any]:
        """How things stand now, as plain data."""
        figures, collect = self._figures, self._settings.collect
        now = self._clock.now()
        interfaces = dict(figures.parts.get("interfaces", {}))
        packets = sum(port.get("packets", 0) for port in interfaces.values())
        rates = self._rates(packets, figures.stored)
        troubles = self._troubles(stages, interfaces, stuck)
        out = {
            "sensor": sensor_name(collect),
            "site": collect.site,
            "pid": os.getpid(),
            "time": rfc3339(now),
            "started": rfc3339(figures.started),
            "status": "failing" if stuck or figures.store_away else "degraded" if troubles else "ok",
            "faults": [reason for _, reason in troubles],
            "troubles": troubles,
            "interfaces": interfaces,
            "logs": figures.parts.get("logs", {}),
            "queues": {
                line.name: {"events": line.events, "most": line.most, "high": line.high}
                for line in stages.lines
            },
            "packets_per_second": rates[0],
            "events_per_second": rates[1],
            "events": figures.events,
            "stored": figures.stored,
            "alerts": dict(figures.levels),
            "rules": dict(figures.rules),
            "shed": dict(figures.shed),
            "expired": figures.expired,
            "refused": figures.refused,
            "lost_seconds": figures.lost_seconds,
            "lag_seconds": max(0.0, (now - figures.event_time) / 1e6) if figures.event_time else None,
            "log_lag_bytes": stages.intake.lag,
            "detection": figures.parts.get("rules", {}),
            "inventory": figures.parts.get("inventory", {}),
            "store": {
                "url": figures.parts.get("store_url"),
                "away": figures.store_away,
                "spool": stages.spool(),
            },
            "store_seconds": self._store_seconds(),
            "certificates": figures.parts.get("certificates", {}),
            "forward": forwarded,
            "checkpoint": {
                "number": figures.checkpoints,
                "time": rfc3339(figures.checkpoint_time) if figures.checkpoint_time else None,
                "bytes": figures.checkpoint_bytes,
                "seconds": round(figures.checkpoint_seconds, 3),
                "every": stages.intake.every,
            },
        }
        out["summary"] = _summary(out)
        return out

    def _rates(self, packets: int, stored: int) -> tuple[float, float]:
        now = time.monotonic()
        last, self._last = self._last, (now, packets, stored)
        if last is None or now <= last[0]:
            return 0.0, 0.0
        passed = now - last[0]
        return round((packets - last[1]) / passed, 1), round((stored - last[2]) / passed, 1)

    def _store_seconds(self) -> list[float]:
        """Seconds of each writing since the last look."""
        taken: list[float] = self._figures.parts.pop("store_seconds", [])
        return taken

    def _troubles(
        self, stages: Stages, interfaces: dict[str, Any], stuck: str | None
    ) -> list[tuple[str, str]]:
        """(kind, what is wrong), each."""
        found = []
        if stuck:
            found.append(("stage", f"the stage {stuck} shows no life"))
        away = self._figures.store_away
        if away:
            found.append(("store", f"the store takes nothing: {away}"))
        found += [
            ("interfaces", f"{name}: {port['link']}")
            for name, port in interfaces.items()
            if port.get("link") not in (None, "up")
        ]
        found += [
            ("queues", f"the line to the stage {line.name} is more than half full")
            for line in stages.lines
            if line.crowded
        ]
        spool = stages.spool()
        if spool and spool.get("away") and not away:
            found.append(("spool", f"the store is away, its spool takes all: {spool['away']}"))
        elif spool and spool.get("records"):
            found.append(("spool", f"{spool['records']:,} writes wait in the spool"))
        return found

    def write(self, told: dict[str, Any]) -> None:
        """Write the file, at most every two seconds."""
        now = time.monotonic()
        if now - self._written < WRITE_SECONDS:
            return
        self._written = now
        kept = {name: value for name, value in told.items() if name not in ("store_seconds", "troubles")}
        put(self._folder, kept)


def _summary(told: dict[str, Any]) -> str:
    alerts = sum(told["alerts"].values())
    return (
        f"{told['packets_per_second']:,.0f} packets/s, {told['events_per_second']:,.0f} events/s, "
        f"{alerts:,} alerts, {told['status']}"
    )


def put(folder: Path, told: dict[str, Any]) -> None:
    """Write the file of a state folder. Readers see one state or the next, never half of one."""
    path = folder / NAME
    part = path.with_suffix(".part")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(told, file)
    part.replace(path)


def read(folder: Path) -> dict[str, Any] | None:
    """What a daemon last told in a state folder, or None."""
    try:
        told: dict[str, Any] = json.loads((folder / NAME).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return told
