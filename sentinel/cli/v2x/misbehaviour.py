"""`sentinel v2x misbehaviour`: who says what cannot be."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Messages that cannot be true, and who sent them.")
