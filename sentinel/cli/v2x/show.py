"""`sentinel v2x show`: the PKI's roles, a certificate of its registers, or a station."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from sentinel.cli.ca.common import show_json
from sentinel.cli.ca.listing import tell_table
from sentinel.cli.ca.options import Form, FormOption
from sentinel.cli.v2x.options import DirOption, opened
from sentinel.errors import UserError


def show(
    which: Annotated[
        str | None,
        typer.Argument(metavar="WHICH", help="HashedId8 or file of a certificate. [default: the roles]"),
    ] = None,
    role: Annotated[
        str | None, typer.Option("--role", help="Certificates that this role has issued.")
    ] = None,
    station: Annotated[Path | None, typer.Option("--station", help="A station's certificates.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most certificates.")] = 200,
    dir: DirOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Show the roles of a PKI, what one of them has issued, one certificate, or a station. No key is
    unlocked."""
    if station is not None:
        _station(station, format)
        return
    with opened(dir, readonly=True) as domain:
        if which is not None:
            found = []
            id8 = _id8(which, domain.suite.name)
            for name in domain.roles():
                found += [
                    {"role": name, **row.document()}
                    for row in domain.role(name).register.search(id8)
                    if row.serial.startswith(id8)
                ]
            if not found:
                raise UserError(f"{which[:60]}: no role here has issued it")
            _tell(found, format, one=len(found) == 1)
            return
        if role is not None:
            rows = domain.role(role).register.list(limit=limit)
            _tell([{"role": role, **row.document()} for row in rows], format)
            return
        told = []
        for name in domain.roles():
            opened_role = domain.role(name)
            own = opened_role.certificate
            told.append(
                {
                    "role": name,
                    "name": own.name,
                    "hashed_id8": own.id8,
                    "profile": domain.suite.name,
                    "not_after": opened_role.text(own.end),
                    "audit_entries": opened_role.register.position() + 1,
                }
            )
        if format is Form.JSON:
            show_json(told)
        else:
            tell_table(tuple(told[0]), [[str(value) for value in row.values()] for row in told])


def _id8(which: str, profile: str) -> str:
    """HashedId8 of a certificate's file, or as it was given."""
    path = Path(which)
    if not path.is_file():
        return which.lower()
    from sentinel.ca import files
    from sentinel.ca.v2x import certificate
    from sentinel.ca.v2x.suite import suite

    return certificate.read(files.read(path), suite(profile), path).id8


def _tell(rows: list[dict[str, Any]], format: Form, *, one: bool = False) -> None:
    if format is Form.JSON:
        show_json(rows[0] if one else rows)
        return
    columns = ("role", "serial", "subject", "profile", "state", "not_after")
    tell_table(columns, [[str(row[column]) for column in columns] for row in rows])


def _station(folder: Path, format: Form) -> None:
    from sentinel.ca.v2x import certificate, clock
    from sentinel.ca.v2x.station import Station

    at = Station.open(folder)
    rows = []
    for one in at.certificates():
        start, end = certificate.times(one, at.about.time)
        rows.append(
            {
                "hashed_id8": one.id8,
                "kind": "pseudonym" if one.tbs["id"][0] == "linkageData" else "application",
                "aids": sorted(one.aids),
                "not_before": clock.text(start),
                "not_after": clock.text(end),
            }
        )
    if format is Form.JSON:
        told = {"id": at.about.id, "kind": at.about.kind, "profile": at.about.profile}
        show_json({**told, "enrolment": at.enrolment().id8, "certificates": rows})
        return
    sys.stdout.write(f"{at.about.id} ({at.about.kind}, {at.about.profile})\n")
    if rows:
        tell_table(tuple(rows[0]), [[str(value) for value in row.values()] for row in rows])
