"""`sentinel alerts`: what the rules found, by a store."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sentinel.cli.records import (
    Format,
    FormatOption,
    LimitOption,
    StoreOption,
    WhereOption,
    asked,
    folders,
    opened,
    show_json,
    write,
)
from sentinel.cli.records import show as write_for_people
from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.model.store import Store

app = typer.Typer(no_args_is_help=True, help="What the rules found.")

EVIDENCE = 20
"""Events of its evidence that an alert is shown with."""

IdArgument = Annotated[str, typer.Argument(help="Id of the alert; its beginning will do.")]


@app.command("list")
def list_(
    where: WhereOption = None,
    limit: LimitOption = None,
    format: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """List alerts, the newest first."""
    from sentinel.report.story import alerts

    query = asked(where)
    write("alert", opened(store).alerts(query, newest=True), format, limit, alerts)


@app.command()
def show(
    id: IdArgument,
    packets: Annotated[
        bool, typer.Option("--packets", help="Have tshark print the packets that were kept of it.")
    ] = False,
    format: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """Show one alert: its rule, its ends, the events that are its evidence, where its packets are."""
    from sentinel.query import parse
    from sentinel.report.story import alert_page
    from sentinel.sources.evidence import find

    at = opened(store)
    alert = at.detection("alert", id)
    if alert is None:
        raise UserError(f"{id}: no such alert, or several begin so (`sentinel alerts list` shows them)")
    proof = [str(e) for e in alert.get("sentinel.evidence", ())]
    kept = find(folders(at), ids=[alert["event.id"], *proof])
    if packets:
        if not kept:
            raise UserError(f"{alert['event.id']}: no packets of it were kept (scan --evidence FOLDER)")
        from sentinel.cli.packets import show as print_packets

        print_packets(kept)
        return
    if format is not Format.TABLE:
        if kept:
            alert["packets"] = [pointer.document() for pointer in kept]
        show_json(alert if format is Format.JSON else {"record": "alert", **alert}, format)
        return
    chains = parse(f"steps.alerts = {alert['event.id']}")
    write_for_people(
        alert_page(
            alert,
            _evidence(at, alert),
            [c["id"] for c in at.chains(chains)],
            [str(pointer) for pointer in kept],
        )
    )


def _evidence(at: Store, alert: dict[str, Any]) -> list[dict[str, Any]]:
    """The first events that are its evidence, by time. They came before it, mostly just before."""
    from sentinel.query import And, Compare, In

    wanted = tuple(str(id) for id in alert.get("sentinel.evidence", ()))[:EVIDENCE]
    if not wanted:
        return []
    query = And((In("event.id", wanted), Compare("@timestamp", "<=", alert["@timestamp"])))
    return list(islice(at.search(query, newest=True), len(set(wanted))))[::-1]


@app.command()
def ack(
    id: IdArgument,
    note: Annotated[str, typer.Option("--note", help="What was found or done.")] = "",
    store: StoreOption = None,
) -> None:
    """Note that a person has seen to an alert; who and when is kept with it."""
    at = opened(store)
    alert = at.detection("alert", id)
    if alert is None:
        raise UserError(f"{id}: no such alert, or several begin so (`sentinel alerts list` shows them)")
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    at.acknowledge(alert["event.id"], now, getpass.getuser(), note)
    sys.stdout.write(f"{alert['event.id']}: acknowledged\n")
