"""`sentinel ca profiles`: the kinds of certificates."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sentinel.cli.ca.common import show_json
from sentinel.cli.ca.options import DirOption, Form, FormOption, folder
from sentinel.errors import UserError


def profiles(
    name: Annotated[
        str | None, typer.Argument(help="One of them: its file, to begin a profile from.")
    ] = None,
    dir: DirOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """List the kinds of certificates that can be issued, or show the file of one."""
    import msgspec

    from sentinel.ca.x509.profiles import Profiles

    try:
        own = folder(dir) / "profiles"
    except UserError:
        own = None
    known = Profiles(own)
    if name is not None:
        found = known.get(name)
        path = known.path(name)
        assert path is not None
        if format is Form.JSON:
            show_json(msgspec.to_builtins(found))
        else:
            sys.stdout.write(path.read_text(encoding="utf-8"))
        return
    each = [known.get(one) for one in known.names()]
    if format is Form.JSON:
        show_json([msgspec.to_builtins(one) for one in each])
        return
    from rich.console import Console

    from sentinel.report.listing import table

    out = table("name", "what", "keys", "days")
    for one in each:
        out.add_row(one.name, one.title, ", ".join(one.algorithms), str(one.days))
    Console().print(out)
