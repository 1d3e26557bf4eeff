"""Zones and conduits: a small YAML file in, the settings of the engine's context out.

What the file may hold stands in docs/guides/zones.md. Everything wrong with it is one line that
names the file, the place in it and, for a key, the nearest one that there is.
"""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sentinel.errors import UserError
from sentinel.model.words import PROTOCOLS

ENDS = ("any", "outside", "unzoned")
"""What a conduit may name beside zones: anything; what is not of the organisation; what is of it
and in no zone."""

_MOST = 65_000  # zones, conduits, networks: the engine's numbers are 16 bits


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        try:
            loose = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise ValueError(f"{text!r} is no network, such as 10.1.0.0/16") from error
        raise ValueError(f"{text!r} has host bits set, did you mean {loose}?") from error


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Zone(_Part):
    """A group of assets with the same need of protection (IEC 62443-3-2)."""

    networks: Annotated[list[str], Field(max_length=_MOST)] = []
    vlans: list[Annotated[int, Field(ge=1, le=4094)]] = []
    level: Annotated[float | None, Field(ge=0, le=5)] = None
    criticality: Literal["low", "medium", "high", "critical"] | None = None
    inventory: Literal["required", "optional"] | None = None
    sites: list[str] = []

    _networks = field_validator("networks")(lambda v: [_network(text) for text in v])


class Conduit(_Part):
    """What may be opened from one zone to another."""

    from_: Annotated[str, Field(alias="from")]
    to: str
    protocols: list[str] = []
    ports: list[Annotated[int, Field(ge=1, le=65_535)]] = []
    direction: Literal["to", "both"] = "to"
    sites: list[str] = []

    @field_validator("protocols")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        for name in value:
            if name not in PROTOCOLS:
                raise ValueError(f"unknown protocol {name!r}{_near(name, PROTOCOLS)}")
        return value


class Zones(_Part):
    """A whole file."""

    organisation: Annotated[list[str], Field(max_length=_MOST)] = []
    zones: Annotated[dict[str, Zone], Field(max_length=_MOST)] = {}
    conduits: Annotated[list[Conduit], Field(max_length=_MOST)] = []

    _networks = field_validator("organisation")(lambda v: [_network(text) for text in v])

    def own(self, site: str) -> list[str]:
        """Networks of the organisation at one site beside private addresses."""
        here = (z for z in self.zones.values() if not z.sites or site in z.sites)
        return [*(network for zone in here for network in zone.networks), *self.organisation]

    def settings(self, site: str) -> dict[str, Any]:
        """Settings of the engine's context for one site: zones and conduits of other sites are left out."""
        here = {name: z for name, z in self.zones.items() if not z.sites or site in z.sites}
        return {
            "organisation": self.organisation,
            "zones": [
                {
                    "name": name,
                    "networks": z.networks,
                    "vlans": z.vlans,
                    "level": z.level,
                    "criticality": z.criticality,
                    "inventory": None if z.inventory is None else z.inventory == "required",
                }
                for name, z in here.items()
            ],
            "conduits": [
                {
                    "from": c.from_,
                    "to": c.to,
                    "protocols": c.protocols,
                    "ports": c.ports,
                    "both": c.direction == "both",
                }
                for c in self.conduits
                if (not c.sites or site in c.sites) and {c.from_, c.to} <= here.keys() | set(ENDS)
            ],
        }


def load(path: Path) -> Zones:
    """Read a file of zones. Raises `UserError` with one line for the first thing that is wrong."""
    try:
        tree = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "cannot be read"
        raise UserError(f"{path}{line}: is not valid YAML: {problem}") from None
    if not isinstance(tree, Mapping):
        raise UserError(f"{path}: holds no zones: write `zones:` and names below it (docs/guides/zones.md)")
    try:
        found = Zones.model_validate(tree)
    except ValidationError as error:
        raise UserError(f"{path}: {_told(error)}") from None
    for i, conduit in enumerate(found.conduits):
        for key, name in (("from", conduit.from_), ("to", conduit.to)):
            if name not in found.zones and name not in ENDS:
                near = _near(name, [*found.zones, *ENDS])
                raise UserError(f"{path}: conduits[{i}].{key}: there is no zone {name!r}{near}")
    for name in found.zones:
        if name in ENDS:
            raise UserError(f"{path}: zones.{name}: the name has a meaning of its own, choose another")
    return found


def _told(error: ValidationError) -> str:
    """The first fault in one line."""
    first = error.errors(include_url=False)[0]
    loc = first["loc"]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    if first["type"] == "extra_forbidden":
        parent = _model(loc[:-1])
        known = [field.alias or name for name, field in parent.model_fields.items()]
        return f"{where}: unknown key{_near(str(loc[-1]), known) or ', there are ' + ', '.join(known)}"
    if first["type"] == "missing":
        return f"{where}: is missing"
    problem = first["msg"].removeprefix("Value error, ")
    return f"{where}: {problem[:1].lower()}{problem[1:]}"


def _model(loc: tuple[int | str, ...]) -> type[BaseModel]:
    """The model that a place in the file belongs to."""
    if loc[:1] == ("zones",) and len(loc) > 1:
        return Zone
    return Conduit if loc[:1] == ("conduits",) and len(loc) > 1 else Zones


def _near(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f", did you mean {close[0]}?" if close else ""
