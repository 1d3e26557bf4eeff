"""`sentinel ca init`: a new CA."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.ca.common import SOURCE, opened, passphrases, show_json, who
from sentinel.cli.ca.options import (
    DirOption,
    Form,
    FormOption,
    KeyCipher,
    KeyCipherOption,
    PassphraseOption,
    folder,
)
from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.ca.founding import Plan
    from sentinel.ca.register import Register


class Algorithm(StrEnum):
    """Kinds of keys."""

    SM2 = "sm2"
    P256 = "p256"
    P384 = "p384"
    ED25519 = "ed25519"
    RSA3072 = "rsa3072"
    RSA4096 = "rsa4096"


def init(
    name: Annotated[str, typer.Option("--name", help="Name of the CA: a common name, or CN=Plant,O=Works.")],
    algorithm: Annotated[
        Algorithm, typer.Option("--algorithm", help="Kind of the CA's keys.")
    ] = Algorithm.SM2,
    days: Annotated[int, typer.Option("--days", min=1, help="Days until the root ends.")] = 7300,
    issuing_days: Annotated[
        int | None,
        typer.Option(
            "--issuing-days", min=1, help="Days until the issuing CA ends. [default: 3650, or --days]"
        ),
    ] = None,
    no_intermediate: Annotated[
        bool, typer.Option("--no-intermediate", help="The root issues itself; no issuing CA.")
    ] = False,
    base_url: Annotated[
        str,
        typer.Option(
            "--base-url", help="Where CRL, OCSP and CA certificates will be served: http://pki.plant."
        ),
    ] = "",
    permit: Annotated[
        list[str] | None,
        typer.Option("--permit", help="Names it may issue for alone: dns:plant.example, ip:10.0.0.0/8."),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", help="Names it may not issue for, in the same form.")
    ] = None,
    approvals: Annotated[
        int, typer.Option("--approvals", min=0, max=16, help="Operators who must approve grave operations.")
    ] = 0,
    operator: Annotated[
        list[str] | None,
        typer.Option("--operator", help="An operator and his public key: NAME=PUB.pem; may be given again."),
    ] = None,
    root_token: Annotated[
        str | None, typer.Option("--root-token", help="Token that holds the root's key: a pkcs11: URI.")
    ] = None,
    issuing_token: Annotated[
        str | None,
        typer.Option("--issuing-token", help="Token that holds the issuing CA's key: a pkcs11: URI."),
    ] = None,
    under: Annotated[
        Path | None,
        typer.Option("--under", help="Folder of a CA: a new issuing CA under its root, whose key is needed."),
    ] = None,
    key_cipher: KeyCipherOption = KeyCipher.AES256,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Make a CA: a root, an issuing CA under it, their keys, the register and its audit."""
    from sentinel.ca import founding
    from sentinel.ca import operators as operators_
    from sentinel.ca.authority import Authority
    from sentinel.ca.charter import Policy

    at = folder(dir)
    tokens = (("root", root_token), ("issuing", issuing_token))
    operators = named_operators(operator or [], approvals)
    plan = founding.Plan(
        name,
        algorithm.value,
        days,
        issuing_days,
        not no_intermediate,
        base_url,
        tuple(permit or ()),
        tuple(exclude or ()),
        Policy(approvals, key_cipher=key_cipher.value),
        who(None),
        tuple((role, uri) for role, uri in tokens if uri is not None),
    )

    def enrol(part: Path, register: Register) -> None:
        for known, key in operators.items():
            with register.transaction() as change:
                operators_.add(change, known, key, role="administrator", who=plan.who)

    if under is None:
        founding.found(at, plan, passphrases(passphrase_file), enrol)
    else:
        _under(under, at, plan, passphrase_file, enrol)
    with Authority.open(at, readonly=True) as authority:
        if format is Form.JSON:
            show_json(
                {
                    "dir": str(at),
                    "name": name,
                    "algorithm": algorithm.value,
                    "certificates": [
                        {"role": member.role, "serial": one.serial_text, "sha256": one.sha256}
                        for member, one in zip(
                            authority.charter.members, reversed(authority.chain()), strict=True
                        )
                    ],
                }
            )
            return
        for member, one in zip(authority.charter.members, reversed(authority.chain()), strict=True):
            sys.stdout.write(f"{member.role}  {one.serial_text}  until {one.not_after:%Y-%m-%d}\n")
        away = at / "keys" / "root.pem"
        can = f"; the root's key {away} can be taken away" if plan.intermediate and away.exists() else ""
        sys.stdout.write(f"{at}: ready{can}\n")


def _under(
    old: Path,
    at: Path,
    plan: Plan,
    passphrase_file: Path | None,
    enrol: Callable[[Path, Register], None],
) -> None:
    from sentinel.ca import beside
    from sentinel.ca.revocation import Actor
    from sentinel.cli.ca.pending import approved

    with opened(old, passphrase_file) as authority:
        beside.check(plan, authority)
        arguments = {"name": plan.name, "dir": str(at.absolute())}
        with approved(authority, "new-ca-key", arguments, plan.who) as given:
            actor = Actor(plan.who, SOURCE)
            beside.found(at, plan, authority, passphrases(passphrase_file), actor, given.take, enrol)


def named_operators(given: list[str], approvals: int) -> dict[str, bytes]:
    """Operators and their keys (SubjectPublicKeyInfo, DER)."""
    from sentinel.cli.ca.operators import named_key

    out: dict[str, bytes] = {}
    for text in given:
        name, spki = named_key(text, "--operator")
        if name in out:
            raise UserError(f"--operator {name}: is given twice", 2)
        if spki in out.values():
            raise UserError(f"--operator {name}: his key is another operator's too")
        out[name] = spki
    if approvals and len(out) <= approvals:
        # nobody approves his own request
        raise UserError(f"--approvals {approvals}: {approvals + 1} operators are needed, {len(out)} given", 2)
    return out
