"""`sentinel collect`: the daemon."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def collect(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Settings file, in place of the system's and yours.")
    ] = None,
    correlate: Annotated[
        bool,
        typer.Option(
            "--correlate", help="Be the centre: keep the chains of all sensors of one Elasticsearch."
        ),
    ] = False,
    interface: Annotated[
        list[str] | None, typer.Option("--interface", "-i", help="Listen on it; may be repeated.")
    ] = None,
    log: Annotated[
        list[Path] | None, typer.Option("--log", help="Follow a log or a folder of logs; may be repeated.")
    ] = None,
    store: Annotated[str | None, typer.Option("--store", help="Where to keep what is found.")] = None,
) -> None:
    """Listen on ports and follow logs, for months: rules on, everything kept, its own health told."""
    from sentinel.collector import check
    from sentinel.collector.logging import set_up
    from sentinel.config import load

    def read() -> Settings:
        flags = {
            "collect.interfaces": tuple(interface) if interface else None,
            "collect.logs": tuple(log) if log else None,
            "store.url": store,
        }
        return load(flags, file=config).settings

    from sentinel.config.sections import Settings

    settings = read()
    faults = check.faults(settings, correlate=correlate)
    if faults:
        for line in faults:
            sys.stderr.write(f"sentinel: {line}\n")
        raise typer.Exit(1)
    name = check.sensor_name(settings.collect)
    out = set_up(settings.log, always={"observer.name": name})
    if correlate:
        from sentinel.collector.centre import Centre

        raise typer.Exit(Centre(settings, out).run())
    from sentinel.collector.daemon import Daemon

    raise typer.Exit(Daemon(settings, out, reread=read).run())
