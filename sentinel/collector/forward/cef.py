"""Documents in the Common Event Format, version 0, inside a syslog message.

CEF:0 is what every receiver of the format reads. Keys are those of its dictionary (ArcSight Common Event
Format, "CEF extension dictionary"): `src` and `dst` are for IPv4 there, IPv6 addresses are `c6a2` and `c6a3`.
Non-ASCII text is UTF-8 without a byte order mark, which receivers would take for text before `CEF:`.
"""

from __future__ import annotations

import re
from typing import Any

from sentinel import __version__
from sentinel.collector.forward.message import Document, Item
from sentinel.collector.forward.syslog import Written, header
from sentinel.collector.forward.text import clipped, joined, milliseconds, told

SEVERITIES = (3, 1, 3, 5, 8, 10)
"""Severity of CEF, 0 to 10, by ours, 1 to 5; 0-3 are low there, 4-6 medium, 7-8 high, 9-10 very high."""

_LIMITS = {"act": 63, "app": 31, "cat": 1023, "msg": 1023, "outcome": 63, "proto": 31, "externalId": 40,
           "dvchost": 100, "duser": 1023}  # fmt: skip
_LONGEST = 1023
"""Octets of a value without a limit of its own. (Custom strings may have 4000: more than a line takes.)"""
_DIRECTIONS = {"inbound": "0", "outbound": "1"}


def message(item: Item, host: str, most: int) -> Written:
    """A syslog message of at most `most` octets; pairs go from the last on where it would be longer."""
    document = item.document()
    prefix = f"{header(item, document, host)}- "
    fields = _alert(document, host) if item.kind == "alert" else _chain(document, host)
    head = _header(item, document)
    left = most - len(prefix.encode()) - len(head.encode())
    pairs, cut, label = [], False, ""
    for key, value in fields:
        short = clipped(value, _LIMITS.get(key, _LONGEST))
        cut = cut or short != value
        pair = f"{label}{key}={_escaped(short)}"
        # a label goes with its value or not at all
        label = f"{pair} " if key.endswith("Label") else ""
        if label:
            continue
        if len(pair.encode()) + 1 > left:
            cut = True
            continue
        left -= len(pair.encode()) + 1
        pairs.append(pair)
    return Written(f"{prefix}{head}{' '.join(pairs)}".encode(), cut)


def _header(item: Item, document: Document) -> str:
    if item.kind == "alert":
        severity, class_id, name = (document.get(k) for k in ("event.severity", "rule.id", "rule.name"))
    else:
        severity, class_id, name = document.get("severity"), "chain", document.get("title")
    level = SEVERITIES[severity] if isinstance(severity, int) and 1 <= severity <= 5 else SEVERITIES[0]
    parts = (
        "CEF:0",
        "sentinel",
        "sentinel",
        __version__,
        clipped(joined(class_id) or item.kind, 256),
        clipped(joined(name) or item.kind, 512),
        str(level),
    )
    return "|".join(re.sub(r"([\\|])", r"\\\1", part) for part in parts) + "|"


def _escaped(value: str) -> str:
    """A value of an extension, in which `\\` and `=` are escaped; it is one line already."""
    return re.sub(r"([\\=])", r"\\\1", value.rstrip(" "))


def _pairs(*pairs: tuple[str, Any]) -> list[tuple[str, str]]:
    """Pairs that have a value."""
    shown = [(key, joined(value)) for key, value in pairs]
    return [(key, value) for key, value in shown if value.strip()]


def _labelled(*fields: tuple[str, str, Any]) -> list[tuple[str, str]]:
    """Custom fields with what they mean: (key, label, value)."""
    out = []
    for key, label, value in fields:
        if pair := _pairs((key, value)):
            out += [(f"{key}Label", label), *pair]
    return out


def _ends(source: Any, destination: Any) -> list[tuple[str, str]]:
    out = []
    for key, six, label, value in (
        ("src", "c6a2", "Source IPv6 Address", source),
        ("dst", "c6a3", "Destination IPv6 Address", destination),
    ):
        for address in (joined(value).split(", ")[0],):
            if address:
                out += [(f"{six}Label", label), (six, address)] if ":" in address else [(key, address)]
    return out


def _alert(document: Document, host: str) -> list[tuple[str, str]]:
    get = document.get
    where = joined(get("sentinel.source"))
    return [
        *_pairs(("rt", milliseconds(get("@timestamp"))), ("externalId", get("event.id"))),
        *_ends(get("source.ip"), get("destination.ip")),
        *_pairs(
            ("spt", get("source.port")),
            ("dpt", get("destination.port")),
            ("proto", joined(get("network.transport")).upper()),
            ("app", get("network.protocol")),
            ("act", get("event.action")),
            ("outcome", get("event.outcome")),
            ("msg", told("alert", document)),
            ("cat", get("rule.ruleset")),
            ("duser", get("user.name")),
            ("smac", get("source.mac")),
            ("dmac", get("destination.mac")),
            ("deviceDirection", _DIRECTIONS.get(joined(get("network.direction")))),
            ("dvchost", host),
        ),
        *_labelled(
            ("cs1", "ATT&CK tactics", get("threat.tactic.name")),
            ("cs2", "ATT&CK techniques", get("threat.technique.id")),
            ("cs3", "Action", get("ot.action")),
            ("cs4", "Function", get("ot.function.name")),
            ("cs5", "Asset type", get("ot.asset.type")),
            ("cs6", "Capture", where),
            ("cn1", "Frame", get("sentinel.frame")),
            ("cn2", "Function code", get("ot.function.code")),
            ("cfp1", "Confidence", get("sentinel.confidence")),
        ),
    ]


def _chain(document: Document, host: str) -> list[tuple[str, str]]:
    get = document.get
    steps = [step for step in get("steps") or () if isinstance(step, dict)]
    last = steps[-1] if steps else {}
    return [
        *_pairs(
            ("rt", milliseconds(get("last"))),
            ("externalId", get("id")),
            ("start", milliseconds(get("first"))),
            ("end", milliseconds(get("last"))),
        ),
        *_ends(last.get("source"), last.get("destination")),
        *_pairs(
            ("cnt", get("alert_count")),
            ("msg", told("chain", document)),
            ("act", get("state")),
            ("cat", "chain"),
            ("dvchost", host),
        ),
        *_labelled(
            ("cs1", "ATT&CK tactics", get("tactics")),
            ("cs2", "ATT&CK techniques", get("techniques")),
            ("cs3", "Assets", [e.get("asset") for e in get("entities") or () if isinstance(e, dict)]),
            ("cs4", "Merged into", get("merged_into")),
            ("cfp1", "Score", get("score")),
        ),
    ]
