"""The border with the native host table: a profile goes in, its meaning comes out.

A profile is everything that decides what a host is, with the addresses, counters and times of the single
host left out, so that hosts of one kind share one profile. Evidence is named by reference: `f0` is
`facts[0]`, `s1` is `services[1]`, `c` clients, `d` did, `v` served, `k` creds. The native side expands
references to captures, frames and times; evidence that is no reference is a text for people.
"""

from typing import Any

import msgspec


class Fact(msgspec.Struct, frozen=True, gc=False):
    """One thing said about the host: by itself (`by` = "self") or by others (`by` = "other")."""

    name: str
    value: str
    protocol: str = ""
    field: str = ""
    by: str = "self"


class Service(msgspec.Struct, frozen=True):
    """A service the host offers. `port` is 0 where the transport has none; `confidence` is 0-100."""

    protocol: str
    port: int = 0
    transport: str = ""
    confidence: float = 100
    info: dict[str, Any] = {}


class Client(msgspec.Struct, frozen=True, gc=False):
    """A protocol the host was seen to be a client of."""

    protocol: str
    port: int = 0
    transport: str = ""


class Operation(msgspec.Struct, frozen=True, gc=False):
    """A kind of operation the host asked for (`did`) or was asked for (`served`)."""

    protocol: str
    action: str
    category: str = ""
    outcome: str = "unknown"


class Use(msgspec.Struct, frozen=True):
    """A credential that was used on a service of the host, as it was assessed: see `credentials.py`."""

    protocol: str
    kind: str = "password"
    username: str | None = None
    outcome: str = "unknown"
    weaknesses: list[str] = []
    default_of: list[str] = []


class Address(msgspec.Struct, frozen=True, gc=False):
    """Where the host stands.

    `v4` is private, public, link-local, loopback or none; `ttl` the usual time to live it sends with;
    `router` true if its hardware address carries traffic of others; `behind` the bucketed number of hosts
    behind it; `peers_l2` the bucketed number of peers it exchanges industrial traffic with; `public_peers`
    the bucketed number of public addresses that reached an industrial service of it.
    """

    v4: str = "none"
    ttl: int | None = None
    router: bool = False
    behind: int = 0
    peers_l2: int = 0
    public_peers: int = 0


class Profile(msgspec.Struct, frozen=True):
    """All that decides what a host is. Facts come sorted: self first, then the most frequent."""

    oui: list[str] = []
    mac_flags: list[str] = []
    facts: list[Fact] = []
    services: list[Service] = []
    clients: list[Client] = []
    did: list[Operation] = []
    served: list[Operation] = []
    creds: list[Use] = []
    address: Address = Address()


class Role(msgspec.Struct, gc=False):
    """A vote for an asset type: `score` is the sum of the weights of its evidence, see `roles.py`."""

    role: str
    score: float
    because: list[str]


class System(msgspec.Struct, gc=False):
    """An operating system the host may run: `confidence` 0-1 from all its signs, see `systems.py`."""

    os: str
    confidence: float
    because: list[str]


class Exposure(msgspec.Struct, gc=False):
    """A weakness seen from outside. `severity` is informational, low, medium, high or critical."""

    kind: str
    severity: str
    title: str
    evidence: list[str]


class Meaning(msgspec.Struct, gc=False):
    """What a profile means. Absent is null, never an empty text.

    `services` holds, by reference, product and version of what serves, where the service itself gave none.
    `because` names the evidence of each chosen value; `conflicts` keeps, for each key, the other values
    the device said of itself, best first.
    """

    vendor: str | None = None
    product: str | None = None
    model: str | None = None
    firmware: str | None = None
    hardware: str | None = None
    serial: str | None = None
    os: str | None = None
    name: str | None = None
    location: str | None = None
    type: str | None = None
    level: int | float | None = None
    roles: list[Role] = []
    systems: list[System] = []
    exposures: list[Exposure] = []
    services: dict[str, dict[str, str]] = {}
    because: dict[str, list[str]] = {}
    conflicts: dict[str, list[str]] = {}
