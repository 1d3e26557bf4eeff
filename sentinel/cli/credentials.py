"""`sentinel credentials`: secrets seen on the wire, by a store. A store holds them masked only."""

from __future__ import annotations

import typer

from sentinel.cli.records import (
    Format,
    FormatOption,
    LimitOption,
    StoreOption,
    WhereOption,
    asked,
    opened,
    write,
)

app = typer.Typer(no_args_is_help=True, help="Secrets seen on the wire, masked.")


@app.command("list")
def list_(
    where: WhereOption = None,
    limit: LimitOption = None,
    format: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """List every secret seen on the wire: where, whose, whether the log-in succeeded."""
    from sentinel.report.listing import credentials

    query, at = asked(where), opened(store)
    write("credential", at.documents("credential", query), format, limit, lambda c: credentials(c, at.asset))


@app.command()
def weak(
    where: WhereOption = None,
    limit: LimitOption = None,
    format: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """List the weak ones, weakest first: what worked before what did not, defaults before the rest."""
    from sentinel.report.listing import credentials, weakest_first

    query, at = asked(where), opened(store)
    found = weakest_first(at.documents("credential", query))
    write("credential", found, format, limit, lambda c: credentials(c, at.asset))
