"""Rules as queries of Elasticsearch, by pySigma's backend (optional extra `convert`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sentinel.errors import UserError
from sentinel.rules.loader import RuleFile

TARGETS = ("lucene", "dsl", "esql", "eql")
"""Query languages: Lucene's query string, Query DSL, ES|QL, EQL."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A rule's queries in the target language, or why there are none."""

    file: str
    title: str
    queries: list[str]
    why_not: str = ""


def convert(rules: Sequence[RuleFile], target: str) -> list[Converted]:
    """Rules in a query language, those that cannot be expressed there with the reason."""
    try:
        from sigma.backends.elasticsearch.elasticsearch_eql import EqlBackend
        from sigma.backends.elasticsearch.elasticsearch_esql import ESQLBackend
        from sigma.backends.elasticsearch.elasticsearch_lucene import LuceneBackend
        from sigma.collection import SigmaCollection
        from sigma.exceptions import SigmaError
    except ImportError:
        raise UserError(
            "rules convert: needs pySigma: `pip install 'sentinel[convert]'` brings it along"
        ) from None
    import json

    out = []
    for file, text in rules:
        try:
            collection = SigmaCollection.from_yaml(text.decode())
        except (SigmaError, UnicodeDecodeError) as error:
            out.append(Converted(file, "", [], _line(error)))
            continue
        for rule in collection.rules:
            backend = {"eql": EqlBackend, "esql": ESQLBackend}.get(target, LuceneBackend)()
            form = "dsl_lucene" if target == "dsl" else "default"
            one = SigmaCollection([rule])
            try:
                queries = backend.convert(one, output_format=form)
                shown = [q if isinstance(q, str) else json.dumps(q) for q in queries]
                out.append(Converted(file, rule.title or "", shown))
            except (SigmaError, NotImplementedError, AttributeError, TypeError, ValueError) as error:
                out.append(Converted(file, rule.title or "", [], _line(error)))
    return out


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
