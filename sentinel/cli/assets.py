"""`sentinel assets`: the devices a store knows."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.records import (
    Format,
    FormatOption,
    LimitOption,
    OutputOption,
    StoreOption,
    WhereOption,
    asked,
    folders,
    opened,
    show_json,
    target,
    write,
)
from sentinel.cli.records import (
    show as write_for_people,
)
from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.sources.evidence import Pointer

app = typer.Typer(no_args_is_help=True, help="The devices a store knows.")


class Export(StrEnum):
    """What assets are exported as."""

    CSV = "csv"
    CYCLONEDX = "cyclonedx"
    GRAPHML = "graphml"


@app.command("list")
def list_(
    where: WhereOption = None,
    limit: LimitOption = None,
    format: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """List assets, with what each is and what is wrong with it."""
    from sentinel.report.listing import assets

    query = asked(where)
    write("asset", opened(store).documents("asset", query), format, limit, assets)


@app.command()
def show(
    id: Annotated[str, typer.Argument(help="Id or alias of the asset; one of its addresses will do.")],
    evidence: Annotated[
        bool,
        typer.Option(
            "--evidence", help="Also every fact, with its capture and frame, and packets that were kept."
        ),
    ] = False,
    format: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """Show one asset: identity, addresses, services, roles and why, exposures; its certificates, where the
    settings name a CA (`ca.dir`)."""
    from sentinel.cli.certificates import of_asset
    from sentinel.report.asset_page import page

    kept: list[Pointer] = []
    at = opened(store)
    asset = at.asset(id)
    if asset is None:
        held = at.at_address(id)
        if len(held) > 1:
            ids = ", ".join(a["id"] for a in held)
            raise UserError(f"{id}: several assets have this address: {ids}")
        if not held:
            raise UserError(f"{id}: no such asset (`sentinel assets list` shows them)")
        asset = held[0]
    if evidence:
        from sentinel.sources.evidence import find

        kept = find(folders(at), addresses=[*asset["ip"], *asset["mac"]])
    certificates = of_asset(asset)
    if format is Format.TABLE:
        packets = [(p.comment, str(p)) for p in kept]
        write_for_people(page(asset, evidence=evidence, packets=packets, certificates=certificates or ()))
    else:
        if kept:
            asset["packets"] = [pointer.document() for pointer in kept]
        if certificates is not None:
            asset["certificates"] = certificates
        show_json(asset if format is Format.JSON else {"record": "asset", **asset}, format)


@app.command()
def export(
    format: Annotated[Export, typer.Option("--format", "-f", help="What to write.")] = Export.CSV,
    output: OutputOption = None,
    where: WhereOption = None,
    store: StoreOption = None,
) -> None:
    """Export assets: a table, a bill of materials (CycloneDX), or a graph of who talks to whom."""
    query, at = asked(where), opened(store)
    assets = at.documents("asset", query)
    with target(output) as file:
        if format is Export.CSV:
            from sentinel.export.csv import write_records

            write_records("asset", assets, file)
        elif format is Export.CYCLONEDX:
            from sentinel import __version__
            from sentinel.export.cyclonedx import write_cyclonedx

            write_cyclonedx(assets, file, version=__version__)
        else:
            from sentinel.export.graphml import write_graphml

            write_graphml(assets, at.documents("conversation"), file)
