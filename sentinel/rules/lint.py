"""What is wrong with rules before they run: what the engine refuses, and what a reader would miss.

Fields are checked in rules on sentinel's own events (`product: sentinel`, or no product): a name must
stand in the field table. Rules on others' logs use the names of those logs, which are not ours to check.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sentinel.fields import fields
from sentinel.rules.loader import RuleFile, documents

LEVELS = ("informational", "low", "medium", "high", "critical")
_NEEDED = ("id", "title", "description", "level", "tags", "falsepositives", "status", "author", "date")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault: `line` is 0 where the file as a whole is meant. `refused`: the rule does not run."""

    file: str
    line: int
    text: str
    refused: bool = True

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.text}"


def lint(files: Sequence[RuleFile], *, style: bool = False) -> list[Fault]:
    """Faults of rule files, by place. With `style` also what a rule of a pack must have."""
    from sentinel.rules.engine import Rules

    found = {Fault(*refused) for refused in Rules(files).watch.refused()}
    for name, text in files:
        for rule in documents(text):
            found.update(_unknown_fields(name, text, rule))
            if style:
                found.update(_style(name, text, rule))
    return sorted(found)


def fields_of(rule: dict[str, Any]) -> list[str]:
    """Names of fields a rule uses, without modifiers."""
    found: dict[str, None] = {}

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item)
        elif isinstance(node, dict):
            for key, value in node.items():
                name, *modifiers = str(key).split("|")
                if name:
                    found[name] = None
                if "fieldref" in modifiers and isinstance(value, str):
                    found[value] = None

    detection = rule.get("detection")
    if isinstance(detection, dict):
        for name, item in detection.items():
            if name not in ("condition", "timeframe"):
                walk(item)
    correlation = rule.get("correlation")
    if isinstance(correlation, dict):
        grouped = correlation.get("group-by") or []
        aliases = correlation.get("aliases") or {}
        names = [grouped] if isinstance(grouped, str) else list(grouped)
        found.update((str(name), None) for name in names if name not in aliases)
        for alias in aliases.values() if isinstance(aliases, dict) else ():
            found.update((str(name), None) for name in (alias or {}).values())
        condition = correlation.get("condition")
        counted = condition.get("field") if isinstance(condition, dict) else None
        for name in [counted] if isinstance(counted, str) else counted or ():
            found[str(name)] = None
    return list(found)


def _unknown_fields(file: str, text: bytes, rule: dict[str, Any]) -> Iterator[Fault]:
    source = rule.get("logsource")
    product = source.get("product") if isinstance(source, dict) else None
    if product not in (None, "sentinel"):
        return
    if product is None and isinstance(source, dict) and source.get("category") != "network":
        return  # a generic category: its names are mapped by pipelines
    known = fields()
    for name in fields_of(rule):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield Fault(file, line_of(text, name), f"no event has the field {name}{hint}")


def line_of(text: bytes, name: str) -> int:
    """The line (1-based) on which a name stands first as a word, else 0."""
    pattern = re.compile(rb"(?<![\w.@-])" + re.escape(name.encode()) + rb"(?![\w.-])")
    found = pattern.search(text)
    return text.count(b"\n", 0, found.start()) + 1 if found else 0


def _style(file: str, text: bytes, rule: dict[str, Any]) -> Iterator[Fault]:
    if rule.get("name") and "tags" not in rule:
        return  # for a correlation to count: no alert comes of it
    for key in _NEEDED:
        if not rule.get(key):
            yield Fault(file, 1, f"has no {key}", refused=False)
    level = rule.get("level")
    if level and level not in LEVELS:
        yield Fault(file, line_of(text, "level"), f"level {level}: one of {', '.join(LEVELS)}", refused=False)
    tags = [str(tag) for tag in rule.get("tags") or ()]
    if not any(re.fullmatch(r"attack(-ics)?\.t\d{4}(\.\d{3})?", tag) for tag in tags):
        yield Fault(file, line_of(text, "tags"), "no ATT&CK technique among the tags", refused=False)
