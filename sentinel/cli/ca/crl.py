"""`sentinel ca crl`: make the next revocation list."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Annotated, Literal

import typer

from sentinel.cli.ca.common import (
    SOURCE,
    DerOption,
    ForceOption,
    OperatorOption,
    OutOption,
    WhyOption,
    opened,
    show_json,
    warn_soon,
    who,
)
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption


def crl(
    out: OutOption,
    ca: Annotated[
        Literal["root", "issuing"], typer.Option("--ca", help="Whose certificates it is about.")
    ] = "issuing",
    delta: Annotated[
        bool, typer.Option("--delta", help="Only what has changed since the last complete list.")
    ] = False,
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, max=366, help="Days until the next one. [default: 7, 1 for a delta]"),
    ] = None,
    der: DerOption = False,
    force: ForceOption = False,
    operator: OperatorOption = None,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Make the next list of revoked certificates, numbered and signed; `public/` of the CA's folder, which
    is served, gets it too."""
    from sentinel.ca import files
    from sentinel.ca.crl import publish
    from sentinel.ca.revocation import Actor
    from sentinel.ca.x509.crl import LABEL

    files.free(out, force=force)
    with opened(dir, passphrase_file, told=False) as authority:
        made = publish(authority, ca, Actor(who(operator), SOURCE, why), delta=delta, days=days)
        warn_soon(authority)
    files.write(out, made.der if der else files.pem(LABEL, made.der), force=force)
    made = replace(made, path=out)
    if format is Form.JSON:
        show_json(made.document())
        return
    on = "" if made.base is None else f" on {made.base}"
    sys.stdout.write(
        f"CRL {made.number}{on} of {made.role}: {made.entries:,} certificates, "
        f"next due {made.next_update:%Y-%m-%d %H:%M} UTC  {out}\n"
    )
