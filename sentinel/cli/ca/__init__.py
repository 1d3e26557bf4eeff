"""`sentinel ca`: the certificate authority. One file a command, put together here from two lists."""

from __future__ import annotations

from importlib import import_module

import typer

COMMANDS: tuple[str, ...] = (
    "init",
    "issue",
    "sign",
    "csr",
    "renew",
    "rekey",
    "revoke",
    "hold",
    "resume",
    "crl",
    "ocsp",
    "show",
    "list",
    "search",
    "requests",
    "approve",
    "operators",
    "tokens",
    "acme",
    "backup",
    "restore",
    "drill",
    "profiles",
    "keys",
    "serve",
)
"""Commands, in the order of the help: the function `<name>` of `sentinel.cli.ca.<name>`
(`<name>_` where the name is a word of Python)."""

GROUPS: tuple[str, ...] = ("audit", "escrow")
"""Groups of commands, in the order of the help: the `app` of `sentinel.cli.ca.<name>`."""

app = typer.Typer(no_args_is_help=True, help="The certificate authority.")

for _name in COMMANDS:
    app.command(_name)(getattr(import_module(f"sentinel.cli.ca.{_name}"), _name))
for _name in GROUPS:
    app.add_typer(import_module(f"sentinel.cli.ca.{_name}").app, name=_name)
