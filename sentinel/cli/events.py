"""`sentinel events`: what happened, event by event, by a store."""

from __future__ import annotations

import json
import re
import sys
from itertools import islice
from typing import Annotated

import typer

from sentinel.cli.records import Format, FormatOption, StoreOption, asked, opened, show
from sentinel.errors import UserError

app = typer.Typer(no_args_is_help=True, help="What happened, event by event.")

PAGE = 100
"""Events of a page unless `--limit` says otherwise."""

_TOKEN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{1,20}Z)/([0-9a-f]{1,64})")


@app.command()
def search(
    query: Annotated[
        str | None, typer.Argument(help="What they fit: 'ot.action = stop AND source.ip = 10.0.0.0/8'.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Events of a page.")] = PAGE,
    after: Annotated[
        str | None, typer.Option("--after", help="Go on from here: the token that ended the last page.")
    ] = None,
    format: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """Search events, sorted by time and id, page by page.

    A page that is not the last one ends with a token for `--after`: in `next` (json), else on
    standard error.
    """
    tree, start = asked(query), _start(after)
    found = list(islice(opened(store).search(tree, start), limit + 1))
    page = found[:limit]
    token = f"{page[-1]['@timestamp']}/{page[-1]['event.id']}" if len(found) > limit else None
    if format is Format.JSON:
        sys.stdout.write(json.dumps({"events": page, "next": token}, ensure_ascii=False) + "\n")
        return
    if format is Format.NDJSON:
        for event in page:
            sys.stdout.write(json.dumps({"record": "event", **event}, ensure_ascii=False) + "\n")
    else:
        from sentinel.report.listing import events

        show(events(page))
    if token:
        sys.stdout.flush()
        sys.stderr.write(f"sentinel: there are more: --after {token}\n")


def _start(token: str | None) -> tuple[str, str] | None:
    if token is None:
        return None
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise UserError(f"--after {token}: not a token that a page ended with", 2)
    return found[1], found[2]
