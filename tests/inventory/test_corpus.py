"""What the inventory says of devices in the evaluation captures, end to end."""

import json
from pathlib import Path
from typing import Any

import pytest

from sentinel import pipeline

pytestmark = pytest.mark.corpus


def records(capture: Path, kind: str) -> list[dict[str, Any]]:
    result = pipeline.scan([str(capture)], pipeline.Options())
    pipeline.derive(result.inventory, [])
    return [json.loads(line) for line in result.inventory.records(kind)]


S7 = "ics-security-tools/s7"
TRUTHS: list[tuple[str, str, dict[str, Any]]] = [
    (
        f"{S7}/snap7_s300_everything.pcapng",
        "134.217.61.211",
        {
            "vendor": "Siemens",
            "model": "6ES7 315-2EH14-0AB0",
            "product": "CPU 315-2 PN/DP",
            "serial": "S C-B1U393142011",
            "name": "S7300/ET200M station_1",
            "type": "plc",
            "level": 1,
        },
    ),
    (f"{S7}/snap7_s300_everything.pcapng", "134.217.61.131", {"type": "engineering-workstation", "level": 2}),
    (
        "ics-security-tools/fox/fox_info.pcap",
        "106.68.88.119",
        {"vendor": "Tridium", "type": "building-controller"},
    ),
    ("ics-security-tools/fox/fox_info.pcap", "10.1.3.4", {"type": "engineering-workstation", "level": 2}),
    (
        "ics-security-tools/profinet/PROFINET-RT-DCP/ChangeIPUsingDCP.pcap",
        "192.168.0.6",
        {"vendor": "Siemens", "name": "X208-BORD"},
    ),
    (
        "ics-security-tools/BACnet/bacnet_test.pcap",
        "10.1.1.165",
        {"vendor": "Johnson Controls", "model": "MS-NAE4510-2", "type": "building-controller", "level": 1},
    ),
    ("ics-security-tools/beckoff/addroute.pcapng", "192.168.1.8", {"vendor": "Beckhoff", "type": "plc"}),
]


@pytest.mark.parametrize(
    ("capture", "ip", "expected"), TRUTHS, ids=[f"{Path(c).stem} {ip}" for c, ip, _ in TRUTHS]
)
def test_identity(corpus: Path, capture: str, ip: str, expected: dict[str, Any]) -> None:
    (asset,) = [asset for asset in records(corpus / capture, "asset") if ip in asset["ip"]]
    assert expected.items() <= asset.items()
    assert all(role["because"] for role in asset["roles"])


def test_route_password_is_the_vendors_default(corpus: Path) -> None:
    (credential,) = records(corpus / "ics-security-tools/beckoff/addroute.pcapng", "credential")
    assert credential["username"] == "Administrator"
    assert credential["secret"] == "•••••"
    assert {"cleartext", "default", "vendor-default", "short"} <= set(credential["weaknesses"])


def test_no_secret_is_readable(corpus: Path) -> None:
    for capture in sorted((corpus / "credslayer").glob("*.pcap")):
        for credential in records(capture, "credential"):
            secret = credential.get("secret")
            assert secret is None or "•••••" in secret, (capture.name, credential)
            line = credential.get("hashcat", {}).get("line")
            assert line is None or "•••••" in line, (capture.name, credential)
