"""The tables agree with one another and with the words of the data model."""

import pytest

from sentinel.inventory import passwords, roles, tables
from sentinel.inventory.vendors import canonical
from sentinel.model.words import ACTIONS, ASSET_TYPES, EXPOSURES, INDUSTRIAL, PROTOCOLS, SEVERITIES

NUMBERED = ["cip_vendors", "bacnet_vendors", "profinet_vendors", "hart_vendors", "ethercat_vendors"]


@pytest.mark.parametrize("name", NUMBERED)
def test_vendor_numbers(name: str) -> None:
    rows = tables.rows(f"{name}.tsv")
    assert len({row[0] for row in rows}) == len(rows)
    for vendor in tables.numbered(f"{name}.tsv").values():
        assert canonical(vendor) == vendor


@pytest.mark.parametrize(
    ("name", "number", "vendor"),
    [
        ("cip_vendors", 1, "Rockwell Automation"),
        ("cip_vendors", 47, "Omron"),
        ("cip_vendors", 243, "Schneider Electric"),
        ("bacnet_vendors", 5, "Johnson Controls"),
        ("bacnet_vendors", 36, "Tridium"),
        ("profinet_vendors", 42, "Siemens"),
        ("hart_vendors", 17, "Endress+Hauser"),
        ("ethercat_vendors", 2, "Beckhoff"),
    ],
)
def test_some_vendor_numbers(name: str, number: int, vendor: str) -> None:
    assert tables.numbered(f"{name}.tsv")[number] == vendor


def test_protocols() -> None:
    rows = tables.rows("protocols.tsv")
    assert {row[0] for row in rows} <= PROTOCOLS
    assert {row[0] for row in rows} >= INDUSTRIAL
    assert len({row[0] for row in rows}) == len(rows)
    assert all(0 <= int(row[1]) < 100 and row[2] in ("none", "optional", "login") for row in rows)


def test_types_are_the_models() -> None:
    assert set(roles.TYPES) == set(ASSET_TYPES)
    assert {row[0] for row in tables.rows("levels.tsv")} == set(ASSET_TYPES)


def test_votes() -> None:
    seen = set()
    for kind, key, role, score in tables.rows("roles.tsv"):
        assert role in ASSET_TYPES
        assert 0 < float(score) <= 6
        assert (kind, key, role) not in seen
        seen.add((kind, key, role))
        if kind in ("serves", "uses"):
            assert key in PROTOCOLS, key
        elif kind == "did":
            assert key in ACTIONS, key
        elif kind == "vendor":
            assert canonical(key) == key
        else:
            assert kind in ("os", "mac", "address")


def test_every_industrial_server_has_a_type() -> None:
    served = {key for kind, key, _, _ in tables.rows("roles.tsv") if kind == "serves"}
    assert served >= INDUSTRIAL


def test_exposure_tables() -> None:
    for name, _, kind, severity, title in tables.rows("exposures.tsv"):
        assert name in PROTOCOLS
        assert kind in EXPOSURES
        assert severity in SEVERITIES
        assert title
    for where, _, severity, _ in tables.rows("weak_tls.tsv"):
        assert where in ("version", "cipher")
        assert severity in SEVERITIES
    for entry in tables.toml("vulnerabilities.toml")["vulnerability"]:
        assert entry["severity"] in SEVERITIES
        assert entry["source"]
        assert canonical(entry["vendor"]) == entry["vendor"]


def test_default_credentials() -> None:
    entries = [entry for group in passwords.defaults().values() for entry in group]
    assert len(entries) >= 250
    assert len(set(entries)) == len(entries)
    for entry in entries:
        assert entry.origin
        assert entry.protocols <= PROTOCOLS
        assert entry.vendor == passwords.ANY or canonical(entry.vendor) == entry.vendor


def test_common_passwords() -> None:
    assert len(passwords.common()) >= 300
    assert all(word == word.lower() for word in passwords.common())


def test_vendor_names_keep_their_name() -> None:
    rows = tables.rows("vendors.tsv")
    assert len(rows) >= 150
    for vendor, spellings in rows:
        assert canonical(vendor) == vendor
        for spelling in spellings.split("|"):
            assert canonical(spelling) == vendor, spelling
