"""Rules over stored events: what they would have found.

A store that takes queries of its own (Elasticsearch) is asked with the converted rules, which find at least
what fits; of others the events of the rules' log sources are read. What an event fits is decided by the
engine in both cases. Correlations are left out, and rules that only they look at. What is secret was
masked before it was stored: rules see the mask.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from sentinel.errors import UserError
from sentinel.model.store import Doc, Store
from sentinel.query import And, Compare, In, Node
from sentinel.rules import loader
from sentinel.rules.loader import RuleFile

if TYPE_CHECKING:
    from sentinel._native import Watch

_Batch: TypeAlias = "tuple[str | None, list[Doc]]"
"""Events, and the id of the rule whose hits among them are wanted; None: of all rules."""

_SOME = 2000
"""Events that are evaluated at once."""
_DATASETS = 10_000
"""Datasets a store may have at most."""


class Searched(Protocol):
    """A store, as far as it is needed here."""

    def search(self, query: Node | None = None) -> Iterator[Doc]:
        """Events that fit, by time and id."""


@runtime_checkable
class Queried(Searched, Protocol):
    """A store that takes queries of its server."""

    def fitting(self, query: dict[str, Any], node: Node | None = None) -> Iterator[Doc]:
        """Events that fit a query (Query DSL), and a node, by time and id."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that a stored event fits."""

    file: str
    id: str
    title: str
    level: str
    event: Doc


@dataclass(frozen=True, slots=True)
class Hunt:
    """What is looked for: rules, those that cannot be (one line each), and how many correlations were left
    out."""

    rules: int
    refused: list[str]
    left_out: int
    hits: Iterator[Hit]


def hunt(
    store: Store, files: Sequence[RuleFile], since: datetime | None = None, until: datetime | None = None
) -> Hunt:
    """Hits of rules on the events from `since` up to before `until`, rule by rule or by time, as the store
    gives them."""
    from sentinel._native import Watch

    single, left_out = _single(files)
    watch = Watch(single, pipelines=loader.pipelines(), lateness=0.0)
    refused = [f"{file}:{line}: {why}" if line else f"{file}: {why}" for file, line, why in watch.refused()]
    times = _between(since, until)
    datasets = [name for name, _ in store.histogram("event", "event.dataset", times, most=_DATASETS)]
    if isinstance(store, Queried):
        found = _asked(store, single, datasets, times)
    else:
        found = _read(store, single, datasets, times)
    return Hunt(len(watch), refused, left_out, _decided(watch, _levels(single), found))


def moment(text: str, flag: str) -> datetime:
    """A time of the command line: a date, or a date and a time; UTC unless it says so. Raises `UserError`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{flag} {text}: is no time; write 2026-01-31 or 2026-01-31T08:00:00Z", 2) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _between(since: datetime | None, until: datetime | None) -> Node | None:
    parts = []
    if since is not None:
        parts.append(Compare("@timestamp", ">=", _shown(since)))
    if until is not None:
        parts.append(Compare("@timestamp", "<", _shown(until)))
    return And(tuple(parts)) if parts else None


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}Z"


def _single(files: Sequence[RuleFile]) -> tuple[list[RuleFile], int]:
    """Rules about one event, each as a file of its own, and how many are correlations or only theirs."""
    import yaml

    documents = [(file, rule) for file, text in files for rule in loader.documents(text)]
    parts: set[str] = set()
    for _, rule in documents:
        correlation = rule.get("correlation")
        if isinstance(correlation, dict) and not rule.get("generate", correlation.get("generate")):
            of = correlation.get("rules")
            parts.update(map(str, of if isinstance(of, list) else [of]))
    out, left_out = [], 0
    for file, rule in documents:
        if "correlation" in rule or {str(rule.get("id")), str(rule.get("name"))} & parts:
            left_out += 1
        else:
            out.append((file, yaml.safe_dump(rule, allow_unicode=True).encode()))
    return out, left_out


def _levels(files: Sequence[RuleFile]) -> dict[str, str]:
    return {_id(rule): str(rule.get("level") or "") for _, text in files for rule in loader.documents(text)}


def _asked(
    store: Queried, files: Sequence[RuleFile], datasets: Sequence[str], times: Node | None
) -> Iterator[_Batch]:
    """Events that fit a rule's query, rule by rule; of one that cannot be a query, those it is meant for."""
    from sentinel.rules.convert import NO_EVENT, convert

    try:
        converted = {one.id: one for one in convert(files, "dsl", datasets)}
    except UserError:
        converted = {}  # no pySigma here
    for file in files:
        (rule,) = loader.documents(file[1])
        one = converted.get(_id(rule))
        if one is None or one.why_not not in ("", NO_EVENT):
            for _, some in _read(store, [file], datasets, times):
                yield _id(rule), some
        elif one.queries:
            parts = [json.loads(query)["query"] for query in one.queries]
            events = store.fitting({"bool": {"should": parts, "minimum_should_match": 1}}, times)
            while some := list(islice(events, _SOME)):
                yield one.id, some


def _read(
    store: Searched, files: Sequence[RuleFile], datasets: Sequence[str], times: Node | None
) -> Iterator[_Batch]:
    """Events of the log sources of rules, by time."""
    from sentinel.rules.sources import meant

    sources = [rule.get("logsource") or {} for _, text in files for rule in loader.documents(text)]
    wanted = [name for name in datasets if any(meant(source, name) for source in sources)]
    if not wanted:
        return
    one_of = In("event.dataset", tuple(wanted))
    events = store.search(And((one_of, times)) if times is not None else one_of)
    while some := list(islice(events, _SOME)):
        yield None, some


def _decided(watch: Watch, levels: dict[str, str], batches: Iterable[_Batch]) -> Iterator[Hit]:
    rules = watch.rules()
    for only, events in batches:
        ndjson = "\n".join(json.dumps(event, ensure_ascii=False) for event in events).encode()
        for line, rule in watch.hits(ndjson):
            file, id, title = rules[rule]
            if only is None or only == id:
                yield Hit(file, id, title, levels.get(id, ""), events[line])


def _id(rule: Mapping[str, Any]) -> str:
    """What the engine and pySigma's rules are known by."""
    return str(rule.get("id") or rule.get("name") or rule.get("title") or "")
