"""`sentinel ca rekey`: a new key for a certificate."""

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
from sentinel.cli.ca.init import Algorithm
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption


def rekey(
    which: WhichArgument,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File for the outcome. [default: BASE.rekeyed.pem, or SERIAL.pem]"),
    ] = None,
    csr: Annotated[
        Path | None, typer.Option("--csr", help="Request with the new key, made by its holder.")
    ] = None,
    algorithm: Annotated[
        Algorithm | None, typer.Option("--algorithm", help="Kind of the new key. [default: as before]")
    ] = None,
    days: DaysOption = None,
    key_out: Annotated[
        Path | None, typer.Option("--key-out", help="File for the new key. [default: --out with .key]")
    ] = None,
    no_key_passphrase: Annotated[
        bool, typer.Option("--no-key-passphrase", help="Write the new key in the open.")
    ] = False,
    der: DerOption = False,
    force: ForceOption = False,
    operator: OperatorOption = None,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Issue a certificate anew with another key: made here, or the holder's own by --csr. Names and profile
    stay. Of a TLCP pair both keys are new. The old one stays valid until its end, or is revoked."""
    from msgspec.structs import replace

    from sentinel.ca import files
    from sentinel.ca.delivery import How, another, deliver, wish
    from sentinel.ca.lookup import lookup
    from sentinel.ca.renewal import renewal
    from sentinel.ca.x509 import request

    with opened(dir, passphrase_file) as authority:
        order = renewal(authority, which, keep_key=False, who=who(operator), source=SOURCE, why=why)
        if csr is not None:
            asked = files.unpem(files.read(csr), *request.LABELS, name=csr)[0][1]
            order = replace(order, request=asked)
        before = lookup(authority, which)[0].algorithm
        kind = before if algorithm is None else algorithm.value
        out = out or another(which, "rekeyed")
        pair = authority.profiles.get(order.profile).pair
        one = wish(replace(order, days=days), out, key_out, pair, kind)
        sealed = None
        if csr is None and not no_key_passphrase:
            sealed = authority.passphrase("key")
        [answer] = deliver(authority, [one], How(sealed, der, force))
        tell(authority, answer, [one.out, *([one.key_out] if csr is None else [])], format)
