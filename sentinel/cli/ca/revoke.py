"""`sentinel ca revoke`: take a certificate out of force, for good."""

from __future__ import annotations

from typing import Annotated

import typer

from sentinel.cli.ca.common import (
    SOURCE,
    OperatorOption,
    WhichArgument,
    WhyOption,
    opened,
    tell_states,
    who,
)
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption


def revoke(
    which: WhichArgument,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            help="keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, "
            "privilegeWithdrawn, aACompromise or unspecified.",
        ),
    ],
    operator: OperatorOption = None,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Revoke a certificate for good; of a TLCP pair, both. OCSP says so at once, a CRL from the next on. The
    CA's own needs approvals where its policy says so."""
    from sentinel.ca import revocation
    from sentinel.cli.ca.pending import pending

    with opened(dir, passphrase_file) as authority, pending():
        rows = revocation.revoke(authority, which, reason, revocation.Actor(who(operator), SOURCE, why))
        tell_states(rows, format)
