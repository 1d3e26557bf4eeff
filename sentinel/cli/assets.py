"""`sentinel assets`: the devices a store knows."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
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
    from sentinel.cli.records import Record
    from sentinel.sources.evidence import Pointer
    from sentinel.sources.tshark import Node

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
    dissect: Annotated[
        str | None,
        typer.Option(
            "--dissect", help="Also the frames that prove a fact, dissected by tshark: its name, as `model`."
        ),
    ] = None,
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
    frames = [] if dissect is None else _dissected(asset, dissect)
    if format is Format.TABLE:
        packets = [(p.comment, str(p)) for p in kept]
        write_for_people(page(asset, evidence=evidence, packets=packets, certificates=certificates or ()))
        for title, layers in frames:
            from sentinel.report.dissection import page as page_of

            write_for_people(page_of(layers, title))
    else:
        if kept:
            asset["packets"] = [pointer.document() for pointer in kept]
        if dissect is not None:
            asset["frames"] = [
                {"proves": title, "layers": [layer.document() for layer in layers]}
                for title, layers in frames
            ]
        if certificates is not None:
            asset["certificates"] = certificates
        show_json(asset if format is Format.JSON else {"record": "asset", **asset}, format)


MOST_FRAMES = 4
"""Frames dissected for one fact: each has its capture read from the beginning."""


def _dissected(asset: Record, name: str) -> list[tuple[str, list[Node]]]:
    """Frames that prove facts of a name, and what each proves. Raises `UserError` if there is no such fact,
    or none of its captures is where it was."""
    from sentinel.sources.tshark import dissect

    facts = [fact for fact in asset["facts"] if fact["name"] == name]
    if not facts:
        names = ", ".join(sorted({fact["name"] for fact in asset["facts"]}))
        raise UserError(f"{asset['id']}: has no fact '{name}' (there are: {names})")
    out: list[tuple[str, list[Node]]] = []
    for fact in facts[:MOST_FRAMES]:
        capture = Path(fact.get("source") or "")
        if capture.is_file():
            proves = f"{name} = {fact['value']} ({fact['protocol']} {fact['field']}): frame {fact['frame']}"
            out.append((f"{proves} of {capture}", dissect(capture, fact["frame"])))
    if not out:
        gone = ", ".join(sorted({str(fact.get("source")) for fact in facts}))
        raise UserError(f"the captures that prove '{name}' are not where they were: {gone}")
    return out


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
