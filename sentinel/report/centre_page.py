"""What a centre leads, reads and keeps, for people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sentinel.report.listing import table
from sentinel.report.spans import ago, span
from sentinel.report.table import safe


def page(told: dict[str, Any], state: Text, *, running: bool, now: datetime) -> RenderableType:
    """Everything on one screen; what is wrong comes first."""
    head = Table(box=None, show_header=False, pad_edge=False)
    head.add_column(style="bold", no_wrap=True)
    head.add_column(overflow="fold")
    since = ago(told["started"], now) if running else f"last seen {ago(told['time'], now)} ago"
    head.add_row("centre", safe(told["sensor"], 120))
    head.add_row(
        "state", Text.assemble(state, f", {'for ' if running else ''}{since}, process {told['pid']}")
    )
    for line in told["faults"] if running else ():
        head.add_row("", Text.assemble(("! ", "bold red"), safe(line, 400)))
    head.add_row("store", safe(told["store"]["url"], 200))
    sites = table("site", "leader", "epoch", "alerts read", "late", "newest", "chains", "assets")
    for name, site in told["centre"].items():
        counters = site.get("counters", {})
        lag = site.get("lag_seconds")
        sites.add_row(
            safe(name, 60),
            Text("this one", "green") if site["leads"] else safe(site["leader"] or "none", 60),
            str(site["epoch"]),
            f"{site['alerts']:,}",
            f"{counters.get('late', 0):,}",
            "" if lag is None else f"{span(lag)} ago",
            f"{site.get('chains', 0):,}" if site["leads"] else "",
            f"{site.get('assets', 0):,}" if site["leads"] else "",
        )
    return Group(head, "", sites)
