"""What the page is given: the document made lean, with what the map needs worked out."""

from __future__ import annotations

import ipaddress
import math
from collections import Counter
from pathlib import PurePath
from typing import Any

from sentinel.model.words import ACTIONS
from sentinel.report.document import BACKGROUND, Document, Record
from sentinel.report.findings import address, findings, interesting, what, worst

FINDINGS = 40
FACTS = 80
EVIDENCE = 6
"""Most facts of an asset, and most pieces of evidence of a role or an exposure, in the page."""

CHANGING = frozenset(ACTIONS) - set(
    "read upload file-read authenticate discover identify diagnose subscribe other".split()
)
"""Actions that leave a device other than it was."""

LISTS = ("assets", "conversations", "credentials", "operations", "alerts", "chains")


def view(document: Document) -> dict[str, Any]:
    """The page's data: plain JSON values, nothing that is absent, sources by their short names."""
    lean = _Lean(document.sources)
    return {
        "version": document.version,
        "sources": [lean.record({**s, "source": s["name"]}) for s in document.sources],
        "findings": [
            {"severity": f.severity, "text": f.text, "evidence": f.evidence, "assets": list(f.assets)}
            for f in findings(document, FINDINGS)
        ],
        "assets": [_asset(a, lean) for a in interesting(document.assets)],
        "conversations": [_conversation(c, lean) for c in document.conversations],
        "credentials": [lean.record(c) for c in document.credentials],
        "operations": [{**lean.record(o), "changing": o["action"] in CHANGING} for o in document.operations],
        "alerts": [lean.record(a) for a in document.alerts],
        "chains": [lean.record(c) for c in document.chains],
        "limits": document.limits,
        "parse_errors": document.parse_errors,
        "totals": {name: document.total(name) for name in LISTS},
    }


class _Lean:
    """Drops what is absent and shortens the names of sources where that leaves them distinct."""

    def __init__(self, sources: list[Record]) -> None:
        paths = {str(s["name"]) for s in sources}
        last = Counter(PurePath(path).name for path in paths)
        self._names = {path: name for path in paths if last[name := PurePath(path).name] == 1}

    def record(self, record: Record) -> dict[str, Any]:
        lean = {}
        for key, value in record.items():
            if key == "source":
                value = self._names.get(str(value), value)
            kept = self._value(value)
            if kept is not None and kept != "" and kept != [] and kept != {}:
                lean[key] = kept
        return lean

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.record(value)
        if isinstance(value, (list, tuple)):
            return [self._value(item) for item in value]
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        return value


def _asset(asset: Record, lean: _Lean) -> dict[str, Any]:
    facts = asset.get("facts", ())
    shown = dict(asset)
    shown["facts"] = facts[:FACTS]
    for key in ("roles", "exposures"):
        part = "because" if key == "roles" else "evidence"
        shown[key] = [{**one, part: one.get(part, [])[:EVIDENCE]} for one in asset.get(key, ())]
    shown["facts_left"] = max(len(facts) - FACTS, 0) or None
    shown["address"] = address(asset)
    shown["what"] = what(asset)
    shown["band"] = band(asset)
    shown["subnets"] = subnets(asset)
    shown["worst"] = worst(asset)
    return lean.record(shown)


def _conversation(conversation: Record, lean: _Lean) -> dict[str, Any]:
    changes = {a: n for a, n in conversation["operations"].items() if a in CHANGING}
    return {
        **lean.record(conversation),
        "changing": sum(changes.values()),
        "background": conversation["protocol"] in BACKGROUND,
    }


def band(asset: Record) -> str:
    """The band of the map an asset stands in: its Purdue level, "outside" or "none"."""
    level = asset.get("level")
    if level is not None:
        return f"{level:g}"
    first = _ip(next(iter(asset.get("ip", ())), ""))
    return "outside" if first is not None and first.is_global and not first.is_multicast else "none"


def subnets(asset: Record) -> list[str]:
    """The networks an asset is counted to when the map has to group, the narrow one first.

    Masks are seldom seen on the wire; /24 and /16 (IPv6: /64 and /48) are how most sites cut theirs.
    """
    first = _ip(next(iter(asset.get("ip", ())), ""))
    if first is None:
        return ["no address", "no address"]
    return [
        str(ipaddress.ip_network((int(first), bits), strict=False))
        if first.version == 4
        else str(ipaddress.IPv6Network((int(first), bits), strict=False))
        for bits in ((24, 16) if first.version == 4 else (64, 48))
    ]


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
