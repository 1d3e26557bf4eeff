"""`sentinel ca audit`: proof that the audit is whole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.common import ForceOption, opened, show_json, warn
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption, folder
from sentinel.errors import UserError

app = typer.Typer(no_args_is_help=True, help="Proof that the audit is whole.")

SHOWN = 20
"""Faults that are shown to a person."""


@app.command()
def head(
    out: Annotated[Path, typer.Option("--out", help="File for the head; keep it elsewhere.")],
    force: ForceOption = False,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Write a signed head over all entries of the audit. Entries made without the audit's key are put under
    one now, which needs its passphrase."""
    from sentinel.ca import files

    files.free(out, force=force)
    with opened(dir, passphrase_file) as authority:
        register = authority.register
        found = register.head()
        if found is None or found.size <= register.position():
            with register.transaction():
                pass  # its end signs a head
            found = register.head()
        if found is None:
            raise UserError(
                "audit head: the audit's key is needed; give its passphrase with --passphrase-file"
            )
        left = register.position() + 1 - found.size
        if left:
            warn(
                f"{left:,} entries are newer than this head; the audit's key is needed to sign one over them"
            )
    files.write(out, found.json().encode() + b"\n", force=force)
    if format is Form.JSON:
        show_json({"size": found.size, "root": found.root, "time": found.time, "key": found.key_sha256()})
    else:
        sys.stdout.write(f"{out}: {found.size:,} entries, root {found.root}, {found.time}\n")


@app.command()
def verify(
    head: Annotated[
        list[Path] | None,
        typer.Option("--head", help="Head that was kept elsewhere; may be given again."),
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option(
            "--files",
            help="Folder with a copy of the CA's files, or with heads that were told there (head-*.json).",
        ),
    ] = None,
    dir: DirOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Check every entry of the audit, its heads, and the register against it; exit 1 if something is wrong.

    Files alone show what was edited, deleted or put in another order. A register rolled back as a whole, or
    one written anew with another key, is shown by a head that was kept elsewhere.
    """
    import msgspec

    from sentinel.ca.audit import heads, key
    from sentinel.ca.audit.verify import verify as check
    from sentinel.ca.authority import REGISTER
    from sentinel.ca.files import read

    named = list(head or [])
    at = files if files is not None and (files / REGISTER).exists() else folder(dir)
    if files is not None:
        if not files.is_dir():
            raise UserError(f"{files}: no such folder")
        found = sorted(files.glob("head-*.json"))
        if at != files and not found:
            raise UserError(f"{files}: holds neither {REGISTER} nor heads (head-*.json)")
        named += found
    kept = [heads.parse(read(path), path) for path in named]
    report = check(at / REGISTER, key=key.public(at), kept=kept)
    if format is Form.JSON:
        show_json(msgspec.to_builtins(report))
    else:
        for bad in report.bad[:SHOWN]:
            sys.stdout.write(f"entry {bad.index}: {bad.kind}\n")
        rest = report.entries - report.signed
        sys.stdout.write(f"{report.entries:,} entries, {report.signed:,} of them under a signed head")
        sys.stdout.write(f" ({rest:,} wait for the next)\n" if rest else "\n")
        sys.stdout.write(f"root {report.root}\n")
        if report.ok:
            against = ", and against what was kept elsewhere" if kept else ""
            sys.stdout.write(f"the audit is whole: every entry, every certificate{against}\n")
    if not report.ok:
        raise UserError(f"{at / REGISTER}: the audit is not whole: {report.faults:,} faults")
