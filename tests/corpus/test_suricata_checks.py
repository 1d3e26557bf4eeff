"""Checks of suricata-verify for industrial and base protocols, met by our events on the same captures.

Each case names a check of the capture's `test.yaml` and the events of ours that say the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.corpus.reading import Record, scanned

pytestmark = pytest.mark.corpus

CASES: list[tuple[str, str, int, dict[str, Any]]] = [
    # modbus/test.yaml: two requests RdCoils (frames 51, 54; five more exceptions to none, frames 91 to 99)
    ("modbus/modbus.pcap", "modbus", 2, {"ot.function.code": 1, "modbus.direction": "request"}),
    # modbus/test.yaml: signature 4 with function MEI, twice (request and response)
    ("modbus/modbus.pcap", "modbus", 2, {"ot.function.code": 43}),
    # mqtt311-pub-userpass/test.yaml: one CONNECT, CONNACK, PUBLISH, DISCONNECT
    ("mqtt311-pub-userpass/input.pcap", "mqtt", 1, {"event.action": "connect"}),
    ("mqtt311-pub-userpass/input.pcap", "mqtt", 1, {"event.action": "connack"}),
    ("mqtt311-pub-userpass/input.pcap", "mqtt", 1, {"event.action": "publish"}),
    ("mqtt311-pub-userpass/input.pcap", "mqtt", 1, {"event.action": "disconnect"}),
    # dhcp-option-52-overload/test.yaml: offers and acknowledgements with servers out of the overloaded sname
    ("dhcp-option-52-overload/input.pcap", "dhcp", 1,
     {"dhcp.message_type": "offer", "sentinel.frame": 4, "dhcp.routers": ["10.100.0.2"],
      "dhcp.dns_servers": ["10.100.0.2"]}),
    ("dhcp-option-52-overload/input.pcap", "dhcp", 1,
     {"dhcp.message_type": "ack", "sentinel.frame": 7, "dhcp.routers": ["10.100.0.2"],
      "dhcp.dns_servers": ["10.100.0.2"]}),
    ("dhcp-option-52-overload/input.pcap", "dhcp", 1,
     {"dhcp.message_type": "offer", "sentinel.frame": 3, "dhcp.routers": ["10.100.0.1"],
      "dhcp.dns_servers": ["10.100.0.1"]}),
    ("dhcp-option-52-overload/input.pcap", "dhcp", 1,
     {"dhcp.message_type": "ack", "sentinel.frame": 8, "dhcp.routers": ["10.100.0.1"],
      "dhcp.dns_servers": ["10.100.0.1"]}),
    # snmp-v3-*/test.yaml: eight messages of version 3; two, three requests; four encrypted; one bulk request
    ("snmp-v3-encrypted/SNMPv3.pcap", "snmp", 8, {"snmp.version": "3"}),
    ("snmp-v3-encrypted/SNMPv3.pcap", "snmp", 2, {"snmp.version": "3", "snmp.pdu_type": "get_request"}),
    ("snmp-v3-encrypted/SNMPv3.pcap", "snmp", 4, {"event.action": "encrypted"}),
    ("snmp-v3-unauth/snmp-v3-get-bulk-unauth.pcap", "snmp", 8, {"snmp.version": "3"}),
    ("snmp-v3-unauth/snmp-v3-get-bulk-unauth.pcap", "snmp", 3, {"snmp.pdu_type": "get_request"}),
    ("snmp-v3-unauth/snmp-v3-get-bulk-unauth.pcap", "snmp", 1, {"snmp.pdu_type": "get_bulk_request"}),
    # dnp3-eve/test.yaml: the first messages; its pcap_cnt 5, 7 and 11 are the packets that acknowledge frames
    # 4, 6 and 8, which tshark and we name
    ("dnp3/dnp3-eve/input.pcap", "dnp3", 1,
     {"sentinel.frame": 4, "ot.function.code": 21, "dnp3.source": 1, "dnp3.destination": 10}),
    ("dnp3/dnp3-eve/input.pcap", "dnp3", 1, {"sentinel.frame": 6, "ot.function.code": 130}),
    ("dnp3/dnp3-eve/input.pcap", "dnp3", 1, {"sentinel.frame": 8, "ot.function.code": 129}),
    # enip-keywords/test.yaml: signature 2 on SendUnitData, 267 times
    ("enip-keywords/enip_cip_example.pcap", "enip", 267, {"ot.function.code": 112}),
    # smb2-delete/test.yaml: one file is deleted on close
    ("smb2-delete/input.pcap", "smb", 1, {"ot.function.name": "delete"}),
    # ssh-newkeys: the handshake goes to its end
    ("ssh-newkeys/input.pcap", "ssh", 1, {"event.outcome": "success"}),
    # ja4-tls/test.yaml, tls-alpn-log-detect-02/test.yaml
    ("ja4-tls/input.pcap", "tls", 1, {"tls.client.ja4": "t12i1810s1_27d4652c4487_06a4338d0495"}),
    ("tls-alpn-log-detect-02/input.pcap", "tls", 1,
     {"tls.client.supported_protocols": ["h2", "http/1.1"], "tls.next_protocol": "http/1.1"}),
]  # fmt: skip
"""(capture, dataset, count, fields): so many events have all of the fields."""


def fits(event: Record, fields: dict[str, Any]) -> bool:
    return all(event.get(name) == value for name, value in fields.items())


@pytest.mark.parametrize(("capture", "dataset", "count", "fields"), CASES)
def test_check(corpus: Path, capture: str, dataset: str, count: int, fields: dict[str, Any]) -> None:
    events = scanned(corpus / "suricata-verify" / capture, events="all").events
    ours = [e for e in events if e["event.dataset"] == f"sentinel.{dataset}"]
    assert len([e for e in ours if fits(e, fields)]) == count, ours[:3]


def test_credentials_of_mqtt(corpus: Path) -> None:
    """mqtt311-pub-userpass/test.yaml: connect.username user, connect.password pass."""
    (credential,) = scanned(corpus / "suricata-verify/mqtt311-pub-userpass/input.pcap").credentials
    assert (credential["username"], credential["secret"]) == ("user", "pass")


def test_names_of_smb(corpus: Path) -> None:
    """smb1-03-midstream/test.yaml: native_os and native_lm of both sides."""
    path = "suricata-verify/smb1-03-midstream/smb1_osx-s1-midstream-modified.pcap"
    facts = [f for a in scanned(corpus / path).assets for f in a["facts"] if f["protocol"] == "smb"]
    said = {f["value"] for f in facts}
    assert {"Mac OS X 10.10", "SMBFS 3.0.0", "QTS", "Samba 4.4.16"} <= said
