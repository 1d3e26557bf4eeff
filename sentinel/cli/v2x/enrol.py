"""`sentinel v2x enrol`: a station gets its enrolment certificate."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.common import show_json, who
from sentinel.cli.ca.options import Form, FormOption, PassphraseOption
from sentinel.cli.v2x.options import DirOption, opened


class Kind(StrEnum):
    """Kinds of stations."""

    OBU = "obu"
    RSU = "rsu"
    SPECIAL = "special"


def enrol(
    vehicle: Annotated[str, typer.Option("--vehicle", help="Which vehicle or roadside unit it is.")],
    out: Annotated[Path, typer.Option("--out", help="The station's new folder.")],
    kind: Annotated[Kind, typer.Option("--kind", help="On board, roadside, special vehicle.")] = Kind.OBU,
    pubkey: Annotated[
        Path | None,
        typer.Option("--pubkey", help="PEM of the station's own public key; it keeps the private one."),
    ] = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Make a station's folder and enrol it. Its keys are 0600 and not encrypted, as a station has to sign
    without anyone at hand: on a vehicle they belong in its security module."""
    from sentinel.ca.v2x.station import About, Station

    with opened(dir, passphrase_file) as domain:
        about = About(vehicle, kind.value, domain.suite.name, domain.role("eca").charter.time)
        trusted = domain.trusted()
        station = Station.create(out, about, trusted)
        if pubkey is None:
            found = station.enrol(domain.transport)
        else:
            from sentinel.ca.v2x.eca import EnrolmentCa, Order
            from sentinel.ca.v2x.keyfiles import read_public

            order = Order(vehicle, kind.value, read_public(pubkey, domain.suite), who(None))
            found = EnrolmentCa(domain.role("eca")).enrol(order)
            station.enrolled(found)
        until = domain.role("eca").text(found.end)
    if format is Form.JSON:
        told = {"station": str(out), "vehicle": vehicle, "kind": kind.value, "hashed_id8": found.id8}
        show_json({**told, "not_after": until})
        return
    sys.stdout.write(f"{out}: {vehicle} enrolled as {found.id8} until {until}\n")
