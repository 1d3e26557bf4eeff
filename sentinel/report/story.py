"""Alerts and chains for people: lists, and one page for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sentinel.model import SEVERITIES
from sentinel.report.document import Record
from sentinel.report.listing import NO_BOX, events, moment, table
from sentinel.report.table import STYLES, safe

SHOWN = 60
"""Steps of a chain on its page; the path is always shown whole."""


def severity(value: object) -> Text:
    """The word of a severity of 1 to 5, coloured."""
    number = value if isinstance(value, int) and 1 <= value <= len(SEVERITIES) else 1
    word = SEVERITIES[number - 1]
    return Text(word, STYLES[word])


def alerts(records: Iterable[Record]) -> RenderableType:
    """When, how grave, which rule, who to whom, whether someone has seen to it."""
    out = table("id", "time", "severity", "rule", "source", "destination", "seen to by")
    out.columns[0].no_wrap = out.columns[1].no_wrap = True
    for a in records:
        out.add_row(
            str(a["event.id"])[:12],
            moment(a["@timestamp"]),
            severity(a.get("event.severity")),
            safe(a.get("rule.name") or a.get("rule.id") or "", 60),
            safe(host(a, "source")),
            safe(host(a, "destination")),
            safe(a.get("sentinel.ack.user") or ""),
        )
    return out


def host(alert: Record, side: str) -> str:
    """One end of an alert: its address, else its asset."""
    return str(alert.get(f"{side}.ip") or alert.get(f"{side}.mac") or alert.get(f"{side}.asset") or "")


def alert_page(
    alert: Record, evidence: list[Record], chains: list[str], packets: Sequence[str] = ()
) -> RenderableType:
    """One alert with the events that made it."""
    head = Table(box=NO_BOX, show_header=False, pad_edge=False)
    head.add_column(style="bold")
    head.add_column(overflow="fold")

    def row(name: str, value: Any) -> None:
        if value not in (None, "", []):
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            head.add_row(name, text if isinstance(text, Text) else safe(text, 400))

    row("alert", alert["event.id"])
    row("what", alert.get("event.reason"))
    row("severity", severity(alert.get("event.severity")))
    row("time", moment(alert["@timestamp"], 26))
    row("rule", f"{alert.get('rule.name', '')} ({alert.get('rule.id', '')})")
    row("tactics", alert.get("threat.tactic.name"))
    row("techniques", _pairs(alert, "threat.technique"))
    row("source", _end(alert, "source"))
    row("destination", _end(alert, "destination"))
    row("confidence", alert.get("sentinel.confidence"))
    row("frame", _frame(alert))
    row("community id", alert.get("network.community_id"))
    row("chains", chains)
    for place in packets:
        row("evidence", place)
    if alert.get("sentinel.ack.user"):
        seen = f"{alert['sentinel.ack.user']}, {moment(alert['sentinel.ack.time'])}"
        row("seen to by", ": ".join(part for part in (seen, alert.get("sentinel.ack.note")) if part))
    parts: list[RenderableType] = [head]
    if evidence:
        parts += ["", Text("Evidence", "bold"), events(evidence)]
    return Group(*parts)


def _pairs(alert: Record, field: str) -> list[str]:
    ids, names = (_many(alert.get(f"{field}.{part}")) for part in ("id", "name"))
    return [f"{id} {name}" for id, name in zip(ids, names, strict=False)] or ids


def _many(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [] if value is None else [str(value)]


def _end(alert: Record, side: str) -> str:
    port = alert.get(f"{side}.port")
    asset = alert.get(f"{side}.asset")
    known = ", ".join(str(v) for v in (alert.get(f"{side}.mac"), asset) if v and v != host(alert, side))
    return host(alert, side) + (f" port {port}" if port else "") + (f" ({known})" if known else "")


def _frame(alert: Record) -> str:
    frame, source = alert.get("sentinel.frame"), alert.get("sentinel.source")
    return "" if not frame else f"{frame} of {source}" if source else str(frame)


def chains(records: Iterable[Record]) -> RenderableType:
    """Id, score, from when to when, what it is, how many steps and alerts."""
    out = table("id", "score", "state", "first", "last", "what", "steps", "alerts")
    for column in (0, 3, 4):
        out.columns[column].no_wrap = True
    for c in records:
        out.add_row(
            c["id"],
            f"{c.get('score', 0):.0f}",
            c["state"],
            moment(c["first"], 16),
            moment(c["last"], 16),
            safe(c.get("title") or (f"part of {c['merged_into']}" if c.get("merged_into") else ""), 120),
            str(len(c.get("steps", ()))),
            f"{c['alert_count']:,}",
        )
    return out


def chain_page(chain: Record) -> RenderableType:
    """One chain: who took part, its steps with the reason of each, what to do next."""
    head = Table(box=NO_BOX, show_header=False, pad_edge=False)
    head.add_column(style="bold")
    head.add_column(overflow="fold")
    head.add_row("chain", f"{chain['id']} ({chain['state']})")
    head.add_row("what", safe(chain.get("title", ""), 300))
    head.add_row("score", f"{chain['score']:.1f}")
    head.add_row("time", f"{moment(chain['first'])} to {moment(chain['last'])} UTC")
    head.add_row("tactics", safe(", ".join(chain.get("tactics", ())), 400))
    if chain.get("techniques"):
        head.add_row("techniques", safe(", ".join(chain["techniques"]), 400))
    for role in ("actor", "pivot", "victim"):
        hosts = [entity(e) for e in chain["entities"] if e["role"] == role]
        if hosts:
            more = f" and {len(hosts) - 12} more" if len(hosts) > 12 else ""
            head.add_row(f"{role}s", safe(", ".join(hosts[:12]) + more, 900))
    parts: list[RenderableType] = [head, "", Text("Steps (on the path that scores most: ●)", "bold")]
    parts.append(_steps(chain))
    if chain.get("next"):
        parts += ["", Text("What to do next", "bold")]
        parts += [safe(f"{number}. {say(one)}", 600) for number, one in enumerate(chain["next"], 1)]
    return Group(*parts)


def entity(e: Record) -> str:
    """A host of a chain: its address or name, and its asset where that says more."""
    name = str(e.get("ip") or e.get("name") or e.get("asset") or "unknown")
    asset = e.get("asset")
    return f"{name} ({asset})" if asset and asset != name else name


def say(advice: Record) -> str:
    """What a chain says to do next, as a sentence."""
    where = str(advice.get("ip") or advice.get("asset") or "")
    because = f" ({advice['because']})" if advice.get("because") else ""
    match advice.get("do"):
        case "look":
            return f"Look at {where}{because}"
        case "evidence":
            frames = [
                f"{f['frame']}" + (f" of {PurePath(str(f['source'])).name}" if f.get("source") else "")
                for f in advice.get("frames", ())[:6]
            ]
            seen = f"frame {', '.join(frames)}" if frames else f"{len(advice.get('events', ()))} events"
            return f"See {seen} for step {advice.get('step')}{because}"
        case "change-credential":
            user = f" of {advice['username']}" if advice.get("username") else ""
            return f"Change the {advice.get('protocol', '')} secret{user} on {where}{because}"
        case "playbook":
            return f"Consider the playbook {advice.get('name')}{because}"
        case _:
            return str(advice.get("text") or advice)


def _steps(chain: Record) -> Table:
    path = set(chain.get("path", ()))
    steps = chain["steps"]
    if len(steps) > SHOWN:
        kept = [s for s in steps if s["n"] in path]
        rest = [s for s in steps if s["n"] not in path][: max(SHOWN - len(kept), 0)]
        steps = sorted([*kept, *rest], key=lambda s: s["n"])
    out = table("", "n", "time", "severity", "step", "from", "to", "times", "because")
    out.columns[2].no_wrap = True
    for s in steps:
        because = s.get("because") or {}
        what = safe(s["rule"], 80)
        if s.get("tactic"):
            what.append(f"\n{s['tactic']}" + (f", {s['technique']}" if s.get("technique") else ""), "dim")
        out.add_row(
            "●" if s["n"] in path else "",
            str(s["n"]),
            moment(s["time"]),
            severity(s.get("severity")),
            what,
            safe(s.get("source") or s.get("source_asset") or ""),
            safe(s.get("destination") or s.get("destination_asset") or ""),
            f"{s['count']:,}",
            safe(because.get("text") or because.get("link") or "", 160),
        )
    left = len(chain["steps"]) - len(steps)
    if left:
        out.add_row("", "", "", "", Text(f"… and {left:,} more (--format json shows all)", "dim"))
    return out


def explanation(said: Record) -> RenderableType:
    """Which conditions of a rule an event fits, as a tree of marks: the name of a selection or operator, or
    a field with what was asked for and what the event has."""
    from rich.tree import Tree

    def mark(node: Record) -> Text:
        held = bool(node.get("matched"))
        text = Text("✓ " if held else "✗ ", "green" if held else "red")
        if node.get("field"):
            text.append_text(
                safe(f"{node['field']} {node.get('matcher', '')} {node.get('pattern', '')}", 200)
            )
            has = safe(node["actual"], 120) if node.get("actual") is not None else Text("nothing", "italic")
            text.append_text(Text(" — the event has ", "dim")).append_text(has)
            if not held and node.get("reason"):
                text.append_text(Text(f" ({node['reason']})", "dim"))
            return text
        return text.append_text(
            safe(node.get("rule_title") or node.get("name") or node.get("type") or "", 200)
        )

    def grow(tree: Tree, node: Record) -> None:
        inner = node.get("detection")
        for child in (*node.get("conditions", ()), *node.get("items", ()), *((inner,) if inner else ())):
            # an operator over one condition says nothing of its own
            single = "field" not in child and "name" not in child and len(child.get("items", ())) == 1
            grow(tree if single else tree.add(mark(child)), child)

    root = Tree(mark(said))
    grow(root, said)
    if said.get("logsource") is False:
        root.add(Text("✗ the event is of no log source that the rule is meant for", "red"))
    return root


def matrix(techniques: Iterable[Any], summary: dict[str, int], why_not: dict[str, str]) -> RenderableType:
    """ATT&CK for ICS as a table: technique, on the network or not, rules, proof or reason."""
    out = table("technique", "name", "tactics", "rules", "proven by, or why not")
    for t in techniques:
        style = "green" if t.covered else "yellow" if t.network else "dim"
        names = "; ".join(t.rules[:3]) + (f" and {len(t.rules) - 3} more" if len(t.rules) > 3 else "")
        out.add_row(
            Text(t.id, style),
            safe(t.name),
            safe(", ".join(t.tactics)),
            safe(names, 160),
            safe(t.proof[0] if t.covered else why_not.get(t.id, ""), 160),
        )
    others = summary["techniques"] - summary["on_the_network"]
    line = (
        f"{summary['covered']} of {summary['on_the_network']} techniques that the network can show "
        f"are covered, and {summary['covered_beyond']} of the other {others}"
    )
    return Group(out, "", Text(line, "bold"))


def baseline(shown: Any) -> RenderableType:
    """What is usual between two ends, and how far learning is."""
    out = table("client", "server", "protocol", "state", "every", "functions")
    for e in shown.entries:
        every = "" if e.period is None else f"{e.period:g} s"
        out.add_row(
            safe(e.client),
            safe(e.server),
            safe(e.protocol),
            e.state,
            every,
            safe(", ".join(e.functions), 120),
        )
    days = f"{shown.learned / 86_400:.1f} of {shown.learning / 86_400:g} days"
    return Group(Text(f"{shown.state}: {days} learned, {shown.total:,} conversations", "bold"), "", out)
