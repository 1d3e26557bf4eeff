"""`sentinel config`: what the settings are, and where each comes from."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Check and show the settings.")


@app.command()
def check() -> None:
    """Read every settings file and variable; exit 1 on the first that is wrong."""
    from sentinel.config import load

    settings = load()
    files = ", ".join(str(path) for path in settings.files) or "no file"
    typer.echo(f"settings are fine ({files})")


@app.command()
def show(
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
) -> None:
    """Print every setting as it is in force, one a line."""
    from sentinel.config import load

    for name, value, where in load().rows():
        typer.echo(f"{name} = {value}" + (f"  # {where}" if origin else ""))
