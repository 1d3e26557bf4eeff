"""Rules as queries of Elasticsearch, by pySigma's backend (optional extra `convert`).

What the engine does when it compiles a rule for a kind of events is done here too: the rule's log source
becomes a condition on `event.dataset`, and the names of its fields are those that such events have. Events of
several kinds may need names that differ; then a rule has several queries, no event fits two of them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sentinel.errors import UserError
from sentinel.model import PROTOCOLS
from sentinel.rules import loader, regex
from sentinel.rules.loader import RuleFile
from sentinel.rules.sources import meant

if TYPE_CHECKING:
    from sigma.collection import SigmaCollection
    from sigma.conversion.state import ConversionState
    from sigma.processing.pipeline import ProcessingPipeline
    from sigma.rule import SigmaRule
    from sigma.types import SigmaRegularExpression

TARGETS = ("lucene", "dsl", "esql", "eql")
"""Query languages: Lucene's query string, Query DSL, ES|QL, EQL."""

NO_EVENT = "no event is of its log source"


@dataclass(frozen=True, slots=True)
class Converted:
    """A rule's queries in the target language, or why there are none."""

    file: str
    title: str
    queries: list[str]
    why_not: str = ""
    id: str = ""


@cache
def known_datasets() -> tuple[str, ...]:
    """Values of `event.dataset` that events may have, `*` at the end for all logs that begin so."""
    text = files("sentinel.rules").joinpath("data", "datasets.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return (*(f"sentinel.{name}" for name in sorted(PROTOCOLS)), *lines)


def convert(rules: Sequence[RuleFile], target: str, datasets: Iterable[str] | None = None) -> list[Converted]:
    """Rules in a query language, those that cannot be expressed there with the reason.

    `datasets` are those that the events to be asked have; all that are known, if not given.
    """
    try:
        from sigma.collection import SigmaCollection
        from sigma.correlations import SigmaCorrelationRule
        from sigma.exceptions import SigmaError
        from sigma.processing.pipeline import ProcessingPipeline
    except ImportError:
        raise UserError(
            "rules convert: needs pySigma: `pip install 'sentinel[convert]'` brings it along"
        ) from None
    known = sorted(datasets) if datasets is not None else None
    pipelines = [ProcessingPipeline.from_yaml(text.decode()) for _, text in loader.pipelines()]
    pipelines.sort(key=lambda one: one.priority)
    out = []
    for file, text in rules:
        try:
            collection = SigmaCollection.from_yaml(text.decode())
        except (SigmaError, UnicodeDecodeError) as error:
            out.append(Converted(file, "", [], _line(error)))
            continue
        for rule in collection.rules:
            id, title = str(rule.id or rule.name or rule.title or ""), rule.title or ""
            if isinstance(rule, SigmaCorrelationRule):
                why = "a correlation is about several events, a query about one"
                out.append(Converted(file, title, [], why, id))
                continue
            try:
                queries = _queries(rule, target, known, pipelines)
                out.append(Converted(file, title, queries, "" if queries else NO_EVENT, id))
            except (SigmaError, NotImplementedError, AttributeError, TypeError, ValueError) as error:
                out.append(Converted(file, title, [], _line(error), id))
    return out


def _queries(
    rule: SigmaRule, target: str, datasets: list[str] | None, pipelines: list[ProcessingPipeline]
) -> list[str]:
    """One query for each set of pipelines that the datasets of a rule need."""
    import json

    source = {key: getattr(rule.logsource, key) for key in ("product", "service", "category")}
    groups: dict[tuple[int, ...], list[str]] = {}
    for dataset in datasets if datasets is not None else _likely(rule):
        if meant(source, dataset):
            key = tuple(n for n, one in enumerate(pipelines) if _is_for(one, dataset))
            groups.setdefault(key, []).append(dataset)
    out: list[str] = []
    for key, some in groups.items():
        applied = _whole(pipelines, key, some)
        found = _backend(target, applied).convert(
            _alone(rule), output_format="dsl_lucene" if target == "dsl" else "default"
        )
        out += [one if isinstance(one, str) else json.dumps(one) for one in found]
    return out


def _alone(rule: SigmaRule) -> SigmaCollection:
    """A copy of a rule, to be changed."""
    from sigma.collection import SigmaCollection

    made = copy.deepcopy(rule)
    # a rule that a correlation refers to would be left half done
    made._output, made._backreferences = True, []
    return SigmaCollection([made])


def _likely(rule: SigmaRule) -> list[str]:
    """Datasets that are known, and the one a rule itself names."""
    own = f"{rule.logsource.product}.{rule.logsource.service}"
    return [*known_datasets(), *([own] if own not in known_datasets() else ())]


def _is_for(pipeline: ProcessingPipeline, dataset: str) -> bool:
    patterns = pipeline.vars.get("datasets") or ()
    return any(
        dataset.startswith(one[:-1]) if one.endswith("*") else one == dataset
        for one in ([patterns] if isinstance(patterns, str) else patterns)
    )


def _whole(
    pipelines: list[ProcessingPipeline], key: tuple[int, ...], datasets: list[str]
) -> ProcessingPipeline:
    from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
    from sigma.processing.transformations import AddConditionTransformation

    own = ProcessingItem(AddConditionTransformation({"event.dataset": datasets}))
    whole = ProcessingPipeline()
    for n in key:
        # a step belongs to one pipeline for good
        whole += copy.deepcopy(pipelines[n])
    return whole + ProcessingPipeline(items=[own])


def _backend(target: str, pipeline: ProcessingPipeline) -> Any:
    from sigma.backends.elasticsearch.elasticsearch_eql import EqlBackend
    from sigma.backends.elasticsearch.elasticsearch_esql import ESQLBackend
    from sigma.backends.elasticsearch.elasticsearch_lucene import LuceneBackend

    class Lowered(LuceneBackend):
        """Regular expressions in Lucene's own syntax, for fields with a `lowercase` normalizer."""

        def convert_value_re(self, r: SigmaRegularExpression, state: ConversionState) -> str:
            return regex.lucene(str(r.regexp)).replace("/", "\\/")

    return {"eql": EqlBackend, "esql": ESQLBackend}.get(target, Lowered)(processing_pipeline=pipeline)


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
