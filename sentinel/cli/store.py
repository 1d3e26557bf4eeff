"""`sentinel store`: the store itself."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from sentinel.cli.records import (
    Format,
    FormatOption,
    OutputOption,
    StoreOption,
    opened,
    show,
    show_json,
    target,
)
from sentinel.errors import UserError

app = typer.Typer(no_args_is_help=True, help="The store itself.")


@app.command()
def info(format: FormatOption = Format.TABLE, store: StoreOption = None) -> None:
    """Say what is in a store: captures, records, days of events, size."""
    at = opened(store)
    days = [path.stem for path in at.events.files()]
    facts = {
        "store": at.url,
        "size": at.size(),
        "records": at.counts(),
        "days": {"count": len(days), "first": min(days, default=None), "last": max(days, default=None)},
        "sources": at.sources(),
    }
    if format is Format.TABLE:
        from sentinel.report.listing import store_page

        show(store_page(facts))
    else:
        show_json(facts, format)


@app.command()
def verify(store: StoreOption = None) -> None:
    """Check the files of a store; exit 1 if one is damaged."""
    at = opened(store)
    wrong = at.verify()
    if wrong:
        for line in wrong:
            sys.stderr.write(f"sentinel: {line}\n")
        raise UserError(f"{at.folder}: damaged; bring it back from a copy, or scan into a new folder")
    counts = ", ".join(f"{count:,} {kind}s" for kind, count in at.counts().items())
    sys.stdout.write(f"{at.folder}: sound ({counts})\n")


@app.command()
def expire(
    days: Annotated[int, typer.Option("--days", min=0, help="Days of events to keep, before today (UTC).")],
    store: StoreOption = None,
) -> None:
    """Delete events older than so many days. Assets, secrets and operations stay."""
    before = (datetime.now(UTC) - timedelta(days=min(days, 700_000))).date().isoformat()
    with opened(store).writer() as writer:
        gone = writer.expire(before)
    shown = f": {gone[0]} to {gone[-1]}" if gone else ""
    sys.stdout.write(f"{len(gone)} day{'' if len(gone) == 1 else 's'} of events deleted{shown}\n")


@app.command()
def rebuild(store: StoreOption = None) -> None:
    """Work the inventory out anew from what was observed, as a newer version would see it."""
    from sentinel import pipeline

    counts = pipeline.rebuild(opened(store))
    sys.stdout.write(", ".join(f"{count:,} {kind}" for kind, count in counts.items()) + "\n")


@app.command()
def kibana(
    prefix: Annotated[
        str | None,
        typer.Option("--prefix", help="How the names of the indices begin (default: elastic.prefix)."),
    ] = None,
    output: OutputOption = None,
) -> None:
    """Write data views, searches and dashboards that Kibana 8.9 and newer import (Stack Management,
    Saved Objects)."""
    from sentinel.config import load
    from sentinel.export.kibana import write_kibana

    settings = load({"elastic.prefix": prefix}).settings
    with target(output) as file:
        write_kibana(file, settings.elastic.prefix)
