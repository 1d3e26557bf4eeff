"""`sentinel v2x sign`: a station signs a message."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.common import ForceOption, show_json, warn
from sentinel.cli.ca.options import Form, FormOption
from sentinel.cli.v2x.options import StationOption
from sentinel.errors import UserError


def sign(
    station: StationOption,
    aid: Annotated[int, typer.Option("--aid", min=0, help="Application id of the message.")],
    payload: Annotated[Path, typer.Option("--payload", help="File with what is signed.")],
    out: Annotated[Path, typer.Option("--out", help="File for the signed message.")],
    generation_time: Annotated[
        str | None,
        typer.Option("--generation-time", help="When it says it was made (RFC 3339). [default: now]"),
    ] = None,
    with_cert: Annotated[
        bool, typer.Option("--with-cert", help="Attach the certificate instead of its digest.")
    ] = False,
    force: ForceOption = False,
    format: FormOption = Form.TABLE,
) -> None:
    """Sign a message with the certificate that fits it best. One that does not may be used for tests of who
    verifies: that is said, and done."""
    from sentinel.ca import files
    from sentinel.ca.v2x import clock, secured
    from sentinel.ca.v2x.station import Station

    files.free(out, force=force)
    at = Station.open(station)
    when = datetime.now(UTC) if generation_time is None else moment(generation_time, "--generation-time")
    time = clock.time64(when, at.about.time)
    chosen = at.choose(aid, time // 1_000_000)
    if chosen is None:
        raise UserError(f"{station}: has no certificate for messages; `sentinel v2x issue` gets some")
    used = chosen.certificate
    if aid not in used.aids:
        warn(f"{station}: no certificate is for application {aid}; signed with {used.id8} all the same")
    elif not used.valid(time // 1_000_000):
        warn(
            f"{station}: no certificate is valid at {when:%Y-%m-%dT%H:%M:%SZ}; signed with {used.id8} "
            "all the same"
        )
    octets = secured.sign(
        files.read(payload), chosen.key, used, at.suite, aid=aid, time=time, attach=with_cert
    )
    files.write(out, octets, force=force)
    if format is Form.JSON:
        show_json({"out": str(out), "signer": used.id8, "aid": aid, "generation_time": clock.text(when)})
        return
    sys.stdout.write(f"{out}: {len(octets)} octets, signed by {used.id8}\n")


def moment(text: str, flag: str) -> datetime:
    """A moment of RFC 3339."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{flag} {text[:60]}: write 2026-11-30T12:00:00Z", 2) from None
    if found.tzinfo is None:
        raise UserError(f"{flag} {text[:60]}: say its zone, Z for UTC", 2)
    return found.astimezone(UTC)
