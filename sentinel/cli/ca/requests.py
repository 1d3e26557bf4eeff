"""`sentinel ca requests`: what waits for approval."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from sentinel.cli.ca.common import opened, show_json
from sentinel.cli.ca.listing import tell_table
from sentinel.cli.ca.options import DirOption, Form, FormOption


def requests(
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most requests.")] = 200,
    dir: DirOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """List what operators asked for that needs approval, the newest first."""
    import msgspec

    from sentinel.ca import approvals

    with opened(dir, readonly=True) as authority:
        found = approvals.every(authority.register, limit)
    if format is Form.JSON:
        show_json([msgspec.to_builtins(request) for request in found])
        return
    tell_table(
        ("request", "operation", "arguments", "asked by", "approved", "state", "until"),
        (
            (
                r.id,
                r.operation,
                json.dumps(r.arguments, ensure_ascii=False),
                r.requester,
                f"{len(r.approved)} of {r.needed} {', '.join(r.approved)}".rstrip(),
                r.state,
                r.expires,
            )
            for r in found
        ),
    )
