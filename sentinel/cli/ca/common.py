"""What the commands of `sentinel ca` do alike: open the CA, ask for passphrases, say who asks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sentinel.cli.ca.options import folder

if TYPE_CHECKING:
    from sentinel.ca.authority import Authority
    from sentinel.ca.keys.passphrases import Passphrases
    from sentinel.ca.register import Certificate
    from sentinel.ca.x509.order import Issued, Refused

OutOption = Annotated[Path, typer.Option("--out", help="File for the outcome.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
DerOption = Annotated[bool, typer.Option("--der", help="Write DER, not PEM.")]
OperatorOption = Annotated[
    str | None,
    typer.Option(
        "--operator",
        help="Who asks, for the audit. [default: `ca.operator` of the settings, the system's user]",
    ),
]
WhyOption = Annotated[str, typer.Option("--why", help="Why, for the audit.")]
WhichArgument = Annotated[
    str, typer.Argument(metavar="WHICH", help="Serial number, certificate file, `root` or `issuing`.")
]
DaysOption = Annotated[
    int | None, typer.Option("--days", min=1, help="Days until it ends. [default: what its profile says]")
]

SOURCE = "cli"
"""Where an operation came from, in the audit."""


def passphrases(file: Path | None, keys: frozenset[str] | None = None) -> Passphrases:
    """Passphrases from a file, or from the terminal when one is there. `keys` are those that a file may name,
    a CA's unless others are given."""
    from sentinel.ca.authority import KEYS
    from sentinel.ca.keys.passphrases import Passphrases

    if file is not None:
        return Passphrases.from_file(file, KEYS if keys is None else keys)
    return Passphrases(ask=asked if sys.stdin.isatty() else None)


def asked(name: str) -> str | None:
    from getpass import getpass

    return getpass(f"Passphrase of key {name}: ") or None


def opened(
    dir: Path | None, passphrase_file: Path | None = None, *, readonly: bool = False, told: bool = True
) -> Authority:
    """The CA that a command was given; close it, or use it in a `with`. What it must be told of is said on
    standard error, unless the command does that itself (`told`)."""
    from sentinel.ca.authority import Authority

    at = folder(dir)
    authority = Authority.open(at, None if readonly else passphrases(passphrase_file), readonly=readonly)
    if not readonly:
        from sentinel.ca.audit.publish import Publisher
        from sentinel.config import load

        authority.register.published = Publisher.configured(load().settings.ca)
    if told:
        warn_soon(authority)
    return authority


def who(given: str | None) -> str:
    """The operator's name: what was given, the setting, or the user of the system."""
    if given:
        return given
    from getpass import getuser

    from sentinel.config import load

    try:
        return load().settings.ca.operator or getuser()
    except (KeyError, OSError):  # a user id without a name
        return "unknown"


def show_json(value: Any) -> None:
    """Write one value as JSON, as the other commands do."""
    from sentinel.cli import records

    records.show_json(value, records.Format.JSON)


def warn(text: str) -> None:
    sys.stderr.write(f"sentinel: {text}\n")


def warn_soon(authority: Authority) -> None:
    """Say on standard error which certificate of the CA ends soon, and which of its lists is overdue."""
    from datetime import UTC, datetime

    from sentinel.ca import watch

    now = datetime.now(UTC)
    # the settings take long to read, and what ends in years is nobody's concern
    if watch.soonest(authority, now) < MOST_WARN_DAYS:
        from sentinel.config import load

        for line in watch.ends(authority, load().settings.ca.warn_days, now):
            warn(line)
    for line in watch.overdue(authority, now):
        warn(line)


MOST_WARN_DAYS = 1000
"""The most that the setting `ca.warn_days` may be."""


def tell(authority: Authority, answer: Issued | Refused, paths: list[Path], form: str) -> None:
    """Show what was issued; an order that was refused ends the command."""
    from sentinel.ca.x509.order import Refused
    from sentinel.errors import UserError

    if isinstance(answer, Refused):
        raise UserError(answer.reason)
    for note in answer.notes:
        warn(note)
    if form == "json":
        row = authority.register.certificate(answer.serial)
        assert row is not None
        show_json(row.document())
        return
    sys.stdout.write(f"{answer.serial}  {', '.join(map(str, paths))}\n")


def tell_states(rows: list[Certificate], form: str) -> None:
    """Show certificates whose state has changed, the one that was named first."""
    if form == "json":
        show_json([row.document() for row in rows])
        return
    for row in rows:
        reason = f" ({row.reason}, {row.revoked_at})" if row.reason else ""
        sys.stdout.write(f"{row.serial}  {row.state}{reason}\n")
