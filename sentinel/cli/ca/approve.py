"""`sentinel ca approve`: an operator signs a request."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.common import SOURCE, WhyOption, passphrases, show_json
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption, folder


def approve(
    request: Annotated[str, typer.Argument(help="Id of the request; `sentinel ca requests` lists them.")],
    operator: Annotated[str, typer.Option("--operator", help="Name of the operator who approves.")],
    key: Annotated[Path, typer.Option("--key", help="His private key.")],
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it instead: it ends.")] = False,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Approve a request with an operator's own key (passphrase `key`). Who asked cannot approve. With
    enough approvals the command that asked is given again, and does it."""
    import msgspec

    from sentinel.ca import approvals
    from sentinel.ca.audit import key as audit_key
    from sentinel.ca.authority import REGISTER
    from sentinel.ca.keys.files import read_key
    from sentinel.ca.register import Register

    at = folder(dir)
    words = passphrases(passphrase_file)
    # no Authority: a CA that waits for the approval of its restoring is none yet
    with Register.open(at / REGISTER) as register:
        approvals.get(register, request)
        signer = read_key(key, words.get("key"))
        register.unlock = lambda: audit_key.unlock(at, words)
        if refuse:
            found = approvals.refuse(register, request, operator, signer, why, SOURCE)
        else:
            found = approvals.approve(register, request, operator, signer, SOURCE)
    if format is Form.JSON:
        show_json(msgspec.to_builtins(found))
        return
    left = found.needed - len(found.approved)
    state = found.state if refuse else f"{len(found.approved)} of {found.needed} approvals"
    rest = "" if refuse else f"; {left} to go" if left > 0 else f"; {found.requester} gives the command again"
    sys.stdout.write(f"{found.id}  {found.operation}: {state}{rest}\n")
