"""`sentinel report`: what a store holds, as one page or document."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.records import OutputOption, StoreOption, opened, target

if TYPE_CHECKING:
    from typing import IO

    from sentinel.model.store import Store


class Format(StrEnum):
    """What a report is written as."""

    HTML = "html"
    JSON = "json"


def report(
    format: Annotated[Format, typer.Option("--format", "-f", help="What to write.")] = Format.HTML,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """Write what a store holds as a page for a browser, or as the document of a scan."""
    at = opened(store)
    with target(output) as file:
        if format is Format.JSON:
            _json(at, file)
        else:
            from sentinel.cli.output import PAGE
            from sentinel.report.html import render
            from sentinel.report.stored import document

            file.write(render(document(at, PAGE)))


def _json(store: Store, file: IO[str]) -> None:
    """The document of data-model.md, record by record: a large network is never in memory whole."""
    import json

    from sentinel import __version__
    from sentinel.report.stored import LISTS

    head = json.dumps({"version": __version__, "sources": store.sources()}, ensure_ascii=False)
    file.write(head[:-1])
    for kind, name in LISTS.items():
        file.write(f', "{name}": [')
        for number, record in enumerate(store.documents(kind)):
            file.write((",\n" if number else "") + json.dumps(record, ensure_ascii=False))
        file.write("]")
    for name, found in (("alerts", store.alerts()), ("chains", store.chains())):
        file.write(f', "{name}": [')
        for number, record in enumerate(found):
            file.write((",\n" if number else "") + json.dumps(record, ensure_ascii=False))
        file.write("]")
    counted = {"limits": {}, "parse_errors": {}, **store.counters()}
    tail = json.dumps(counted, ensure_ascii=False)
    file.write(f", {tail[1:]}\n")
