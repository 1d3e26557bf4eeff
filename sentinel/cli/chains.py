"""`sentinel chains`: attack chains, by a store."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from sentinel.cli.records import (
    Format,
    FormatOption,
    LimitOption,
    OutputOption,
    StoreOption,
    WhereOption,
    asked,
    opened,
    show_json,
    target,
    write,
)
from sentinel.cli.records import show as write_for_people
from sentinel.errors import UserError

app = typer.Typer(no_args_is_help=True, help="Attack chains: alerts that belong together, step by step.")


class Export(StrEnum):
    """What chains are exported as."""

    ATTACK_FLOW = "attack-flow"
    STIX = "stix"


@app.command("list")
def list_(
    where: WhereOption = None,
    limit: LimitOption = None,
    format: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """List chains, the highest score first."""
    from sentinel.report.story import chains

    query = asked(where)
    found = opened(store).chains(query)
    if query is None:
        found = (chain for chain in found if chain["state"] != "merged")
    write("chain", found, format, limit, chains)


@app.command()
def show(
    id: Annotated[str, typer.Argument(help="Id of the chain; its beginning will do.")],
    format: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """Show one chain: who took part, each step with why it belongs, what to do next."""
    from sentinel.report.story import chain_page

    at = opened(store)
    chain = at.detection("chain", id)
    while chain is not None and chain["state"] == "merged":
        chain = at.detection("chain", chain["merged_into"])
    if chain is None:
        raise UserError(f"{id}: no such chain, or several begin so (`sentinel chains list` shows them)")
    if format is Format.TABLE:
        write_for_people(chain_page(chain))
    else:
        show_json(chain if format is Format.JSON else {"record": "chain", **chain}, format)


@app.command()
def export(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of chains (default: all).")] = None,
    format: Annotated[Export, typer.Option("--format", "-f", help="What to write.")] = Export.ATTACK_FLOW,
    output: OutputOption = None,
    where: WhereOption = None,
    store: StoreOption = None,
) -> None:
    """Export chains as an Attack Flow 2 (MITRE) or a STIX 2.1 bundle."""
    at, query = opened(store), asked(where)
    chains = []
    for id in ids or ():
        chain = at.detection("chain", id)
        if chain is None:
            raise UserError(f"{id}: no such chain, or several begin so (`sentinel chains list` shows them)")
        chains.append(chain)
    if not ids:
        chains = [chain for chain in at.chains(query) if chain["state"] != "merged"]
    if not chains:
        raise UserError("no chain to export")
    from sentinel.export.attack_flow import write_attack_flow
    from sentinel.export.stix import write_stix

    if format is Export.ATTACK_FLOW and len(chains) > 1:
        raise UserError("an Attack Flow holds one chain: name it (`sentinel chains list` shows them)")
    with target(output) as file:
        if format is Export.STIX:
            write_stix(chains, file)
        else:
            write_attack_flow(chains[0], file)
