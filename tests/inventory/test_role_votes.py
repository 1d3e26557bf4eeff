"""Every protocol speaks for a type of device, or is known to say nothing of its ends."""

from __future__ import annotations

import pytest

from sentinel.inventory import tables
from sentinel.inventory.meaning import describe
from sentinel.inventory.profile import Client, Operation, Profile, Service
from sentinel.model.words import ASSET_TYPES, INDUSTRIAL, PROTOCOLS

SILENT = {
    **dict.fromkeys(("arp", "ndp", "mdns", "ssdp", "ws-discovery"), "every host speaks it"),
    **dict.fromkeys(
        ("lldp", "cdp", "stp", "mrp", "ptp", "hsr"), "says itself what its sender is, as a fact `role`"
    ),
    **dict.fromkeys(("ssh", "telnet", "ftp", "tftp", "snmp"), "devices of all kinds are administered by it"),
    **dict.fromkeys(
        ("tls", "tlcp", "quic", "rtp", "rtps"), "carries what has a meaning, on hosts of all kinds"
    ),
    **dict.fromkeys(("dce-rpc", "ntlm"), "within SMB, whose votes count"),
    "v2x": "its messages say themselves what their station is",
}
"""Protocols without a vote, and why."""

VOTES = [tuple(row) for row in tables.rows("roles.tsv")]


def test_every_protocol_votes_or_is_silent_for_a_reason() -> None:
    voting = {key for kind, key, *_ in VOTES if kind in ("serves", "uses")}
    assert voting <= PROTOCOLS
    assert not voting & SILENT.keys()
    assert voting | SILENT.keys() == PROTOCOLS


def test_votes_are_sound() -> None:
    assert {role for _, _, role, _ in VOTES} <= {*ASSET_TYPES}
    assert all(0 < float(score) <= 6 for *_, score in VOTES)
    pairs = [vote[:3] for vote in VOTES]
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("protocol", sorted(INDUSTRIAL))
def test_who_downloads_is_an_engineering_station(protocol: str) -> None:
    """By what it does, whatever its name and its protocol."""
    deeds = [
        Operation(protocol, action, "engineering", "accepted") for action in ("download", "stop", "start")
    ]
    meaning = describe(Profile(clients=[Client(protocol, 502, "tcp")], did=deeds))
    assert (meaning.type, meaning.level) == ("engineering-workstation", 2)
    assert any(ref.startswith("d") for ref in meaning.roles[0].because)


@pytest.mark.parametrize("protocol", sorted(INDUSTRIAL))
def test_who_was_refused_is_none(protocol: str) -> None:
    deeds = [Operation(protocol, action, "engineering", "refused") for action in ("download", "stop")]
    meaning = describe(Profile(did=deeds))
    assert meaning.type != "engineering-workstation"


@pytest.mark.parametrize(
    ("offers", "uses", "kind", "level"),
    [
        ("s7comm", None, "plc", 1),
        ("iec104", None, "rtu", 1),
        ("goose", None, "ied", 1),
        ("bacnet", None, "building-controller", 1),
        (None, "iec104", "scada-server", 2),
        (None, "ykc", "charger", 1),
        (None, "jt808", "vehicle-terminal", None),
        ("vstarcam", None, "camera", None),
        ("dlt645", None, "power-meter", 1),
    ],
)
def test_type_and_level(offers: str | None, uses: str | None, kind: str, level: int | None) -> None:
    services = [Service(offers, 1000, "tcp")] if offers else []
    clients = [Client(uses, 1000, "tcp")] if uses else []
    meaning = describe(Profile(services=services, clients=clients))
    assert (meaning.type, meaning.level) == (kind, level)
