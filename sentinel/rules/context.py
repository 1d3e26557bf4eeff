"""Settings of the engine's context: zones, the stored inventory, how long to learn.

The context itself is native (`crates/detect/src/context`): what is handed over here is one JSON
document before the first event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sentinel.rules.zones import Zones, load

LEARNING_DAYS = 7.0
"""Observed days until what was never seen is new. A single capture is far shorter: nothing is new in it."""

_ASSET_KEYS = ("id", "ip", "mac", "type", "level", "criticality", "vlan")


def known(assets: Iterable[Mapping[str, Any]], site: str) -> list[dict[str, Any]]:
    """What the engine knows of the assets of a site."""
    return [
        {key: asset[key] for key in _ASSET_KEYS if asset.get(key) is not None}
        for asset in assets
        if asset.get("site", site) == site
    ]


def settings(
    *,
    zones_file: Path | Zones | None = None,
    site: str = "default",
    assets: Iterable[Mapping[str, Any]] = (),
    learning_days: float = LEARNING_DAYS,
    learn: bool = True,
) -> dict[str, Any]:
    """One document for the engine. `assets` are inventory records of the site; `learn` is False for
    sources that were seen before: a baseline learns from new ones only."""
    out: dict[str, Any] = {
        "assets": known(assets, site),
        "baseline": {"learning": learning_days * 86_400, "learn": learn},
    }
    if zones_file is not None:
        read = zones_file if isinstance(zones_file, Zones) else load(zones_file)
        out |= read.settings(site)
    return out
