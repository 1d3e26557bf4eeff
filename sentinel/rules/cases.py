"""Proof of rules: beside `<rule>.yml` stands `<rule>.events.ndjson`, what must and must not match.

One case a line, a JSON object:

    {"match": true, "from": "the command that gave it, or: varied, how", "events": [{...}, ...]}

`events` are flat ECS documents in the order of their times, as `--events notable --format ndjson` of a
scan gives them. A rule passes a case if an alert of it comes out of the whole list, or none, as `match`
says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sentinel.rules.loader import RuleFile, documents

SUFFIX = ".events.ndjson"


@dataclass(frozen=True, slots=True)
class Case:
    """Events that must make a rule fire, or must not. `line` is its place in the file."""

    line: int
    match: bool
    made: str
    events: list[dict[str, Any]]


@dataclass(slots=True)
class Outcome:
    """What the cases of a rule file said: how many there were, and one line for each fault."""

    rule: str
    matching: int = 0
    other: int = 0
    faults: list[str] = field(default_factory=list)


def beside(rule: Path) -> Path:
    """Where the cases of a rule stand."""
    return rule.with_name(rule.stem + SUFFIX)


def read(path: Path) -> Iterator[Case | str]:
    """The cases of a file; a line that is none as what is wrong with it."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            match, events = value["match"], value["events"]
            if not isinstance(match, bool) or not isinstance(events, list) or not events:
                raise ValueError("match is true or false, events a list that is not empty")
            yield Case(number, match, str(value["from"]), events)
        except (ValueError, KeyError, TypeError) as error:
            what = f"misses {error}" if isinstance(error, KeyError) else str(error)
            yield f"{path}:{number}: not a case: {what}"


def run(rule: Path, pack: Sequence[RuleFile] = ()) -> Outcome:
    """Try the cases of a rule file. `pack` are the files that its correlations may refer to."""
    out = Outcome(str(rule))
    path = beside(rule)
    if not path.is_file():
        out.faults.append(f"{path}: is not there: a rule needs events that match and events that do not")
        return out
    ids = {str(document["id"]) for document in documents(rule.read_bytes()) if "id" in document}
    for case in read(path):
        if isinstance(case, str):
            out.faults.append(case)
            continue
        if case.match:
            out.matching += 1
        else:
            out.other += 1
        fired = bool(ids & fires([(str(rule), rule.read_bytes()), *pack], case.events))
        if fired != case.match:
            said = "did not fire" if case.match else "fired"
            out.faults.append(f"{path}:{case.line}: the rule {said} ({case.made})")
    if not out.matching or not out.other:
        missing = "matches" if not out.matching else "does not match"
        out.faults.append(f"{path}: has no case that {missing}")
    return out


def fires(rules: Sequence[RuleFile], events: Iterable[dict[str, Any]]) -> set[str]:
    """Ids of the rules that fire on events."""
    from sentinel.rules.engine import Rules

    unique = dict(rules)
    engine = Rules(list(unique.items()))
    engine.watch.feed_docs(list(events))
    engine.finish()
    return {json.loads(alert)["rule.id"] for alert in engine.alerts()}
