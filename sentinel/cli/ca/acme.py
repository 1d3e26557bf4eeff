"""`sentinel ca acme`: accounts of ACME clients."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sentinel.cli.ca.common import SOURCE, OperatorOption, opened, show_json, who
from sentinel.cli.ca.listing import tell_table
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption
from sentinel.errors import UserError


def acme(
    new: Annotated[
        str | None,
        typer.Option("--new", help="Make an account; its key id and secret are shown once."),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="new: valid for it without a challenge: dns:X, ip:X."),
    ] = None,
    profile: Annotated[str, typer.Option("--profile", help="new: of its certificates.")] = "tls-server",
    days: Annotated[int, typer.Option("--days", min=1, help="new: until a client has joined.")] = 7,
    remove: Annotated[
        str | None, typer.Option("--remove", help="Take an account out, by its id or how that begins.")
    ] = None,
    operator: OperatorOption = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """List the accounts of ACME, make one for a client to join with, or take one out."""
    import msgspec

    from sentinel.ca.serve.acme import accounts

    if new is not None and remove is not None:
        raise UserError("--new, --remove: one of them at a time", 2)
    with opened(dir, passphrase_file, readonly=new is None and remove is None) as authority:
        register = authority.register
        if new is not None:
            authority.profiles.get(profile)
            with register.transaction() as change:
                made = accounts.make(
                    change,
                    name=new,
                    profile=profile,
                    names=tuple(name or ()),
                    days=days,
                    by=who(operator),
                    source=SOURCE,
                )
            if format is Form.JSON:
                show_json(msgspec.to_builtins(made))
            else:
                sys.stdout.write(f"{made.id} {made.secret}\n")
            return
        if remove is not None:
            ids = [one.id for one in accounts.every(register) if one.id.startswith(remove)]
            if len(ids) != 1:
                found = "no account begins" if not ids else f"{len(ids)} accounts begin"
                raise UserError(f"--remove {remove[:64]}: {found} so; `sentinel ca acme` lists them")
            with register.transaction() as change:
                accounts.remove(change, ids[0], who=who(operator), source=SOURCE)
        found_now = accounts.every(register)
    if format is Form.JSON:
        show_json([msgspec.to_builtins(one) for one in found_now])
        return
    tell_table(
        ("account", "for", "status", "profile", "names", "by"),
        ((a.id, a.name, a.status, a.profile, " ".join(a.names), a.by) for a in found_now),
    )
