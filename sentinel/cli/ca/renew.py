"""`sentinel ca renew`: a new end for a certificate, with its key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.common import (
    SOURCE,
    DaysOption,
    DerOption,
    ForceOption,
    OperatorOption,
    WhichArgument,
    WhyOption,
    opened,
    tell,
    who,
)
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption


def renew(
    which: WhichArgument,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File for the outcome. [default: BASE.renewed.pem, or SERIAL.pem]"),
    ] = None,
    days: DaysOption = None,
    der: DerOption = False,
    force: ForceOption = False,
    operator: OperatorOption = None,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Issue a certificate anew: the same key, names and profile, a new serial number and end. Both
    certificates of a TLCP pair are renewed. The old one stays valid until its end."""
    from msgspec.structs import replace

    from sentinel.ca.delivery import How, another, deliver, wish
    from sentinel.ca.renewal import renewal

    with opened(dir, passphrase_file) as authority:
        order = renewal(authority, which, keep_key=True, who=who(operator), source=SOURCE, why=why)
        out = out or another(which, "renewed")
        pair = authority.profiles.get(order.profile).pair
        one = wish(replace(order, days=days), out, None, pair)
        [answer] = deliver(authority, [one], How(as_der=der, force=force))
        tell(authority, answer, [one.out], format)
