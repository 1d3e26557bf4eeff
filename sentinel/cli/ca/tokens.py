"""`sentinel ca tokens`: what devices and operators show `sentinel ca serve` instead of a certificate."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sentinel.cli.ca.common import SOURCE, OperatorOption, opened, show_json, who
from sentinel.cli.ca.listing import tell_table
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption
from sentinel.errors import UserError


def tokens(
    enrol: Annotated[
        str | None,
        typer.Option("--enrol", metavar="DEVICE", help="Make a token that issues one certificate to a device."),
    ] = None,
    api: Annotated[
        str | None, typer.Option("--api", metavar="OPERATOR", help="Make a token that speaks for an operator.")
    ] = None,
    profile: Annotated[str, typer.Option("--profile", help="Kind of certificate of --enrol.")] = "ldevid",
    serial: Annotated[
        str, typer.Option("--serial", help="Serial number of the device: the certificate has no other.")
    ] = "",
    days: Annotated[int, typer.Option("--days", min=1, help="Days until the token ends.")] = 7,
    remove: Annotated[str | None, typer.Option("--remove", metavar="ID", help="Take a token back.")] = None,
    operator: OperatorOption = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """List the tokens, make one, or take one back. A new token is shown once and kept nowhere."""
    import msgspec

    from sentinel.ca.serve import tokens as kept

    if sum(one is not None for one in (enrol, api, remove)) > 1:
        raise UserError("--enrol, --api, --remove: one of them at a time", 2)
    writes = enrol is not None or api is not None or remove is not None
    with opened(dir, passphrase_file, readonly=not writes) as authority:
        asks, register = who(operator), authority.register
        if enrol is not None or api is not None:
            if enrol is not None:
                authority.profiles.get(profile)
            with register.transaction() as change:
                text, made = kept.make(
                    change,
                    kind="enrol" if enrol is not None else "api",
                    name=enrol or api or "",
                    by=asks,
                    days=days,
                    profile=profile,
                    serial_number=serial,
                    source=SOURCE,
                )
            if format is Form.JSON:
                show_json({"token": text, **msgspec.to_builtins(made)})
            else:
                sys.stdout.write(f"{text}\n")
            return
        if remove is not None:
            with register.transaction() as change:
                kept.remove(change, remove, who=asks, source=SOURCE)
        found = kept.every(register)
    if format is Form.JSON:
        show_json([msgspec.to_builtins(one) for one in found])
        return
    tell_table(
        ("id", "kind", "for", "profile", "until", "by"),
        [(one.id, one.kind, one.name, one.profile, one.not_after, one.by) for one in found],
    )
