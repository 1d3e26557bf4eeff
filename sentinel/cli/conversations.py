"""`sentinel conversations`: who talks to whom, by a store."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from sentinel.cli.records import (
    Format,
    FormatOption,
    LimitOption,
    OutputOption,
    StoreOption,
    WhereOption,
    asked,
    opened,
    target,
    write,
)

app = typer.Typer(no_args_is_help=True, help="Who talks to whom.")


class Export(StrEnum):
    """What conversations are exported as."""

    CSV = "csv"
    GRAPHML = "graphml"


@app.command("list")
def list_(
    where: WhereOption = None,
    limit: LimitOption = None,
    format: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """List conversations: client, server, protocol, how much, which operations."""
    from sentinel.report.listing import conversations

    query = asked(where)
    write("conversation", opened(store).documents("conversation", query), format, limit, conversations)


@app.command()
def export(
    format: Annotated[Export, typer.Option("--format", "-f", help="What to write.")] = Export.CSV,
    output: OutputOption = None,
    where: WhereOption = None,
    store: StoreOption = None,
) -> None:
    """Export conversations: a table, or a graph with assets as nodes."""
    query, at = asked(where), opened(store)
    found = at.documents("conversation", query)
    with target(output) as file:
        if format is Export.CSV:
            from sentinel.export.csv import write_records

            write_records("conversation", found, file)
        else:
            from sentinel.export.graphml import write_graphml

            write_graphml(at.documents("asset"), found, file)
