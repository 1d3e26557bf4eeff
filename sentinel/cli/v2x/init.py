"""`sentinel v2x init`: a new PKI for vehicles."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from sentinel.cli.ca.common import show_json, who
from sentinel.cli.ca.init import named_operators
from sentinel.cli.ca.options import Form, FormOption, PassphraseOption, folder
from sentinel.cli.v2x.options import DirOption, Profile, opened, passphrases


class Time(StrEnum):
    """What times count."""

    TAI = "tai"
    UTC = "utc"


def init(
    name: Annotated[str, typer.Option("--name", help="Name of the domain.")],
    profile: Annotated[
        Profile,
        typer.Option("--profile", help="YD/T 3957 (SM2, SM3, SM4), or IEEE 1609.2 (P-256, SHA-256, AES)."),
    ] = Profile.YDT3957,
    roles: Annotated[
        str, typer.Option("--roles", help="all, or some of root,eca,aca,app,ra,la1,la2,ma,lm.")
    ] = "all",
    region: Annotated[
        int,
        typer.Option("--region", help="Country that certificates are bound to (ISO 3166-1: 156). 0: none."),
    ] = 0,
    days: Annotated[
        int, typer.Option("--days", min=1, help="Days until the certificates of the roles end.")
    ] = 7300,
    time: Annotated[
        Time, typer.Option("--time", help="Whether times count leap seconds (tai) or not.")
    ] = Time.TAI,
    shuffle: Annotated[
        int, typer.Option("--shuffle", min=1, help="Vehicles whose requests are mixed before the ACA.")
    ] = 10,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Fewer vehicles wait, rather than being mixed with made-up requests."),
    ] = False,
    approvals: Annotated[
        int, typer.Option("--approvals", min=0, max=16, help="Operators who must approve grave operations.")
    ] = 0,
    operator: Annotated[
        list[str] | None,
        typer.Option("--operator", help="An operator and his public key: NAME=PUB.pem; may be given again."),
    ] = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Make a PKI for vehicles: a folder with key, certificate, register and audit for each role, their
    certificates and the signed root list in public/."""
    from sentinel.ca.v2x import charter, founding

    at = folder(dir, "v2x")
    chosen = charter.ROLES if roles == "all" else tuple(part.strip() for part in roles.split(","))
    limits = charter.Limits(shuffle=shuffle, fill=not wait, approvals=approvals)
    plan = founding.Plan(
        name,
        profile.value,
        chosen,
        region,
        days,
        who(None),
        time.value,
        limits,
        named_operators(operator or [], approvals),
    )
    founding.found(at, plan, passphrases(passphrase_file))
    with opened(at, readonly=True) as domain:
        rows = [(role, domain.public(role)) for role in domain.roles()]
        if format is Form.JSON:
            show_json(
                {
                    "dir": str(at),
                    "name": name,
                    "profile": profile.value,
                    "roles": [{"role": role, "hashed_id8": one.id8} for role, one in rows],
                }
            )
            return
        for role, one in rows:
            sys.stdout.write(f"{role:<5} {one.id8}\n")
        sys.stdout.write(f"{at}: ready; each role's folder can be moved to a machine of its own\n")
