"""`sentinel ca sign`: a certificate for a request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.common import (
    SOURCE,
    DaysOption,
    DerOption,
    ForceOption,
    OperatorOption,
    OutOption,
    WhyOption,
    opened,
    tell,
    who,
)
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption


def sign(
    csr: Annotated[Path, typer.Argument(metavar="CSR", help="The request, PEM or DER.")],
    profile: Annotated[str, typer.Option("--profile", help="Kind of certificate (`ca profiles`).")],
    out: OutOption,
    days: DaysOption = None,
    name: Annotated[str | None, typer.Option("--name", help="Subject in place of the request's.")] = None,
    san: Annotated[
        list[str] | None,
        typer.Option("--san", help="Alternative names in place of the request's: dns:X, ip:X, uri:X."),
    ] = None,
    serial: Annotated[str | None, typer.Option("--serial", help="Serial number of the device.")] = None,
    role: Annotated[str | None, typer.Option("--role", help="Role of a Modbus Security client.")] = None,
    hardware_type: Annotated[
        str | None, typer.Option("--hardware-type", help="Object identifier of the kind of device.")
    ] = None,
    asset: Annotated[str, typer.Option("--asset", help="The monitor's asset it belongs to.")] = "",
    der: DerOption = False,
    force: ForceOption = False,
    operator: OperatorOption = None,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Issue a certificate for a request whose signature proves its key. A TLCP pair is written beside --out:
    BASE.sign.pem, BASE.enc.pem, BASE.enc.enveloped.der."""
    from sentinel.ca import files
    from sentinel.ca.delivery import How, deliver, wish
    from sentinel.ca.x509 import altnames, names, request
    from sentinel.ca.x509.order import Order

    [(_, data), *_] = files.unpem(files.read(csr), *request.LABELS, name=csr)
    order = Order(
        profile,
        request=data,
        subject=None if name is None else names.parse(name),
        alt_names=None if san is None else tuple(map(altnames.parse, san)),
        days=days,
        serial_number=serial,
        role=role,
        hardware_type=hardware_type,
        asset=asset,
        who=who(operator),
        source=SOURCE,
        why=why,
    )
    with opened(dir, passphrase_file) as authority:
        one = wish(order, out, None, authority.profiles.get(profile).pair)
        [answer] = deliver(authority, [one], How(as_der=der, force=force))
        tell(authority, answer, [one.out], format)
