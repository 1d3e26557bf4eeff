"""What a daemon sees, drops and keeps, for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sentinel.report import centre_page
from sentinel.report.listing import table
from sentinel.report.spans import ago, span
from sentinel.report.table import STYLES, safe

STATES = {"ok": "green", "degraded": "yellow", "failing": "bold red", "stopped": "bold red"}
LEVELS = ("critical", "high", "medium", "low", "informational")
MOST_RULES = 8


def page(told: dict[str, Any], *, running: bool, now: datetime | None = None) -> RenderableType:
    """Everything on one screen; what is wrong comes first."""
    now = now or datetime.now(UTC)
    state = told["status"] if running else "stopped"
    if "centre" in told:
        return centre_page.page(told, Text(state, STATES[state]), running=running, now=now)
    head = Table(box=None, show_header=False, pad_edge=False)
    head.add_column(style="bold", no_wrap=True)
    head.add_column(overflow="fold")
    since = ago(told["started"], now) if running else f"last seen {ago(told['time'], now)} ago"
    what = Text(state, STATES[state])
    head.add_row("sensor", safe(f"{told['sensor']} at {told['site']}", 120))
    head.add_row("state", Text.assemble(what, f", {'for ' if running else ''}{since}, process {told['pid']}"))
    for line in told["faults"] if running else ():
        head.add_row("", Text.assemble(("! ", "bold red"), safe(line, 400)))
    rates = f"{told['packets_per_second']:,.0f} packets/s, {told['events_per_second']:,.0f} events/s stored"
    head.add_row("now", rates)
    head.add_row("events", f"{told['events']:,} seen, {told['stored']:,} new in the store{_lag(told)}")
    head.add_row("alerts", _alerts(told["alerts"]))
    head.add_row("lost", _lost(told))
    head.add_row("store", _store(told["store"]))
    head.add_row("inventory", _inventory(told["inventory"].get("totals", {})))
    head.add_row("checkpoint", _checkpoint(told["checkpoint"], now))
    parts: list[RenderableType] = [head]
    if told["interfaces"]:
        parts += ["", _interfaces(told["interfaces"])]
    if told["logs"]:
        parts += ["", _logs(told["logs"])]
    if told["forward"]:
        parts += ["", _receivers(told["forward"])]
    if told["rules"]:
        parts += ["", _rules(told["rules"])]
    return Group(*parts)


def _lag(told: dict[str, Any]) -> str:
    lag = told["lag_seconds"]
    return "" if lag is None else f", the newest of {span(lag)} ago"


def _alerts(levels: dict[str, int]) -> Text:
    out = Text()
    for level in LEVELS:
        if levels.get(level):
            out.append(", " if out else "")
            out.append(f"{levels[level]:,} {level}", STYLES.get(level, ""))
    return out or Text("none")


def _lost(told: dict[str, Any]) -> Text:
    """Every reason for which something is not in the store, with how much."""
    ports = told["interfaces"].values()
    counts = {
        "packets by the kernel": sum(port.get("kernel_drops", 0) for port in ports),
        **{f"{reason} shed": count for reason, count in told["shed"].items()},
        "older than retention": told["expired"],
        "refused by the store": told["refused"],
        "late": told["detection"].get("late_events", 0),
    }
    said = [f"{count:,} {reason}" for reason, count in counts.items() if count]
    if told["lost_seconds"] >= 1:
        said.append(f"{span(told['lost_seconds'])} not captured before the start")
    return Text(", ".join(said), "yellow") if said else Text("nothing", "green")


def _store(store: dict[str, Any]) -> Text:
    out = Text(safe(store["url"] or "").plain)
    if store["away"]:
        out.append(f"  away: {store['away']}", "bold red")
    spool = store["spool"]
    if spool:
        out.append(f"  spool {spool.get('records', 0):,} writes, {spool.get('bytes', 0):,} bytes")
    return out


def _inventory(totals: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in totals.items()) or "not worked out yet"


def _checkpoint(taken: dict[str, Any], now: datetime) -> str:
    if not taken["time"]:
        return "none yet"
    return (
        f"{ago(taken['time'], now)} ago, {taken['bytes']:,} bytes in {taken['seconds']:.2f} s, "
        f"every {taken['every']:.0f} s"
    )


def _interfaces(ports: dict[str, Any]) -> Table:
    out = table("interface", "state", "packets", "bytes", "dropped")
    for name, port in ports.items():
        state = port.get("link") or "up"
        out.add_row(
            safe(name),
            Text(state, "green" if state == "up" else "bold red"),
            f"{port.get('packets', 0):,}",
            f"{port.get('bytes', 0):,}",
            Text(f"{port.get('kernel_drops', 0):,}", "yellow" if port.get("kernel_drops") else ""),
        )
    return out


def _logs(logs: dict[str, Any]) -> Table:
    out = table("log", "lines", "bad", "behind", "rotations")
    for name, log in logs.items():
        behind = f"{log['lag']:,} bytes" if log.get("lag") else ""
        counts = (f"{log.get(key, 0):,}" for key in ("lines", "bad"))
        out.add_row(safe(name, 100), *counts, behind, f"{log.get('rotations', 0):,}")
    return out


def _receivers(receivers: dict[str, Any]) -> Table:
    out = table("receiver", "sent", "waiting", "dropped", "fault")
    for name, r in receivers.items():
        counts = (f"{r.get(key, 0):,}" for key in ("sent", "waiting", "dropped"))
        out.add_row(safe(name, 60), *counts, safe(str(r.get("fault") or ""), 100))
    return out


def _rules(rules: dict[str, int]) -> Table:
    out = table("rule", "alerts")
    ordered = sorted(rules.items(), key=lambda item: (-item[1], item[0]))
    for rule, count in ordered[:MOST_RULES]:
        out.add_row(safe(rule, 80), f"{count:,}")
    return out
