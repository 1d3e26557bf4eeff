"""`role.toml`: what a role is. Written by `v2x init`; its limits may be changed with an editor."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, get_args

import msgspec

from sentinel.ca import files
from sentinel.ca.v2x.clock import Scale
from sentinel.ca.v2x.suite import Name
from sentinel.errors import UserError

FILE = "role.toml"
VERSION = 1
ROLES = ("root", "eca", "aca", "app", "ra", "la1", "la2", "ma", "lm")
"""Root, enrolment CA, pseudonym CA, application CA, registration authority, two linkage authorities,
misbehaviour authority, list manager."""

DAYS_MOST = 36_525
NAME_MOST = 80

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a role keeps to."""

    shuffle: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10
    """Vehicles whose requests the registration authority mixes before the ACA sees one."""

    fill: bool = True
    """A vehicle that is alone is mixed with requests that the registration authority makes up; otherwise it
    waits. Whoever hears the air and holds the ACA's files tells those from others: for trials only."""

    per_week: Annotated[int, msgspec.Meta(ge=1, le=255)] = 20
    """Pseudonyms of a vehicle in a week at the most."""

    weeks: Annotated[int, msgspec.Meta(ge=1, le=520)] = 160
    """Weeks ahead for which pseudonyms are given."""

    batch: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 20_000
    """Requests that the ACA takes at once."""

    queries: Count = 100
    """Questions of the misbehaviour authority that a role answers in a day."""

    application_hours: Count = 24 * 365
    """Hours that an application certificate is valid at the most."""

    enrolment_days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MOST)] = 365 * 6
    list_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 90
    """Days until the next root list or domain list is due."""

    crl_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 7
    approvals: Annotated[int, msgspec.Meta(ge=0, le=16)] = 0
    """Operators who must approve a tracing or a change of the root list; 0 asks for none."""


class Charter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contents of `role.toml`."""

    version: int
    name: str
    """Of the domain."""
    profile: Name
    role: str
    time: Scale = "tai"
    country: int = 0
    """ISO 3166-1, numeric; 0 if certificates are not bound to one."""
    la_id: int = 0
    """Identifier of a linkage authority, 16 bits."""
    limits: Limits = Limits()

    def text(self) -> str:
        """TOML. Strings are written as JSON, which is a part of TOML's basic strings."""
        own = {key: value for key, value in msgspec.structs.asdict(self).items() if key != "limits"}
        lines = ["# A role of sentinel's PKI for vehicles. `limits` may be changed."]
        lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in own.items()]
        lines += ["", "[limits]"]
        lines += [
            f"{key} = {json.dumps(value)}" for key, value in msgspec.structs.asdict(self.limits).items()
        ]
        return "\n".join(lines) + "\n"


def load(folder: Path) -> Charter:
    """Read a role's charter. `UserError` where the folder holds none, or one that is wrong or too new."""
    path = folder / FILE
    if not path.is_file():
        raise UserError(f"{folder}: no role is in it; `sentinel v2x init` makes a PKI")
    try:
        data = tomllib.loads(files.read(path).decode())
        if data.get("version") != VERSION:
            raise UserError(f"{path}: version {data.get('version')!r}; this program reads {VERSION}")
        found = msgspec.convert(data, Charter)
    except (ValueError, msgspec.ValidationError) as error:
        raise UserError(f"{path}: {' '.join(str(error).split())}") from None
    if found.role not in ROLES or found.time not in get_args(Scale):
        raise UserError(f"{path}: role {found.role}: one of {', '.join(ROLES)}")
    return found
