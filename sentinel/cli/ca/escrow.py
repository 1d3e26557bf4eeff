"""`sentinel ca escrow`: encryption keys of TLCP pairs that are kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.common import (
    SOURCE,
    ForceOption,
    OperatorOption,
    OutOption,
    WhyOption,
    opened,
    show_json,
    who,
)
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption

app = typer.Typer(no_args_is_help=True, help="Encryption keys of TLCP pairs that are kept.")


@app.command()
def on(
    operator: OperatorOption = None,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Make the escrow key (passphrase `escrow`) and keep the encryption keys of TLCP pairs from now on."""
    from sentinel.ca import escrow
    from sentinel.ca.revocation import Actor
    from sentinel.cli.ca.pending import approved

    asks = who(operator)
    with (
        opened(dir, passphrase_file) as authority,
        approved(authority, "new-ca-key", {"key": "escrow"}, asks) as given,
    ):
        digest = escrow.establish(authority, Actor(asks, SOURCE, why), given.take)
        place = authority.folder / escrow.SECRET
    if format is Form.JSON:
        show_json({"sha256": digest, "key": str(place)})
    else:
        sys.stdout.write(f"escrow is on; the key {place} can be taken away, and is needed for a release\n")


@app.command()
def release(
    serial: Annotated[str, typer.Argument(help="Serial number of either certificate of the pair.")],
    to: Annotated[Path, typer.Option("--to", help="Certificate or public key (SM2) of who gets it.")],
    out: OutOption,
    force: ForceOption = False,
    operator: OperatorOption = None,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Release a kept encryption key, wrapped for an SM2 key (SM2EnvelopedKey), once it is approved."""
    from sentinel.ca import escrow, files
    from sentinel.ca.keys import PublicKey
    from sentinel.ca.revocation import Actor
    from sentinel.ca.x509 import certificate
    from sentinel.cli.ca.pending import approved

    files.free(out, force=force)
    [(label, data), *_] = files.unpem(files.read(to), certificate.LABEL, escrow.LABEL, name=to)
    recipient = certificate.read(data).key if label == certificate.LABEL else PublicKey(data)
    asks = who(operator)
    with opened(dir, passphrase_file) as authority:
        row, _ = escrow.held(authority, serial)
        arguments = {"serial": row.serial, "to": recipient.sha256(), "why": why}
        with approved(authority, "escrow-release", arguments, asks) as given:
            found, data = escrow.release(
                authority, row.serial, recipient, Actor(asks, SOURCE, why), given.take
            )
    files.write(out, data, secret=True, force=force)
    if format is Form.JSON:
        show_json({"serial": found, "to": recipient.sha256(), "out": str(out)})
    else:
        sys.stdout.write(f"{out}: the key of {found}\n")
