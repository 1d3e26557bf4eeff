"""`sentinel v2x issue`: a station gets certificates to sign messages with."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.ca.common import show_json
from sentinel.cli.ca.options import Form, FormOption, PassphraseOption
from sentinel.cli.v2x.options import DirOption, StationOption, opened
from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.ca.v2x.certificate import Certificate
    from sentinel.ca.v2x.station import Station


class Type(StrEnum):
    """Kinds of certificates."""

    PSEUDONYM = "pseudonym"
    APPLICATION = "application"


def issue(
    station: StationOption,
    type: Annotated[
        Type,
        typer.Option(
            "--type", help="Pseudonyms, many that cannot be linked; or one certificate with a task."
        ),
    ] = Type.PSEUDONYM,
    weeks: Annotated[int, typer.Option("--weeks", min=1, help="Weeks of pseudonyms, from this one on.")] = 4,
    per_week: Annotated[
        int, typer.Option("--per-week", min=1, max=255, help="Pseudonyms for each week.")
    ] = 20,
    aid: Annotated[
        list[str] | None,
        typer.Option(
            "--aid", help="Application id, N or N:SSP with the SSP in hexadecimal; may be given again."
        ),
    ] = None,
    hours: Annotated[
        int, typer.Option("--hours", min=1, help="Hours an application certificate is valid.")
    ] = 24,
    circle: Annotated[
        str | None,
        typer.Option("--circle", help="Where an application certificate is valid: LAT,LON,METRES."),
    ] = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Issue certificates to an enrolled station, into its certs/."""
    from sentinel.ca.v2x import certificate
    from sentinel.ca.v2x.station import Station

    at = Station.open(station)
    permissions = [certificate.permission(text) for text in aid or ()]
    if type is Type.APPLICATION and not permissions:
        raise UserError("--aid: say what the certificate is for", 2)
    if type is Type.PSEUDONYM and circle is not None:
        raise UserError("--circle: is for application certificates", 2)
    region = None if circle is None else certificate.circle(circle)
    with opened(dir, passphrase_file) as domain:
        if type is Type.APPLICATION:
            made = [at.application(domain.transport, permissions, hours, region)]
        else:
            made = at.pseudonyms(
                domain.transport, permissions or [{"psid": at.suite.bsm}], weeks=weeks, per_week=per_week
            )
    _tell(at, made, format)


def _tell(at: Station, made: list[Certificate], format: Form) -> None:
    from sentinel.ca.v2x import certificate, clock

    if format is Form.JSON:
        rows = []
        for one in made:
            start, end = certificate.times(one, at.about.time)
            aids = sorted(one.aids)
            rows.append(
                {
                    "hashed_id8": one.id8,
                    "aids": aids,
                    "not_before": clock.text(start),
                    "not_after": clock.text(end),
                    "file": str(at.folder / "certs" / at.file(one)),
                }
            )
        show_json(rows)
        return
    for one in made if len(made) == 1 else ():
        until = clock.text(certificate.times(one, at.about.time)[1])
        sys.stdout.write(f"{at.folder / 'certs' / at.file(one)}: until {until}\n")
    if len(made) != 1:
        sys.stdout.write(f"{at.folder / 'certs'}: {len(made):,} certificates\n")
