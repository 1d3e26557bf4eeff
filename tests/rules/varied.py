"""Events made from a rule's own values, so that they fit it, nearly fit it, or do not."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaRule
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExpansion,
    SigmaNumber,
    SigmaString,
    SpecialChars,
)

from sentinel.fields import fields
from sentinel.rules import loader
from sentinel.rules.engine import Rules

FILLERS = ("", "x", "Ab/c", " y ", "Zeek-7", "ü", "a.b", "-")


def items(part: Any) -> Iterator[SigmaDetectionItem]:
    """All comparisons of a rule, whatever joins them."""
    if isinstance(part, SigmaRule):
        for selection in part.detection.detections.values():
            yield from items(selection)
    elif isinstance(part, SigmaDetection):
        for one in part.detection_items:
            yield from items(one)
    else:
        yield part


def values(rule: SigmaRule) -> dict[str, list[Any]]:
    """Values that a rule compares each field with."""
    out: dict[str, list[Any]] = {}
    for item in items(rule):
        if item.field:
            for value in item.value:
                inner = value.values if isinstance(value, SigmaExpansion) else [value]
                out.setdefault(item.field, []).extend(inner)
    return out


def event(rule: SigmaRule, dataset: str, number: int, generator: random.Random) -> dict[str, Any]:
    """An event of a dataset with some of the fields of a rule."""
    out: dict[str, Any] = {
        "@timestamp": f"2026-03-02T07:00:{number % 60:02}.{number % 1_000_000:06}Z",
        "event.id": f"{number:032x}",
        "event.dataset": dataset,
    }
    for field, wanted in values(rule).items():
        if generator.random() < 0.1:
            continue
        found = [shown for v in generator.sample(wanted, k=1) if (shown := _like(v, generator)) is not None]
        if found:
            out[field] = (
                [*found, "other"] if generator.random() < 0.1 and isinstance(found[0], str) else found[0]
            )
    return out


@cache
def stored() -> list[dict[str, Any]]:
    """The events beside the rules of the packs, as a store would keep them, with ids of their own."""
    out: list[dict[str, Any]] = []
    for path in loader.rule_paths(loader.packs_folder()):
        beside = path.with_name(f"{path.stem}.events.ndjson")
        for line in beside.read_bytes().splitlines():
            rules = Rules([(path.name, path.read_bytes())])
            batches = [rules.watch.feed_docs(json.loads(line)["events"]), rules.finish()]
            out += (json.loads(one) for batch in batches for one in batch.ndjson().splitlines())
    return [one | {"event.id": f"{n:032x}"} for n, one in enumerate(out)]


@cache
def pipelines() -> list[ProcessingPipeline]:
    """Those that come along."""
    return [ProcessingPipeline.from_yaml(text.decode()) for _, text in loader.pipelines()]


def named(event: dict[str, Any], rule: SigmaRule) -> dict[str, Any]:
    """The event with the names that events of its dataset have, as the pipelines say."""
    for pipeline in pipelines():
        datasets = pipeline.vars["datasets"]
        if not any(event["event.dataset"].startswith(one.rstrip("*")) for one in datasets):
            continue
        for item in pipeline.items:
            conditions: list[Any] = list(item.rule_conditions)
            if all(condition.match(rule) for condition in conditions):
                mapping = vars(item.transformation)["mapping"]
                event = {mapping.get(name, name): value for name, value in event.items()}
    return {name: _typed(name, value) for name, value in event.items()}


def _typed(name: str, value: Any) -> Any:
    """A value as events have it: truth values and numbers are no texts."""
    known = fields().get(name)
    if known is not None and isinstance(value, str):
        if known.type == "boolean":
            return value.lower() == "true"
        if known.type == "long" and value.isdigit():
            return int(value)
    return value


def _like(value: Any, generator: random.Random) -> Any:
    match value:
        case SigmaString():
            text = "".join(
                generator.choice(FILLERS) if isinstance(p, SpecialChars) else str(p) for p in value.s
            )
            return generator.choice([text, text, text.upper(), text.lower(), f"{text}x", f"x{text}"])
        case SigmaNumber():
            return value.number if generator.random() < 0.8 else int(value.number) + 1
        case SigmaBool():
            return value.boolean
        case SigmaCompareExpression():
            step = generator.choice([-1, 0, 1])
            assert value.op in CompareOperators
            return int(value.number.number) + step
        case SigmaCIDRExpression():
            network = value.network
            return str(network[generator.randrange(min(network.num_addresses, 1000))])
    return None
