"""`sentinel ca backup`: the CA in one file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.common import SOURCE, ForceOption, OperatorOption, opened, show_json, who
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption, folder


def backup(
    out: Annotated[Path, typer.Option("--out", help="File for the backup; keep it elsewhere.")],
    operator: OperatorOption = None,
    force: ForceOption = False,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Write the whole CA into one file, while it runs. Keys in it stay encrypted; a root key that was taken
    away is not in it. `sentinel ca drill` proves that it restores."""
    from sentinel.ca import files
    from sentinel.ca.backup import back_up

    files.free(out, force=force)
    with opened(dir, passphrase_file) as authority:
        # the entry comes first, so that it is in the backup, under a head
        with authority.register.transaction() as change:
            change.audit("backup", who=who(operator), source=SOURCE, subject=out.name)
        manifest = back_up(folder(dir), out, force=force)
    size = out.stat().st_size
    if format is Form.JSON:
        head = manifest.head
        show_json(
            {
                "file": str(out),
                "bytes": size,
                "time": manifest.time,
                "files": len(manifest.members),
                "entries": 0 if head is None else head.size,
                "root": "" if head is None else head.root,
            }
        )
    else:
        sys.stdout.write(f"{out}: {len(manifest.members)} files, {size:,} octets, {manifest.time}\n")
