"""`sentinel ca renew`: a new end for a certificate, with its key."""

from __future__ import annotations

from dataclasses import replace

from sentinel.cli.ca.common import (
    SOURCE,
    DaysOption,
    DerOption,
    ForceOption,
    OperatorOption,
    OutOption,
    WhichArgument,
    WhyOption,
    opened,
    tell,
    warn_of_end,
    who,
)
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption


def renew(
    which: WhichArgument,
    out: OutOption,
    days: DaysOption = None,
    der: DerOption = False,
    force: ForceOption = False,
    operator: OperatorOption = None,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Issue a certificate anew: the same key, names and profile, a new serial number and end. Both
    certificates of a TLCP pair are renewed. The old one stays valid until its end."""
    from sentinel.ca.delivery import How, deliver, wish
    from sentinel.ca.renewal import renewal

    with opened(dir, passphrase_file) as authority:
        order = renewal(authority, which, keep_key=True, who=who(operator), source=SOURCE, why=why)
        pair = authority.profiles.get(order.profile).pair
        one = wish(replace(order, days=days), out, None, pair)
        [answer] = deliver(authority, [one], How(as_der=der, force=force))
        tell(authority, answer, [one.out], format)
        warn_of_end(authority)
