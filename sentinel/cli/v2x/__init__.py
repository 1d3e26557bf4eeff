"""`sentinel v2x`: certificates and messages of vehicles. One file a command, put together here from lists."""

from __future__ import annotations

from importlib import import_module

import typer

COMMANDS: tuple[str, ...] = (
    "init",
    "enrol",
    "issue",
    "sign",
    "revoke",
    "crl",
    "verify",
    "bench",
    "show",
    "decode",
    "scene",
)
"""Commands, in the order of the help: the function `<name>` of `sentinel.cli.v2x.<name>`."""

GROUPS: tuple[str, ...] = ("ctl", "misbehaviour")
"""Groups of commands, in the order of the help: the `app` of `sentinel.cli.v2x.<name>`."""

app = typer.Typer(no_args_is_help=True, help="Vehicles and roadside units: certificates and messages.")

for _name in COMMANDS:
    app.command(_name)(getattr(import_module(f"sentinel.cli.v2x.{_name}"), _name))
for _name in GROUPS:
    app.add_typer(import_module(f"sentinel.cli.v2x.{_name}").app, name=_name)
