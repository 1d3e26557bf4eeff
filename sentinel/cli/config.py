"""`sentinel config`: what the settings are, and where each comes from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Check and show the settings.")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Settings file, in place of the system's and yours.")
]


@app.command()
def check(
    config: ConfigOption = None,
    collect: Annotated[
        bool,
        typer.Option(
            "--collect", help="Also whether the daemon could start: interfaces, logs, rules, store."
        ),
    ] = False,
) -> None:
    """Read every settings file and variable; exit 1 on the first that is wrong."""
    from sentinel.config import load

    settings = load(file=config)
    if collect or settings.settings.collect.interfaces or settings.settings.collect.logs:
        from sentinel.collector.check import faults

        wrong = faults(settings.settings)
        for line in wrong:
            sys.stderr.write(f"sentinel: {line}\n")
        if wrong:
            raise typer.Exit(1)
    files = ", ".join(str(path) for path in settings.files) or "no file"
    typer.echo(f"settings are fine ({files})")


@app.command()
def show(
    config: ConfigOption = None,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
) -> None:
    """Print every setting as it is in force, one a line."""
    from sentinel.config import load

    for name, value, where in load(file=config).rows():
        typer.echo(f"{name} = {value}" + (f"  # {where}" if origin else ""))
