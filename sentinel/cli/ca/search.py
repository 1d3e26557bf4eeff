"""`sentinel ca search`: certificates by a text."""

from __future__ import annotations

from typing import Annotated

import typer

from sentinel.cli.ca.common import opened, warn
from sentinel.cli.ca.listing import tell_rows
from sentinel.cli.ca.options import DirOption, Form, FormOption


def search(
    text: Annotated[
        str,
        typer.Argument(help="Part of a name or asset, or how a serial, fingerprint or key's hash begins."),
    ],
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most certificates.")] = 200,
    dir: DirOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Find certificates by subject, other names, asset, serial, fingerprint or key. No key is unlocked."""
    with opened(dir, readonly=True) as authority:
        found = authority.register.search(text, limit=limit + 1)
        tell_rows(found[:limit], format)
        if len(found) > limit:
            warn(f"the first {limit:,} are shown (--limit says how many)")
