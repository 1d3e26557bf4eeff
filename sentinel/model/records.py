"""Records as they stand in `sentinel scan --format json` and in a store.

The native module writes them and a store keeps them as JSON; code that handles many works on that
form. Decode into these types where a type is wanted: `msgspec.json.decode(line, type=Asset)`.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from sentinel.model.words import (
    Action,
    AssetType,
    Category,
    CredentialKind,
    ExposureKind,
    LoginOutcome,
    Outcome,
    Severity,
    Weakness,
)


class Record(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all records share: keyword arguments only, unknown keys are refused."""


class Evidence(Record, kw_only=True):
    """Where something was read: protocol and field, and the first packet that held it."""

    text: str | None = None
    protocol: str | None = None
    field: str | None = None
    value: str | None = None
    source: str | None = None
    frame: int | None = None
    time: str | None = None
    count: int | None = None


class Source(Record, kw_only=True):
    """One input of a scan, known by its content."""

    name: str
    sha256: str | None = None
    kind: Literal["capture", "live", "zeek", "eve"]
    site: str = "default"
    packets: int
    records: int = 0
    bytes: int
    first: str | None = None
    last: str | None = None
    dropped: int = 0
    truncated: int = 0
    cut: bool = False
    partial: bool = False
    link_types: list[str] = []
    warnings: list[str] = []


class Endpoint(Record, kw_only=True):
    """One end of a conversation, an operation or a credential. `mac` where it has no IP address."""

    ip: str | None = None
    mac: str | None = None
    port: int | None = None
    asset: str | None = None


class Conversation(Record, kw_only=True):
    """Who talks to whom. `client` is who opened the session; `operations` counts by action, `logins` by
    outcome, with the number of `users` that were tried."""

    client: Endpoint
    server: Endpoint
    protocol: str | None
    transport: str
    port: int | None = None
    packets: int
    bytes: int
    operations: dict[Action, int] = {}
    logins: dict[str, int] = {}
    first: str
    last: str


class OtherAddress(Record, kw_only=True):
    """An address that is neither MAC nor IP, as `{"kind": "dnp3", "value": "10"}`."""

    kind: str
    value: str


class Role(Record, kw_only=True):
    """A vote for what an asset is, with what speaks for it."""

    role: str
    score: float
    because: list[Evidence] = []


class System(Record, kw_only=True):
    """An operating system an asset may run, with the confidence of all its signs together."""

    os: str
    confidence: float
    because: list[Evidence] = []


class Service(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A service an asset offers. What a protocol says of it stands beside these keys."""

    port: int | None = None
    transport: str
    protocol: str | None
    confidence: float
    product: str | None = None
    version: str | None = None
    tls: dict[str, Any] | None = None
    source: str | None = None
    frame: int
    count: int
    first: str
    last: str


class Fact(Record, kw_only=True):
    """One thing read about an asset, by the device itself or by another."""

    name: str
    value: str
    protocol: str
    field: str
    source: str | None = None
    frame: int
    count: int
    first: str
    last: str
    by: Literal["self", "other"]


class Exposure(Record, kw_only=True):
    """A weakness of an asset, with what shows it."""

    kind: ExposureKind
    severity: Severity
    title: str
    evidence: list[Evidence] = []


class Asset(Record, kw_only=True):
    """A device. `id` never changes; ids that were merged into it are its aliases."""

    id: str
    aliases: list[str] = []
    mac: list[str] = []
    ip: list[str] = []
    site: str | None = None
    vlan: list[int] = []
    hostnames: list[str] = []
    other: list[OtherAddress] = []
    vendor: str | None = None
    product: str | None = None
    model: str | None = None
    firmware: str | None = None
    hardware: str | None = None
    serial: str | None = None
    os: str | None = None
    name: str | None = None
    location: str | None = None
    type: AssetType | None = None
    level: float | None = None
    roles: list[Role] = []
    systems: list[System] = []
    services: list[Service] = []
    clients: list[str] = []
    facts: list[Fact] = []
    exposures: list[Exposure] = []
    conflicts: dict[str, list[str]] = {}
    """Other values the device gave of itself, by key."""
    logins: dict[str, dict[str, int]] = {}
    """Log-ins at its services (`served`) and at others' (`made`): counts by outcome, `users` and `peers`."""
    first: str | None = None
    last: str | None = None
    packets: int
    bytes: int


class Hashcat(Record, kw_only=True):
    """A secret in hashcat's form: its mode, and its line (masked unless it is revealed)."""

    mode: int
    line: str


class Credential(Record, kw_only=True):
    """A secret seen on the wire, masked unless it is revealed. Equal secrets have equal `secret_id`.

    `password` is what was guessed offline for a challenge and response, masked likewise.
    """

    protocol: str
    kind: CredentialKind
    server: Endpoint
    client: Endpoint
    username: str | None = None
    secret: str | None = None
    password: str | None = None
    secret_id: str | None = None
    hashcat: Hashcat | None = None
    outcome: LoginOutcome
    weaknesses: list[Weakness] = []
    detail: dict[str, Any] = {}
    source: str | None = None
    frame: int
    time: str
    count: int


class AddressRange(Record, kw_only=True):
    """Addresses an operation touched, in the protocol's own numbering."""

    start: int
    count: int


class Operation(Record, kw_only=True):
    """What one did to another. `detail` is of the first example, its `addresses` are 16 ranges at most."""

    protocol: str
    action: Action
    name: str
    code: int | None = None
    category: Category
    client: Endpoint
    server: Endpoint
    detail: dict[str, Any] = {}
    outcome: Outcome
    count: int
    first: str
    last: str
    source: str | None = None
    frame: int


class Because(Record, kw_only=True):
    """Why a step belongs to its chain: the earlier step, the link, its weight (0 to 1), a sentence.

    `actor`: the same source acted, or it is an answer between the same two hosts. `pivot`: the source was
    taken before. `victim`: the same host was acted upon before.
    """

    step: int
    link: Literal["actor", "pivot", "victim"]
    weight: float
    text: str


class Frame(Record, kw_only=True):
    """A frame of a capture, or a line of a log."""

    source: str | None = None
    frame: int


class Step(Record, kw_only=True):
    """Alerts of one rule between two hosts without a long gap. `alerts` names at most 16 of its `count`.

    A long chain is folded to its skeleton: `folded` further steps of the same kind are summed up in this one,
    `also` names hosts they went to (at most 32).
    """

    n: int
    time: str
    last: str
    rule: str
    rule_id: str
    severity: int
    tactic: str | None = None
    tactic_id: str | None = None
    technique: str | None = None
    source: str | None = None
    destination: str | None = None
    source_asset: str | None = None
    destination_asset: str | None = None
    also: list[str] = []
    folded: int = 0
    count: int
    alerts: list[str]
    evidence: list[str] = []
    frames: list[Frame] = []
    because: Because | None = None


class Party(Record, kw_only=True):
    """A host of a chain; a pivot was acted upon and then acted itself."""

    asset: str | None = None
    ip: str | None = None
    name: str | None = None
    role: Literal["actor", "pivot", "victim"]


class Proposal(Record, kw_only=True):
    """What to do next. `look` at a host, open `evidence` (events and frames of a step), `change-credential`,
    follow a `playbook`."""

    do: Literal["look", "evidence", "change-credential", "playbook"]
    because: str
    asset: str | None = None
    ip: str | None = None
    step: int | None = None
    frames: list[Frame] = []
    events: list[str] = []
    protocol: str | None = None
    username: str | None = None
    name: str | None = None


class Chain(Record, kw_only=True):
    """Alerts that are one story. `path` are the numbers of the steps that tell it best, `score` is theirs.

    `entities` lists at most 128 of `entity_count`. One that was `merged` has only its id, times, alert count
    and `merged_into`.
    """

    id: str
    title: str | None = None
    score: float | None = None
    first: str
    last: str
    state: Literal["open", "closed", "merged"]
    merged_into: str | None = None
    severity: int | None = None
    tactics: list[str] = []
    techniques: list[str] = []
    entities: list[Party] = []
    entity_count: int = 0
    alert_count: int
    steps: list[Step] = []
    path: list[int] = []
    explanation: str | None = None
    next: list[Proposal] = []


Document: TypeAlias = dict[str, Any]
"""A record or an event as plain data, as a store gives it back."""

RECORDS: dict[str, type[Record]] = {
    "source": Source,
    "asset": Asset,
    "conversation": Conversation,
    "credential": Credential,
    "operation": Operation,
    "chain": Chain,
}
"""Every kind of record by its name in `"record"`. Events are flat documents of the field table."""
