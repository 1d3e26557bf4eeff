"""The outcome of a scan on a terminal, in reading order: what to look at, what is there, who did what."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sentinel.model import SEVERITIES
from sentinel.report.document import BACKGROUND, Document, Record
from sentinel.report.findings import Names, address, findings, interesting

STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "informational": "dim"}
MOST = {"chains": 3, "alerts": 25, "assets": 40, "credentials": 25, "operations": 30, "conversations": 20}
"""Rows of each table; what is left out is said under it."""

WIDE = 130
"""Columns from which on every column of the asset table has room."""

CHANGING = ("control", "engineering", "administration")


def render(document: Document, console: Console) -> None:
    """Write the tables. Captured text is shown as text: no markup, no control characters."""
    _summary(document, console)
    _findings(document, console)
    _chains(document, console)
    _alerts(document, console)
    _assets(document, console)
    _credentials(document, console)
    _operations(document, console)
    _conversations(document, console)
    _caveats(document, console)


def safe(value: object, most: int = 60) -> Text:
    """Captured text as it can be shown: control characters replaced, at most `most` characters."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in str(value))
    return Text(text if len(text) <= most else text[: most - 1] + "…")


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_style="bold", title_justify="left", box=None, pad_edge=False, header_style="dim"
    )
    for column in columns:
        table.add_column(
            column, overflow="fold", justify="right" if column in ("packets", "times", "level") else "left"
        )
    return table


def _show(console: Console, table: Table, shown: int, total: int, what: str) -> None:
    if not shown:
        return
    console.print()
    console.print(table)
    if total > shown:
        console.print(Text(f"… and {total - shown:,} more {what} (--format json or html shows more)", "dim"))


def _summary(document: Document, console: Console) -> None:
    packets = sum(s["packets"] for s in document.sources)
    size = sum(s["bytes"] for s in document.sources)
    names = [PurePath(str(s["name"])).name for s in document.sources]
    logs = sum(s["kind"] in ("zeek", "eve") for s in document.sources)
    kinds = [f"{n} {what}" for n, what in ((len(names) - logs, "captures"), (logs, "logs")) if n]
    head = names[0] if len(names) == 1 else " and ".join(kinds) or "0 captures"
    first = min((s["first"] for s in document.sources if "first" in s), default=None)
    last = max((s["last"] for s in document.sources if "last" in s), default=None)
    line = safe(head, 80)
    records = sum(s.get("records", 0) for s in document.sources)
    counts = [f"{n:,} {what}" for n, what in ((packets, "packets"), (records, "lines")) if n]
    line.append(f": {', '.join(counts) or '0 packets'}, {_size(size)}")
    if first and last:
        line.append(f", {first[:19].replace('T', ' ')} to {last[:19].replace('T', ' ')} UTC")
    console.print(line)
    parts = [
        f"{document.total(name):,} {name}"
        for name in ("assets", "conversations", "credentials", "operations")
    ]
    console.print(Text(", ".join(parts), "dim"))


def _size(octets: int) -> str:
    size = float(octets)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return ""


def _findings(document: Document, console: Console) -> None:
    found = findings(document)
    if not found:
        return
    table = _table("Look at this first", "severity", "finding", "evidence")
    for f in found:
        evidence = safe(f.evidence, 90)
        evidence.stylize("dim")
        table.add_row(Text(f.severity, STYLES[f.severity]), safe(f.text, 240), evidence)
    console.print()
    console.print(table)


def _chains(document: Document, console: Console) -> None:
    """The chains that score most, each by the steps of its path with the reason of each."""
    known = [c for c in document.chains if c["state"] != "merged"]
    for chain in known[: MOST["chains"]]:
        table = _table(
            f"How it went on: {chain['id']}", "step", "time", "severity", "what", "from", "to", "because"
        )
        path = set(chain.get("path") or [s["n"] for s in chain["steps"]])
        for step in chain["steps"]:
            if step["n"] not in path:
                continue
            level = SEVERITIES[step.get("severity", 1) - 1]
            times = f", {step['count']:,} times" if step["count"] > 1 else ""
            tactic = f" ({step['tactic']})" if step.get("tactic") else ""
            table.add_row(
                str(step["n"]),
                step["time"][11:19],
                Text(level, STYLES[level]),
                safe(f"{step['rule']}{tactic}{times}", 120),
                safe(step.get("source") or step.get("source_asset") or ""),
                safe(step.get("destination") or step.get("destination_asset") or ""),
                safe((step.get("because") or {}).get("text", ""), 120),
            )
        console.print()
        console.print(table)
    left = document.total("chains") - len(known[: MOST["chains"]])
    if left > 0:
        console.print(Text(f"… and {left:,} more chains (--format json or html shows more)", "dim"))


def _alerts(document: Document, console: Console) -> None:
    """One line for the same rule between the same ends, the gravest first, then by time."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for a in document.alerts:
        ends = (str(a.get(f"{side}.ip") or a.get(f"{side}.mac") or "") for side in ("source", "destination"))
        groups.setdefault((str(a["rule.id"]), *ends), []).append(a)
    table = _table("Alerts", "severity", "time", "alert", "times")
    rows = sorted(groups.values(), key=lambda g: (-g[0]["event.severity"], g[0]["@timestamp"]))
    for group in rows[: MOST["alerts"]]:
        first = group[0]
        level = SEVERITIES[first["event.severity"] - 1]
        table.add_row(
            Text(level, STYLES[level]),
            first["@timestamp"][:19].replace("T", " "),
            safe(first["event.reason"], 240),
            f"{len(group):,}",
        )
    _show(console, table, min(len(rows), MOST["alerts"]), len(rows), "alerts")


def _assets(document: Document, console: Console) -> None:
    columns = ["address", "type", "make and model", "services", "exposures"]
    if console.width >= WIDE:
        columns = ["address", "name", "type", "level", "make and model", "firmware", "services", "exposures"]
    table = _table("What is there", *columns)
    table.columns[0].no_wrap = True
    for a in interesting(document.assets)[: MOST["assets"]]:
        made = " ".join(str(a[k]) for k in ("vendor", "model") if a.get(k)) or a.get("product") or ""
        services = dict.fromkeys(
            s["protocol"] or f"{s['transport']}/{s.get('port')}" for s in a.get("services", ())
        )
        exposures = Text(", ").join(
            Text(kind.replace("-", " "), STYLES.get(severity, ""))
            for kind, severity in dict.fromkeys((e["kind"], e["severity"]) for e in a.get("exposures", ()))
        )
        cells = {
            "address": safe(address(a), 40),
            "name": safe(a.get("name") or next(iter(a.get("hostnames", ())), ""), 32),
            "type": safe((a.get("type") or "").replace("-", " ")),
            "level": Text("" if a.get("level") is None else f"{a['level']:g}"),
            "make and model": safe(made, 48),
            "firmware": safe(a.get("firmware") or "", 24),
            "services": safe(", ".join(list(services)[:6]), 48),
            "exposures": exposures,
        }
        table.add_row(*(cells[column] for column in columns))
    _show(console, table, min(len(document.assets), MOST["assets"]), document.total("assets"), "assets")


def _credentials(document: Document, console: Console) -> None:
    names = Names(document.assets)
    table = _table(
        "Secrets on the wire", "protocol", "server", "user", "secret", "outcome", "weak because", "frame"
    )
    order = {"success": 0, "unknown": 1, "failure": 2}
    shown = sorted(document.credentials, key=lambda c: (order[c["outcome"]], -len(c["weaknesses"])))[
        : MOST["credentials"]
    ]
    for c in shown:
        style = {"success": "red", "failure": "green"}.get(c["outcome"], "")
        table.add_row(
            c["protocol"],
            _who(names, c["server"], console),
            safe(c.get("username") or "", 24),
            safe(c.get("password") or c.get("secret") or f"({c['kind']})", 32),
            Text(c["outcome"], style),
            Text(", ".join(c["weaknesses"]), "yellow"),
            str(c.get("frame", "")),
        )
    _show(console, table, len(shown), document.total("credentials"), "credentials")


def _operations(document: Document, console: Console) -> None:
    names = Names(document.assets)
    table = _table("What was done", "action", "operation", "by", "to", "outcome", "times", "first")
    shown = sorted(document.operations, key=lambda o: (_weight(o), o["first"]))[: MOST["operations"]]
    for o in shown:
        style = {"accepted": "", "refused": "yellow"}.get(o["outcome"], "dim")
        action = Text(o["action"], "bold" if o["category"] in CHANGING else "")
        table.add_row(
            action,
            safe(f"{o['protocol']} {o['name'].replace('_', ' ')}", 44),
            _who(names, o["client"], console),
            _who(names, o["server"], console),
            Text(o["outcome"], style),
            f"{o['count']:,}",
            o["first"][11:19],
        )
    _show(console, table, len(shown), document.total("operations"), "operations")


def _who(names: Names, end: Record, console: Console) -> Text:
    """An end with its make where there is room; the asset table has it anyway."""
    return safe(names.of(end) if console.width >= WIDE else _end(end), 48)


def _weight(operation: Record) -> int:
    """Changing operations first, then reading ones, discovery last."""
    order = ("engineering", "control", "administration", "monitor", "discovery")
    return order.index(operation["category"]) if operation["category"] in order else len(order)


def _conversations(document: Document, console: Console) -> None:
    table = _table("Who talks to whom", "client", "server", "protocol", "packets", "operations")
    known = [c for c in document.conversations if c["protocol"] and c["protocol"] not in BACKGROUND]
    shown = sorted(known, key=lambda c: -c["packets"])[: MOST["conversations"]]
    for c in shown:
        port = f" {c['transport']}/{c['port']}" if c.get("port") else ""
        failed = {"failed log-in": n} if (n := c.get("logins", {}).get("failure")) else {}
        done = ", ".join(f"{action} {n:,}" for action, n in {**failed, **c["operations"]}.items())
        table.add_row(
            safe(_end(c["client"]), 40),
            safe(_end(c["server"]), 40),
            f"{c['protocol']}{port}",
            f"{c['packets']:,}",
            safe(done, 48),
        )
    _show(console, table, len(shown), document.total("conversations"), "conversations")


def _end(end: Record) -> str:
    return str(end.get("ip") or end.get("mac") or "?")


def _caveats(document: Document, console: Console) -> None:
    """What the scan could not see: cut and truncated captures, bounds that were reached."""
    lines: list[str] = []
    for s in document.sources:
        name = PurePath(str(s["name"])).name
        if s.get("cut"):
            where = (
                "inside a packet: the capture" if s["kind"] in ("capture", "live") else "before its end: it"
            )
            lines.append(f"{name} ends {where} was cut")
        if s.get("truncated"):
            lines.append(f"{name}: {s['truncated']:,} packets are shorter than on the wire (snap length)")
        if s.get("dropped"):
            lines.append(f"{name}: the capturing side lost {s['dropped']:,} packets")
        lines += [f"{name}: {w}" for w in s.get("warnings", ())]
    lines += _counted("not understood", document.parse_errors, "PDUs")
    lines += _counted("counted on the way", document.limits, "")
    if lines:
        console.print()
        console.print(Text("Keep in mind", "bold"))
        for line in lines[:20]:
            console.print(Text.assemble("  ", safe(line, 200)))


def _counted(what: str, counters: dict[str, int], unit: str) -> Iterable[str]:
    if counters:
        yield (
            f"{what}: "
            + ", ".join(f"{name} {n:,}" for name, n in counters.items())
            + (f" {unit}" if unit else "")
        )
