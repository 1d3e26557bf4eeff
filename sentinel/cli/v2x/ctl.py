"""`sentinel v2x ctl`: which domains are believed: the list manager's root list."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.ca.common import ForceOption, OperatorOption, OutOption, show_json, who
from sentinel.cli.ca.options import Form, FormOption, PassphraseOption
from sentinel.cli.v2x.options import DirOption, opened

if TYPE_CHECKING:
    from sentinel.ca.v2x.role import Role

app = typer.Typer(no_args_is_help=True, help="The list of roots that are believed.")

RootArgument = Annotated[Path, typer.Argument(metavar="ROOT.oer", help="Certificate of a domain's root.")]


@app.command()
def add(
    root: RootArgument,
    out: OutOption,
    url: Annotated[str, typer.Option("--url", help="Where the domain's own list is fetched.")] = "",
    force: ForceOption = False,
    operator: OperatorOption = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Enter a domain's root: its stations are believed by those who have the new list."""
    from sentinel.ca.v2x import ctl

    def do(role: Role, octets: bytes) -> bytes:
        return ctl.add(role, octets, who=who(operator), url=url)

    _change(do, root, out, force, dir, passphrase_file, format)


@app.command()
def remove(
    root: RootArgument,
    out: OutOption,
    force: ForceOption = False,
    operator: OperatorOption = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Drop a domain's root. Who has the list before believes it until that one ends."""
    from sentinel.ca.v2x import ctl

    def do(role: Role, octets: bytes) -> bytes:
        return ctl.remove(role, octets, who=who(operator))

    _change(do, root, out, force, dir, passphrase_file, format)


@app.command()
def expire(
    root: RootArgument,
    out: OutOption,
    on: Annotated[str | None, typer.Option("--on", help="When it ends (RFC 3339). [default: now]")] = None,
    force: ForceOption = False,
    operator: OperatorOption = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Let a domain's root end at a moment: the new list ends then, and those made later leave it out."""
    from sentinel.ca.v2x import ctl
    from sentinel.cli.v2x.sign import moment

    at = None if on is None else moment(on, "--on")

    def do(role: Role, octets: bytes) -> bytes:
        return ctl.expire(role, octets, who=who(operator), at=at)

    _change(do, root, out, force, dir, passphrase_file, format)


@app.command()
def renew(
    out: OutOption,
    force: ForceOption = False,
    operator: OperatorOption = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Make the next list, of the same roots, before the last one ends."""
    from sentinel.ca.v2x import ctl

    def do(role: Role, octets: bytes) -> bytes:
        return ctl.renew(role, who=who(operator))

    _change(do, None, out, force, dir, passphrase_file, format)


def _change(
    do: Callable[[Role, bytes], bytes],
    root: Path | None,
    out: Path,
    force: bool,
    dir: Path | None,
    passphrase_file: Path | None,
    format: Form,
) -> None:
    """Make a new list, written to a file and to public/."""
    from sentinel.ca import files
    from sentinel.ca.v2x import ctl
    from sentinel.ca.v2x.founding import PUBLIC, TRUST
    from sentinel.cli.ca.pending import pending

    files.free(out, force=force)
    octets = b"" if root is None else files.read(root)
    with opened(dir, passphrase_file) as domain:
        role = domain.role("lm")
        with pending():
            made = do(role, octets)
        files.write(domain.folder / PUBLIC / TRUST, made, force=True)
        if out.resolve() != (domain.folder / PUBLIC / TRUST).resolve():
            files.write(out, made, force=force)
        found = ctl.read(made, role.certificate, domain.suite)
        ends = role.text(found.next)
    if format is Form.JSON:
        show_json({"out": str(out), "roots": [one.id8 for one in found.roots], "next_update": ends})
        return
    sys.stdout.write(f"{out}: {len(found.roots)} roots, due again by {ends}\n")
