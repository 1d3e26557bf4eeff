"""`sentinel ca list`: what was issued."""

from __future__ import annotations

from typing import Annotated

import typer

from sentinel.cli.ca.common import opened, warn
from sentinel.cli.ca.listing import tell_rows
from sentinel.cli.ca.options import DirOption, Form, FormOption

ROWS = 200
"""Rows of a table unless `--limit` says otherwise; JSON gives all."""


def list(
    state: Annotated[
        str | None, typer.Option("--state", help="Only those that are valid, revoked, held or expired.")
    ] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="Only those of a profile.")] = None,
    expiring: Annotated[
        int | None, typer.Option("--expiring", min=0, help="Only those that end within so many days.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help=f"Most certificates (table: {ROWS} unless said).")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", help="Serial of the last one of the page before.")
    ] = None,
    dir: DirOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """List certificates: the newest first; by their end with --state or --expiring. No key is unlocked."""
    with opened(dir, readonly=True) as authority:
        most = limit if format is Form.JSON else (limit or ROWS)
        rows = authority.register.list(
            state=state,
            profile=profile,
            expiring=expiring,
            limit=None if most is None else most + 1,
            after=after,
        )
        found = [*rows]
        tell_rows(found[:most], format)
        if most is not None and len(found) > most:
            last = found[most - 1].serial
            warn(f"the first {most:,} are shown (--limit says how many, --after {last} goes on)")
