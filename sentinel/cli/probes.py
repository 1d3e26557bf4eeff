"""`sentinel probes`: which protocols are understood, and what each gives."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sentinel.probes.catalogue import Probe

app = typer.Typer(no_args_is_help=True, help="The protocols that are understood.")


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"


FormatOption = Annotated[Format, typer.Option("--format", help="How the records are written.")]


@app.command("list")
def list_(format: FormatOption = Format.TABLE) -> None:
    """List every probe, the built-in ones and a user's own."""
    from sentinel.probes.catalogue import all_probes

    _write(all_probes(), format)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of the protocol, as `sentinel probes list` shows it.")],
    format: FormatOption = Format.TABLE,
) -> None:
    """Show one probe: where it looks, what it takes from the wire, what it was written from."""
    from sentinel.probes.catalogue import find

    probe = find(name)
    if format is not Format.TABLE:
        _write([probe], format)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for label, value in probe.rows():
        table.add_row(label, value)
    Console(markup=False, highlight=False).print(table)


@app.command()
def dissect(
    capture: Annotated[Path, typer.Argument(help="The capture.")],
    frame: Annotated[int, typer.Option("--frame", help="Number of the frame, from 1 as Wireshark counts.")],
    format: FormatOption = Format.TABLE,
) -> None:
    """Dissect one frame fully, by tshark: every layer and field, its value and its place."""
    import msgspec

    from sentinel.sources.tshark import dissect as layers_of

    layers = layers_of(capture, frame)
    if format is Format.TABLE:
        from rich.console import Console

        from sentinel.report.dissection import page

        Console(markup=False, highlight=False, emoji=False).print(page(layers))
        return
    documents = [layer.document() for layer in layers]
    if format is Format.JSON:
        typer.echo(msgspec.json.format(msgspec.json.encode(documents), indent=2))
        return
    for document in documents:
        typer.echo(msgspec.json.encode(document))


def _write(probes: list[Probe], format: Format) -> None:
    import msgspec

    if format is Format.JSON:
        typer.echo(msgspec.json.format(msgspec.json.encode(probes), indent=2))
        return
    if format is Format.NDJSON:
        for probe in probes:
            typer.echo(msgspec.json.encode(probe))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    headers = ("name", "title", "industrial", "transports", "ports", "facts", "credentials", "operations")
    for header in (*headers, "level", "shown by", "written in"):
        table.add_column(header, overflow="fold")
    for probe in probes:
        table.add_row(
            probe.name,
            probe.title,
            "yes" if probe.industrial else "",
            " ".join(probe.transports),
            " ".join(str(port) for port in probe.ports),
            str(len(probe.facts) or ""),
            " ".join(probe.credentials),
            str(len(probe.operations) or ""),
            str(probe.level),
            probe.proof,
            probe.written_in.capitalize(),
        )
    Console(markup=False, highlight=False).print(table)
