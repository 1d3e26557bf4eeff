"""What was decoded by hand from captures, exactly: identities, secrets, operations."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.reading import Record, address, scanned

pytestmark = pytest.mark.corpus


def _fact(asset: Record, name: str) -> set[str]:
    return {fact["value"] for fact in asset["facts"] if fact["name"] == name}


def _operations(records: list[Record]) -> list[tuple[str, str, str, str]]:
    return [(o["action"], o["outcome"], address(o["client"]), address(o["server"])) for o in records]


def test_s7_session_password(corpus: Path) -> None:
    got = scanned(corpus / "ics-security-tools/s7/step7_s300_AuthPassword.pcapng")
    (credential,) = got.credentials
    assert credential["protocol"] == "s7comm"
    assert credential["kind"] == "password"
    assert credential["secret"] == "toor"
    assert credential["server"]["ip"] == "134.249.61.163"
    assert credential["server"]["port"] == 102
    assert credential["client"]["ip"] == "134.249.62.230"
    assert "username" not in credential
    assert credential["outcome"] == "success"
    assert ("authenticate", "accepted", "134.249.62.230", "134.249.61.163") in _operations(got.operations)


def test_s7_identity(corpus: Path) -> None:
    plc = scanned(corpus / "ics-security-tools/s7/tia_s300_goOnline.pcapng").asset("134.217.61.211")
    assert plc["vendor"] == "Siemens"
    assert plc["model"] == "6ES7 315-2EH14-0AB0"
    assert plc["serial"] == "S C-B1U393142011"
    assert plc["product"] == "CPU 315-2 PN/DP"
    assert plc["name"] == "S7300/ET200M station_1"
    assert plc["type"] == "plc"


def test_ads_add_route(corpus: Path) -> None:
    got = scanned(corpus / "ics-security-tools/beckoff/addroute.pcapng")
    (credential,) = got.credentials
    assert credential["protocol"] == "ads"
    assert (credential["username"], credential["secret"]) == ("Administrator", "1")
    assert (credential["server"]["ip"], credential["server"]["port"]) == ("192.168.1.8", 48899)
    assert credential["client"]["ip"] == "192.168.1.99"
    assert credential["outcome"] == "success"
    (added,) = [o for o in got.operations if o["name"] == "add_route"]
    assert (added["action"], added["code"], added["outcome"]) == ("configure", 6, "accepted")
    assert added["detail"]["target"] == "SHENHUAJ6-PC"
    assert got.asset("192.168.1.8")["name"] == "CX_0D7560"
    assert got.asset("192.168.1.8")["vendor"] == "Beckhoff"


def test_fox(corpus: Path) -> None:
    got = scanned(corpus / "ics-security-tools/fox/fox_info.pcap")
    station, workbench = got.asset("106.68.88.119"), got.asset("10.1.3.4")
    assert _fact(station, "brand") == _fact(workbench, "brand") == {"vykon"}
    assert _fact(station, "vm-version") == {"2.3"}
    assert _fact(workbench, "vm-version") == {"20.4-b02"}
    assert station["name"] == "Legion_HQ_V4"
    assert station["firmware"] == "3.5.41.1"
    assert _fact(station, "address") == {"192.168.2.15"}, "its host name is this address"
    assert workbench["hostnames"] == ["xpvm-0omdc01xmy"]
    assert {"kind": "niagara-host", "value": "Qnx-NPM6-0000-1490-C30C"} in station["other"]
    assert {"kind": "niagara-host", "value": "Win-99CB-D49D-5442-07BB"} in workbench["other"]


def test_dcp_set_ip(corpus: Path) -> None:
    got = scanned(corpus / "ics-security-tools/profinet/PROFINET-RT-DCP/ChangeIPUsingDCP.pcap", events="all")
    engineer, switch = "00:0c:29:ba:09:ea", "08:00:06:93:cf:32"
    assert _operations(got.operations) == [
        ("discover", "accepted", engineer, switch),
        ("set-address", "accepted", engineer, switch),
    ]
    assert got.operations[1]["detail"]["target"] == "192.168.0.10/24"
    dcp = [e for e in got.events if e.get("ot.protocol") == "profinet-dcp"]
    assert [(e["sentinel.frame"], e["source.mac"]) for e in dcp] == [
        (1, engineer),
        (2, switch),
        (3, engineer),
        (4, switch),
    ], "identify, its response, set, its response"
    asset = got.asset(switch)
    assert asset["name"] == "X208-BORD"
    assert asset["vendor"] == "Siemens"
    assert "192.168.0.10" in asset["ip"]


def test_ubiquiti_beacon(corpus: Path) -> None:
    gateway = scanned(corpus / "ndpi/pcap/ubntac2.pcap").asset("192.168.1.1")
    assert gateway["firmware"] == "UniFiSecurityGateway.ER-e120.v4.3.33.4936086"
    assert gateway["vendor"] == "Ubiquiti"
