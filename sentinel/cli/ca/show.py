"""`sentinel ca show`: one certificate."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from sentinel.cli.ca.common import WhichArgument, opened, show_json
from sentinel.cli.ca.options import DirOption


class Shown(StrEnum):
    """How a certificate is shown."""

    TEXT = "text"
    JSON = "json"
    PEM = "pem"


def show(
    which: WhichArgument,
    format: Annotated[Shown, typer.Option("--format", help="How it is shown.")] = Shown.TEXT,
    chain: Annotated[
        bool, typer.Option("--chain", help="The certificates above it too, up to the root.")
    ] = False,
    dir: DirOption = None,
) -> None:
    """Show a certificate: what it says, and what became of it. No key is unlocked."""
    from sentinel.ca import files
    from sentinel.ca.lookup import lookup
    from sentinel.ca.x509 import certificate
    from sentinel.ca.x509.describe import describe

    with opened(dir, readonly=True) as authority:
        row, found = lookup(authority, which)
        shown = [(row, found)]
        if chain:
            for one in authority.chain():
                above = authority.register.by_fingerprint(one.sha256)
                if one.subject_der == shown[-1][1].issuer_der and one.sha256 != shown[-1][1].sha256 and above:
                    shown.append((above, one))
        if format is Shown.PEM:
            for _, one in shown:
                sys.stdout.write(files.pem(certificate.LABEL, one.der).decode())
        elif format is Shown.JSON:
            documents = [row.document() for row, _ in shown]
            show_json({**documents[0], "chain": documents[1:]} if chain else documents[0])
        else:
            for row, one in shown:
                for name, value in describe(row, one):
                    sys.stdout.write(f"{name:<22}{value}\n")
                sys.stdout.write("\n" if len(shown) > 1 else "")
