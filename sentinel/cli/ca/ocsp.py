"""`sentinel ca ocsp`: answer a request of OCSP."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.common import ForceOption, OutOption, opened, show_json
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption


def ocsp(
    request: Annotated[Path, typer.Argument(metavar="REQUEST", help="OCSPRequest, DER.")],
    out: OutOption,
    force: ForceOption = False,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Answer a request as the server does, signed by the CA's responder, which is made anew when its few
    days are over. Without an answer the response says why, and the exit code is 1."""
    from sentinel.ca import files
    from sentinel.ca.ocsp import Responder
    from sentinel.ca.x509.ocsp import decode_response
    from sentinel.errors import UserError

    files.free(out, force=force)
    data = files.read(request)
    with opened(dir, passphrase_file) as authority:
        response = Responder(authority).respond(data)
    files.write(out, response.der, force=force)
    if response.fault:
        raise UserError(f"{request}: {response.fault}")
    told = [
        {
            "serial": f"{one.about.serial:040x}",
            "status": one.state,
            "reason": one.reason if one.state == "revoked" else None,
            "revoked_at": one.at.strftime("%Y-%m-%dT%H:%M:%SZ") if one.at else None,
        }
        for one in decode_response(response.der).singles
    ]
    if format is Form.JSON:
        show_json(told)
        return
    for one in told:
        reason = f" ({one['reason']}, {one['revoked_at']})" if one["reason"] else ""
        sys.stdout.write(f"{one['serial']}  {one['status']}{reason}\n")
