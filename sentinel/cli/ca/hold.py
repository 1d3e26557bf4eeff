"""`sentinel ca hold`: put a certificate on hold."""

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


def hold(
    which: WhichArgument,
    operator: OperatorOption = None,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Put a certificate on hold; of a TLCP pair, both. `resume` ends it, `revoke` makes it final."""
    from sentinel.ca import revocation

    with opened(dir, passphrase_file) as authority:
        rows = revocation.hold(authority, which, revocation.Actor(who(operator), SOURCE, why))
        tell_states(rows, format)
