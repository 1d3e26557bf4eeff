"""Verdicts and reports as events, so that rules, alerts and chains see them.

One event for a message: `event.action` is `v2x-message`, `event.dataset` `sentinel.v2x`; one for a report of
misbehaviour: `v2x-misbehaviour-report`. The ends are those of the frame; a message in a
file of its own has none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sentinel.v2x.times import text

if TYPE_CHECKING:
    from sentinel._native import _V2xEnd
    from sentinel.v2x.misbehaviour.report import Report

OUTCOMES = {"accept": "success", "reject": "failure", "wait": "unknown"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message was, and when it came."""

    name: str
    """File or interface."""
    frame: int | None
    posix: int
    """Microseconds since 1970 UTC."""
    digest: bytes
    """SHA-256 of its octets."""
    layer: str | None = None
    ends: tuple[_V2xEnd, _V2xEnd] | None = None


def verdict(outcome: Mapping[str, Any], origin: Origin) -> dict[str, Any]:
    """The event of a message that was judged: `outcome` as the verifier gives it."""
    id = hashlib.sha256(
        b"%s %d %d " % (origin.name.encode(), origin.frame or 0, origin.posix) + origin.digest
    )
    event: dict[str, Any] = {
        "@timestamp": text(origin.posix),
        "event.id": id.hexdigest()[:32],
        "event.kind": "event",
        "event.dataset": "sentinel.v2x",
        "event.category": "network",
        "event.type": "denied" if outcome["verdict"] == "reject" else "info",
        "event.action": "v2x-message",
        "event.outcome": OUTCOMES[outcome["verdict"]],
        "network.protocol": "v2x",
        "v2x.layer": origin.layer,
        "v2x.message.type": outcome["kind"],
        "v2x.verification.result": outcome["verdict"],
        "v2x.verification.reason": outcome["reason"],
        "v2x.verification.detail": outcome["detail"],
        "v2x.aid": outcome["aid"],
        "v2x.signer.digest": outcome["signer"],
        "v2x.generated": text(outcome["generation_time"]),
        "v2x.station.id": outcome.get("station"),
        "v2x.reported": list(outcome.get("events", ())),
        "sentinel.source": origin.name,
        "sentinel.frame": origin.frame,
    }
    if place := outcome.get("place"):
        event["v2x.latitude"], event["v2x.longitude"] = place
    for side, end in zip(("source", "destination"), origin.ends or (), strict=False):
        event[f"{side}.mac"], event[f"{side}.ip"], event[f"{side}.port"] = end
    return {key: value for key, value in event.items() if value not in (None, "", [])}


def report(found: Report, reasons: list[str]) -> dict[str, Any]:
    """The event of a report that the misbehaviour authority has examined; `reasons` are what its evidence
    bears out, none of them if it does not. Who reported is not told."""
    event: dict[str, Any] = {
        "@timestamp": text(int(found.at * 1_000_000)),
        "event.id": hashlib.sha256(f"report {found.id}".encode()).hexdigest()[:32],
        "event.kind": "event",
        "event.dataset": "sentinel.v2x",
        "event.category": "network",
        "event.type": "info",
        "event.action": "v2x-misbehaviour-report",
        "event.outcome": "success" if reasons else "failure",
        "network.protocol": "v2x",
        "v2x.signer.digest": found.target,
        "v2x.misbehaviour.reasons": reasons or list(found.reasons),
        "v2x.misbehaviour.confirmed": bool(reasons),
    }
    return event
