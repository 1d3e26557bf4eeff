"""`sentinel ca resume`: end the hold of a certificate."""

from __future__ import annotations

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


def resume(
    which: WhichArgument,
    operator: OperatorOption = None,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """End the hold of a certificate; of a TLCP pair, of both. The next delta takes it off the list."""
    from sentinel.ca import revocation

    with opened(dir, passphrase_file) as authority:
        rows = revocation.resume(authority, which, revocation.Actor(who(operator), SOURCE, why))
        tell_states(rows, format)
