"""`sentinel store`: the store itself."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.records import (
    Format,
    FormatOption,
    OutputOption,
    StoreOption,
    WhereOption,
    asked,
    opened,
    show,
    show_json,
    target,
)
from sentinel.errors import UserError

app = typer.Typer(no_args_is_help=True, help="The store itself.")

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]))?")
_SIZE = re.compile(r"([0-9]{1,15})\s*([kMGT]?)i?B?")
_UNITS = {"": 0, "k": 10, "M": 20, "G": 30, "T": 40}


class Kind(StrEnum):
    """What can be written out of a store and read into one."""

    EVENT = "event"
    ALERT = "alert"
    CHAIN = "chain"
    ASSET = "asset"


@app.command()
def info(format: FormatOption = Format.TABLE, store: StoreOption = None) -> None:
    """Say what is in a store: captures, records, parts of events, sizes."""
    from sentinel.model.store import Sized

    at = opened(store)
    parts = at.parts()
    facts = {
        "store": at.url,
        "size": at.size(),
        "records": at.counts(),
        "parts": {
            "count": len(parts),
            "first": min(parts, default=None),
            "last": max(parts, default=None),
            "bytes": dict(at.sizes()) if isinstance(at, Sized) else {},
        },
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
        raise UserError(f"{at.url}: damaged; bring it back from a copy, or scan into a new store")
    counts = ", ".join(f"{count:,} {kind}s" for kind, count in at.counts().items())
    sys.stdout.write(f"{at.url}: sound ({counts})\n")


@app.command()
def expire(
    days: Annotated[
        int | None, typer.Option("--days", min=0, help="Days of events to keep, before today (UTC).")
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", help="Delete what is older: 2026-01-31, or 2026-01-31T12 (UTC).")
    ] = None,
    bytes: Annotated[
        str | None, typer.Option("--bytes", help="Bytes of events to keep, the newest: 500M, 20G.")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Delete old events, by the part: with their alerts and chains by age, alone by size. Assets, secrets
    and operations stay."""
    if days is None and before is None and bytes is None:
        raise UserError("say what to keep: --days, --before or --bytes", 2)
    if before is not None and (_MOMENT.fullmatch(before) is None or not _is_day(before[:10])):
        raise UserError(f"--before {before}: no day or hour; write 2026-01-31 or 2026-01-31T12", 2)
    size = None if bytes is None else _bytes(bytes)
    if days is not None:
        day = (datetime.now(UTC) - timedelta(days=min(days, 700_000))).date().isoformat()
        before = max(before or day, day)
    gone = []
    with opened(store).writer() as writer:
        if before is not None:
            gone += writer.expire(before)
        if size is not None:
            gone += writer.shrink(size)
    shown = f": {gone[0]} to {gone[-1]}" if gone else ""
    word = "hour" if gone and "T" in gone[0] else "day"
    sys.stdout.write(f"{len(gone):,} {word}{'' if len(gone) == 1 else 's'} of events deleted{shown}\n")


def _is_day(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _bytes(text: str) -> int:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise UserError(f"--bytes {text}: no size; write 500M or 20G", 2)
    return int(found[1]) << _UNITS[found[2]]


@app.command()
def rebuild(store: StoreOption = None) -> None:
    """Work the inventory out anew from what was observed, as a newer version would see it."""
    from sentinel import pipeline

    counts = pipeline.rebuild(opened(store))
    sys.stdout.write(", ".join(f"{count:,} {kind}" for kind, count in counts.items()) + "\n")


@app.command()
def export(
    kind: Annotated[
        list[Kind] | None, typer.Option("--kind", help="What to write; may be given again (default: all).")
    ] = None,
    where: WhereOption = None,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """Write events, alerts, chains and assets as JSON, one document a line, as `import` reads them."""
    from sentinel.export.ndjson import write_ndjson

    query, at = asked(where), opened(store)
    kinds = [wanted.value for wanted in dict.fromkeys(kind or Kind)]
    with target(output) as file:
        write_ndjson(at, kinds, query, file)


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="What `export` or `scan --format ndjson` wrote; - is standard input.")
    ],
    store: StoreOption = None,
) -> None:
    """Read documents into a store, made if it is not there. What it holds already stays as it is; a bad
    line is told with its number, the others are read."""
    from sentinel.store import open_store
    from sentinel.store.load import load

    if str(file) == "-":
        loaded = load(open_store(store, create=True), sys.stdin.buffer)
    else:
        try:
            lines = file.open("rb")
        except OSError as error:
            raise UserError(f"{file}: {error.strerror}") from None
        with lines:
            loaded = load(open_store(store, create=True), lines)
    for line in loaded.refused:
        sys.stderr.write(f"sentinel: {file}: {line}\n")
    counts = ", ".join(f"{count:,} {kind}s" for kind, count in loaded.read.items() if count)
    sys.stdout.write(f"{counts or 'nothing'} read, {loaded.new:,} events and alerts new")
    sys.stdout.write(f", {loaded.left_out:,} other records left out\n" if loaded.left_out else "\n")
    if loaded.lost:
        raise UserError(f"{file}: {loaded.lost:,} lines could not be kept")


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
