"""`sentinel v2x revoke`: a certificate no longer counts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.common import OperatorOption, WhyOption, show_json, who
from sentinel.cli.ca.options import Form, FormOption, PassphraseOption
from sentinel.cli.v2x.options import DirOption, opened


def revoke(
    certificate: Annotated[Path, typer.Argument(metavar="CERT.oer", help="The certificate.")],
    reason: Annotated[
        str, typer.Option("--reason", help="Why, as lists of RFC 5280 name it.")
    ] = "privilegeWithdrawn",
    operator: OperatorOption = None,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Revoke a certificate: of a pseudonym all of its vehicle's from this week on, and the vehicle gets no
    new ones; any other by its hash. The next lists (`v2x crl`) say so."""
    from sentinel.ca import files
    from sentinel.ca.v2x import certificate as certificates
    from sentinel.cli.ca.pending import pending

    with opened(dir, passphrase_file) as domain, pending():
        found = certificates.read(files.read(certificate), domain.suite, certificate)
        done = domain.misbehaviour().revoke(found, who=who(operator), why=why, reason=reason)
    if format is Form.JSON:
        show_json({"kind": done.kind, "hashed_id8": done.id8, "reason": reason})
        return
    sys.stdout.write(f"{done.id8}: {done.kind}, revoked ({reason})\n")
