"""Records of a store as tables: one kind, as many rows as are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Any

from rich.box import Box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sentinel.report.document import Record
from sentinel.report.findings import Names, address
from sentinel.report.table import STYLES, safe

NUMBERS = ("level", "packets", "times", "frame")
OUTCOMES = {"success": "red", "failure": "green"}
GUESSED = ("vendor-default", "default", "same-as-user", "common", "cracked", "short", "reused")
"""Weaknesses, worst first; a secret that is only readable comes after them."""

NO_BOX: Box | None = None


def table(*columns: str) -> Table:
    """A table without lines."""
    out = Table(box=NO_BOX, pad_edge=False, header_style="dim")
    for column in columns:
        out.add_column(column, overflow="fold", justify="right" if column in NUMBERS else "left")
    return out


def assets(records: Iterable[Record]) -> RenderableType:
    """Id, address, what it is, what it offers, what is wrong."""
    out = table("id", "address", "name", "type", "level", "make and model", "services", "exposures")
    out.columns[0].no_wrap = out.columns[1].no_wrap = True
    for a in records:
        made = " ".join(str(a[k]) for k in ("vendor", "model") if a.get(k)) or a.get("product") or ""
        offered = dict.fromkeys(s["protocol"] or f"{s['transport']}/{s.get('port')}" for s in a["services"])
        out.add_row(
            a["id"],
            safe(address(a), 40),
            safe(a.get("name") or next(iter(a["hostnames"]), ""), 32),
            safe(a.get("type") or ""),
            "" if a.get("level") is None else f"{a['level']:g}",
            safe(made, 48),
            safe(", ".join(list(offered)[:6]), 48),
            exposures(a),
        )
    return out


def exposures(asset: Record) -> Text:
    """Kinds of exposures, coloured by severity."""
    kinds = dict.fromkeys((e["kind"], e["severity"]) for e in asset["exposures"])
    return Text(", ").join(Text(kind, STYLES.get(severity, "")) for kind, severity in kinds)


def conversations(records: Iterable[Record]) -> RenderableType:
    """Who talks to whom, how much, and what is done."""
    out = table("client", "server", "protocol", "port", "packets", "operations", "last")
    for c in records:
        failed = {"failed log-in": n} if (n := c.get("logins", {}).get("failure")) else {}
        done = ", ".join(f"{action} {count:,}" for action, count in {**failed, **c["operations"]}.items())
        port = f"{c['transport']}/{c['port']}" if c.get("port") else c["transport"]
        out.add_row(
            safe(end(c["client"])),
            safe(end(c["server"])),
            safe(c["protocol"] or "?"),
            safe(port),
            f"{c['packets']:,}",
            safe(done, 60),
            moment(c["last"]),
        )
    return out


def credentials(records: list[Record], asset: Callable[[str], Record | None]) -> RenderableType:
    """Where, whose, masked, whether it worked, why it is weak. `asset` finds an asset by its id."""
    ids = dict.fromkeys(c["server"]["asset"] for c in records if c["server"].get("asset"))
    names = Names([found for id_ in ids if (found := asset(id_))])
    out = table("protocol", "server", "user", "secret", "outcome", "weak because", "times", "source", "frame")
    for c in records:
        out.add_row(
            safe(c["protocol"]),
            safe(names.of(c["server"])),
            safe(c.get("username") or "", 24),
            safe(c.get("password") or c.get("secret") or f"({c['kind']})", 32),
            Text(c["outcome"], OUTCOMES.get(c["outcome"], "")),
            Text(", ".join(c["weaknesses"]), "yellow"),
            f"{c['count']:,}",
            safe(PurePath(str(c.get("source") or "")).name, 40),
            str(c["frame"]),
        )
    return out


def weakest_first(records: Iterable[Record]) -> list[Record]:
    """Credentials with a weakness: those that worked first, then by their worst weakness."""
    order = {"success": 0, "unknown": 1, "failure": 2}

    def rank(c: Record) -> tuple[int, int]:
        worst = min((GUESSED.index(w) for w in c["weaknesses"] if w in GUESSED), default=len(GUESSED))
        return order[c["outcome"]], worst

    return sorted((c for c in records if c["weaknesses"]), key=rank)


def events(records: Iterable[Record]) -> RenderableType:
    """When, which protocol, what, by whom, to whom, with which outcome."""
    out = table("time", "dataset", "action", "source", "destination", "outcome", "times")
    out.columns[0].no_wrap = True
    for e in records:
        action = e.get("ot.function.name") or e.get("event.action") or ""
        kind = e.get("ot.action")
        out.add_row(
            moment(e["@timestamp"], 23),
            safe(str(e.get("event.dataset") or "").removeprefix("sentinel."), 24),
            safe(f"{kind} ({action})" if kind and kind != action else action, 48),
            safe(e.get("source.ip") or e.get("source.mac") or ""),
            safe(e.get("destination.ip") or e.get("destination.mac") or ""),
            safe(e.get("event.outcome") or ""),
            f"{e['ot.count']:,}" if e.get("ot.count") else "",
        )
    return out


def hits(records: Iterable[Record]) -> RenderableType:
    """When, which rule, by whom, to whom, which event."""
    out = table("time", "level_", "rule", "source", "destination", "event")
    out.columns[0].no_wrap = True
    out.columns[1].header = "level"
    for hit in records:
        e = hit["event"]
        out.add_row(
            moment(e["@timestamp"], 23),
            Text(hit["rule.level"], STYLES.get(hit["rule.level"], "")),
            safe(hit["rule.name"], 60),
            safe(e.get("source.ip") or e.get("source.mac") or ""),
            safe(e.get("destination.ip") or e.get("destination.mac") or ""),
            e["event.id"][:12],
        )
    return out


def store_page(facts: dict[str, Any]) -> RenderableType:
    """What is in a store."""
    head = Table(box=NO_BOX, show_header=False, pad_edge=False)
    head.add_column(style="bold")
    head.add_column(overflow="fold")
    head.add_row("store", safe(facts["store"], 400))
    head.add_row("size", f"{facts['size']:,} bytes")
    head.add_row("records", ", ".join(f"{count:,} {kind}s" for kind, count in facts["records"].items()))
    parts = facts["parts"]
    if parts["count"]:
        word = "hours" if "T" in parts["first"] else "days"
        head.add_row("events of", f"{parts['count']:,} {word}, {parts['first']} to {parts['last']}")
        sizes = list(parts["bytes"].items())
        if sizes:
            newest = ", ".join(f"{name} {size:,} bytes" for name, size in sizes[:-4:-1])
            head.add_row("newest", newest)
    captures = table("source", "packets", "first", "last", "state")
    for s in facts["sources"]:
        state = "partial: scan it again to complete it" if s.get("partial") else "cut" if s.get("cut") else ""
        first, last = (moment(s[key]) if s.get(key) else "" for key in ("first", "last"))
        captures.add_row(safe(s["name"], 120), f"{s['packets'] or s.get('records', 0):,}", first, last, state)
    return Group(head, "", captures)


def end(endpoint: Record) -> str:
    """An end of a conversation by its address."""
    return str(endpoint.get("ip") or endpoint.get("mac") or "?")


def moment(time: str, digits: int = 19) -> str:
    """A time for people, UTC, to the second unless more digits are asked for."""
    return time[:digits].replace("T", " ")
