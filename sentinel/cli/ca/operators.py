"""`sentinel ca operators`: who may do what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.common import SOURCE, OperatorOption, WhyOption, opened, show_json, who
from sentinel.cli.ca.listing import tell_table
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption
from sentinel.errors import UserError


def operators(
    add: Annotated[
        str | None, typer.Option("--add", help="Enter an operator and his public key: NAME=PUB.pem.")
    ] = None,
    role: Annotated[
        str, typer.Option("--role", help="His role: administrator, operator or auditor.")
    ] = "operator",
    remove: Annotated[str | None, typer.Option("--remove", help="Take an operator out.")] = None,
    operator: OperatorOption = None,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """List the operators, enter one, or take one out: with approvals where the policy asks for them."""
    import msgspec

    from sentinel.ca import operators as people
    from sentinel.cli.ca.pending import approved

    if add is not None and remove is not None:
        raise UserError("--add, --remove: one of them at a time", 2)
    with opened(dir, passphrase_file, readonly=add is None and remove is None) as authority:
        asks, register = who(operator), authority.register
        if add is not None:
            name, spki = named_key(add, "--add")
            arguments = {"add": name, "role": role, "key": spki.hex()}
            with (
                approved(authority, "operators", arguments, asks) as request,
                register.transaction() as change,
            ):
                approvals = request.take(change)
                people.add(
                    change, name, spki, role=role, who=asks, source=SOURCE, why=why, approvals=approvals
                )
        elif remove is not None:
            keep = authority.charter.policy.approvals
            with (
                approved(authority, "operators", {"remove": remove}, asks) as request,
                register.transaction() as change,
            ):
                approvals = request.take(change)
                left = keep + 1 if keep else 0
                people.remove(
                    change, remove, keep=left, who=asks, source=SOURCE, why=why, approvals=approvals
                )
        found = people.every(register)
    if format is Form.JSON:
        show_json([msgspec.to_builtins(one) for one in found])
        return
    tell_table(
        ("operator", "role", "key", "fingerprint", "since"),
        ((one.name, one.role, one.algorithm, one.key_sha256[:16], one.added) for one in found),
    )


def named_key(text: str, flag: str) -> tuple[str, bytes]:
    """Name and key (SubjectPublicKeyInfo, DER) of NAME=PUB.pem."""
    from sentinel.ca import files
    from sentinel.ca.keys import PublicKey

    name, found, path = text.partition("=")
    if not found or not name or not path:
        raise UserError(f"{flag} {text}: write NAME=PUB.pem", 2)
    return name, PublicKey(files.unpem(files.read(Path(path)), "PUBLIC KEY", name=path)[0][1]).spki
