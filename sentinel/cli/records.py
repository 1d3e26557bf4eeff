"""What the commands on a store share: their options, and how records are written."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeAlias

import typer

from sentinel.errors import UserError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sentinel.model.store import Store
    from sentinel.query import Node

Record: TypeAlias = dict[str, Any]
"""A record as plain data."""

ROWS = 100
"""Rows of a table unless `--limit` says otherwise; json and ndjson give all."""


class Format(StrEnum):
    """How records are written."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"


StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="Store: sqlite:///folder or https://user@host:9200 (default: that of the settings).",
    ),
]
WhereOption = Annotated[
    str | None, typer.Option("--where", help="Only those that fit: 'vendor = Siemens AND level < 2'.")
]
LimitOption = Annotated[
    int | None, typer.Option("--limit", min=1, help=f"Most records (table: {ROWS} unless said).")
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How the records are written.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write (default: standard output).")
]


def opened(url: str | None) -> Store:
    """The store that is asked for; it must be there."""
    from sentinel.store import open_store

    return open_store(url)


def folders(store: Store) -> list[Path]:
    """Folders in which packets may be kept of what a store holds."""
    from sentinel.config import load
    from sentinel.pipeline import evidence_folders

    return evidence_folders(store, load().settings.evidence.folder)


def asked(query: str | None) -> Node | None:
    """The tree of a query. Raises `QueryError` (exit code 2)."""
    from sentinel.query import parse

    return None if query is None else parse(query)


def write(
    kind: str,
    records: Iterable[Record],
    form: Format,
    limit: int | None,
    table: Callable[[list[Record]], RenderableType],
) -> None:
    """Write records of a kind to standard output: a JSON list, one a line, or a table."""
    if form is Format.TABLE:
        most = limit or ROWS
        rows = list(islice(records, most + 1))
        show(table(rows[:most]))
        if len(rows) > most:
            sys.stderr.write(f"sentinel: the first {most:,} are shown (--limit says how many)\n")
        return
    shown = islice(records, limit)
    if form is Format.NDJSON:
        for record in shown:
            sys.stdout.write(json.dumps({"record": kind, **record}, ensure_ascii=False) + "\n")
        return
    mark = "["
    for record in shown:
        sys.stdout.write(mark + json.dumps(record, ensure_ascii=False))
        mark = ",\n"
    sys.stdout.write("]\n" if mark != "[" else "[]\n")


def show(what: RenderableType) -> None:
    """Write for people. Captured text was made safe by who built it."""
    from rich.console import Console

    Console(markup=False, highlight=False, emoji=False).print(what)


def show_json(value: Any, form: Format) -> None:
    """Write one value as JSON, indented or on one line."""
    indent = 2 if form is Format.JSON else None
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=indent) + "\n")


@contextmanager
def target(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears whole or not at all."""
    if path is None:
        yield sys.stdout
        return
    if path.exists() and not path.is_file():
        # a device or a pipe takes what comes; put another file in its place and it would be gone
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        file = part.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        with file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
