"""`sentinel ca tokens`: what devices and operators show to the server."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from sentinel.cli.ca.common import SOURCE, OperatorOption, opened, show_json, who
from sentinel.cli.ca.listing import tell_table
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption
from sentinel.errors import UserError


class Kind(StrEnum):
    """What a token is for."""

    ENROL = "enrol"
    API = "api"


def tokens(
    new: Annotated[
        str | None, typer.Option("--new", help="Make a token for this device, or this operator; shown once.")
    ] = None,
    kind: Annotated[
        Kind, typer.Option("--kind", help="For one certificate (enrol), or for an operator (api).")
    ] = Kind.ENROL,
    profile: Annotated[str, typer.Option("--profile", help="enrol: profile of the certificate.")] = "",
    serial: Annotated[str, typer.Option("--serial", help="enrol: the device's serial number.")] = "",
    days: Annotated[int, typer.Option("--days", min=1, help="Days until it ends.")] = 7,
    remove: Annotated[
        str | None, typer.Option("--remove", help="Take a token back, by its id or how that begins.")
    ] = None,
    operator: OperatorOption = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """List the tokens, make one, or take one back. What is to be shown of a new one is kept nowhere."""
    import msgspec

    from sentinel.ca.serve import tokens as known

    if new is not None and remove is not None:
        raise UserError("--new, --remove: one of them at a time", 2)
    with opened(dir, passphrase_file, readonly=new is None and remove is None) as authority:
        register = authority.register
        if new is not None:
            if kind is Kind.ENROL and profile:
                authority.profiles.get(profile)
            with register.transaction() as change:
                text, token = known.make(
                    change,
                    kind=kind.value,
                    name=new,
                    by=who(operator),
                    days=days,
                    profile=profile,
                    serial_number=serial,
                    source=SOURCE,
                )
            if format is Form.JSON:
                show_json({"token": text, **msgspec.to_builtins(token)})
            else:
                sys.stdout.write(f"{text}\n")
            return
        if remove is not None:
            ids = [token.id for token in known.every(register) if token.id.startswith(remove)]
            if len(ids) != 1:
                found = "no token begins" if not ids else f"{len(ids)} tokens begin"
                raise UserError(f"--remove {remove[:64]}: {found} so; `sentinel ca tokens` lists them")
            with register.transaction() as change:
                known.remove(change, ids[0], who=who(operator), source=SOURCE)
        found_now = known.every(register)
    if format is Form.JSON:
        show_json([msgspec.to_builtins(token) for token in found_now])
        return
    tell_table(
        ("token", "kind", "for", "profile", "until", "by"),
        ((t.id[:16], t.kind, t.name, t.profile, t.not_after, t.by) for t in found_now),
    )
