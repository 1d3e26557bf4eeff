"""Every pattern gives what its entry says, and no text makes one slow."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.inventory import fingerprints
from sentinel.inventory.identity import KEYS
from sentinel.inventory.vendors import canonical
from sentinel.model.words import ASSET_TYPES

ALL = [rule for file in fingerprints.files() for rule in fingerprints.rules(file)]


def test_there_are_enough() -> None:
    assert len(ALL) >= 600


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: f"{rule.file}: {rule.entry.example[:40]}")
def test_example(rule: fingerprints.Rule) -> None:
    assert rule.has == rule.has.lower()
    assert rule.has in rule.entry.example.lower()
    assert "\\" not in rule.has
    assert dict(rule.found(rule.entry.example)) == rule.entry.expect


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: f"{rule.file}: {rule.entry.example[:40]}")
def test_entry_is_sound(rule: fingerprints.Rule) -> None:
    """It gives keys that exist, types that exist, vendors as the field names them; it is not a duplicate."""
    entry = rule.entry
    gives = dict(entry.gives)
    assert set(entry.match.groupindex) - {"v", "nt", "build"} | set(gives) <= {*KEYS, "type"}
    assert gives.get("type", "plc") in ASSET_TYPES
    assert canonical(gives.get("vendor", "Siemens")) == gives.get("vendor", "Siemens")
    assert 0 < entry.weight <= 6
    assert [r.entry.match for r in ALL if r.file == rule.file].count(entry.match) == 1


@pytest.mark.parametrize(
    ("protocol", "name", "value", "expected"),
    [
        (
            "snmp",
            "description",
            "Siemens, SIMATIC S7, CPU317-2 PN/DP, 6ES7 317-2EK14-0AB0 , HW: 1, FW: V3.2.6",
            {"vendor": "Siemens", "model": "6ES7 317-2EK14-0AB0", "firmware": "V3.2.6", "type": "plc"},
        ),
        ("http", "server", "DNVRS-Webs", {"vendor": "Hikvision", "type": "nvr"}),
        ("http", "user_agent", "Mozilla/5.0 (Windows NT 6.1; WOW64)", {"os": "Windows 7 or Server 2008 R2"}),
        ("ssh", "banner", "SSH-2.0-ROSSSH", {"vendor": "MikroTik", "type": "router"}),
        ("enip", "product", "1756-L61/B LOGIX5561", {"model": "1756-L61", "type": "plc"}),
        ("fox", "brand", "vykon", {"vendor": "Tridium"}),
        (
            "ubnt-discovery",
            "firmware",
            "UniFiSecurityGateway.ER-e120.v4.3.33.4936086",
            {"model": "ER-e120", "firmware": "4.3.33.4936086", "type": "firewall"},
        ),
    ],
)
def test_find(protocol: str, name: str, value: str, expected: dict[str, str]) -> None:
    found: dict[str, str] = {}
    for finding in fingerprints.find(protocol, name, value):
        for key, text in finding.values:
            found.setdefault(key, text)
    assert expected.items() <= found.items()


@pytest.mark.parametrize(
    ("protocol", "name", "value"),
    [
        ("snmp", "description", "The eagle has landed on the raven's spyder galaxy"),
        ("dns", "hostname", "eagle-one"),
        ("http", "title", "Transport Layer"),
        ("snmp", "serial", "6ES7 315-2EH14-0AB0"),
        ("modbus", "url", "www.hirschmann.example"),
    ],
)
def test_ordinary_words_identify_nothing(protocol: str, name: str, value: str) -> None:
    assert fingerprints.find(protocol, name, value) == ()


@pytest.mark.parametrize(
    ("nt", "build", "name"),
    [
        ("6.1", "7601", "Windows 7 or Server 2008 R2"),
        ("10.0", "17763", "Windows 10 1809 or Server 2019"),
        ("10.0", "99999", "Windows 10 or later"),
        ("99.0", "", None),
    ],
)
def test_windows(nt: str, build: str, name: str | None) -> None:
    assert fingerprints.windows(nt, build) == name


PIECES = st.sampled_from(
    "Siemens, |SIMATIC |6ES7 |317-2EK14-0AB0|HW: |Version |Cisco IOS Software, |C2960|(|)|, |.|-|_|a|A|0|9| "
    "|Windows |NT |Version|JUNOS|Hirschmann |AXIS |P3225|;|onvif://www.onvif.org/|HP |LaserJet |\t|\n|é|\x00"
    "|Huawei Versatile Routing Platform |VRP (R) software,Version |Android |; |Build/".split("|")
)


@given(st.lists(PIECES, max_size=120).map("".join), st.sampled_from(["snmp", "http", "ssh", "dhcp", "tls"]))
def test_any_text_is_answered(text: str, protocol: str) -> None:
    for finding in fingerprints.find(protocol, "description", text):
        assert all(value for _, value in finding.values)


@pytest.mark.parametrize("unit", ["a", " ", "1.", "-", "A1-", "Cisco IOS Software ", "Siemens, ", "HP "])
def test_no_text_makes_a_pattern_slow(unit: str) -> None:
    text = (unit * fingerprints.LONGEST)[: fingerprints.LONGEST]
    texts = [text, *(rule.entry.example[:60] + text for rule in ALL[::40])]
    start = time.process_time()
    for candidate in texts:
        for rule in ALL:
            rule.found(candidate[: fingerprints.LONGEST])
    spent = time.process_time() - start
    assert spent / (len(texts) * len(ALL)) < 0.002


def test_what_is_remembered_is_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(fingerprints, "_REMEMBERED", 4)
    for i in range(20):
        fingerprints.find("ssh", "banner", f"SSH-2.0-{i}")
    assert len(fingerprints._seen) <= 4
