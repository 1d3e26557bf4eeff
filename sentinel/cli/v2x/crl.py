"""`sentinel v2x crl`: the next lists of revocations."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sentinel.cli.ca.common import ForceOption, OperatorOption, OutOption, show_json, who
from sentinel.cli.ca.options import Form, FormOption, PassphraseOption
from sentinel.cli.v2x.options import DirOption, opened


def crl(
    out: OutOption,
    delta: Annotated[
        bool, typer.Option("--delta", help="Only what came since the last complete lists.")
    ] = False,
    series: Annotated[
        int | None,
        typer.Option(
            "--series",
            min=1,
            max=3,
            help="One list alone: 1 enrolment certificates, 2 pseudonyms, 3 application certificates. "
            "[default: all three in one file]",
        ),
    ] = None,
    force: ForceOption = False,
    operator: OperatorOption = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Make the next lists of what is revoked, signed by the misbehaviour authority."""
    from sentinel.ca import files
    from sentinel.ca.v2x import crl as lists

    files.free(out, force=force)
    with opened(dir, passphrase_file) as domain:
        role = domain.role("ma")
        if series is None:
            made = lists.publish(role, delta=delta, who=who(operator))
        else:
            made = lists.make(role, series, delta=delta, who=who(operator))
    files.write(out, made, force=force)
    if format is Form.JSON:
        show_json({"out": str(out), "octets": len(made), "delta": delta, "series": series})
        return
    sys.stdout.write(f"{out}: {len(made)} octets\n")
