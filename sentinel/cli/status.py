"""`sentinel status`: what the daemon sees and drops, for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.records import Format, FormatOption, show, show_json
from sentinel.errors import UserError


def status(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Settings file of the daemon, if it has its own.")
    ] = None,
    state: Annotated[Path | None, typer.Option("--state", help="State folder of the daemon.")] = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Say what the daemon sees, drops and keeps; exit 1 if it does not run or something is wrong."""
    from sentinel.collector import status as told_by
    from sentinel.collector.check import state_folder
    from sentinel.collector.checkpoint import StateFolder
    from sentinel.config import load

    folder = state or state_folder(load(file=config).settings.collect)
    try:
        told = told_by.read(folder)
    except PermissionError:
        raise UserError(f"{folder}: may not be read by this user; ask as the daemon's user") from None
    running = StateFolder(folder).holder() is not None
    if told is None:
        raise UserError(f"{folder}: " + ("the daemon is starting" if running else "no daemon ever ran here"))
    if format is Format.TABLE:
        from sentinel.report.status_page import page

        show(page(told, running=running))
    else:
        show_json({**told, "running": running}, format)
    if not running or told["status"] != "ok":
        raise typer.Exit(1)
