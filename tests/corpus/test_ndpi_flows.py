"""Labels of nDPI's own results for industrial and IoT flows, against the protocol we give the same flow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.probes.catalogue import all_probes
from tests.corpus.reading import scanned

pytestmark = pytest.mark.corpus

NAMES: dict[str, frozenset[str]] = {
    theirs: frozenset(ours.split())
    for theirs, ours in {
        "ANSI_C1222": "c1222",
        "BACnet": "bacnet",
        "BeckhoffADS": "ads",
        "CIP": "cip enip",
        "COAP": "coap lwm2m",
        "CoAP": "coap lwm2m",
        "CODESYS": "codesys",
        "Controller_Area_Network": "can",
        "DICOM": "dicom",
        "DNP3": "dnp3",
        "DHCP": "dhcp",
        "DHCPV6": "dhcpv6",
        "EtherNet/IP": "enip cip",
        "EtherCAT": "ethercat",
        "EthernetIP": "enip cip",
        "EthernetGlobalData": "egd",
        "FINS": "fins",
        "HART-IP": "hart-ip",
        "HL7": "hl7",
        "HiSLIP": "hislip",
        "IEC60870": "iec104",
        "IEEE-C37118": "c37118",
        "ISO9506-1-MMS": "mms",
        "KNXnet_IP": "knx",
        "LLMNR": "llmnr",
        "MDNS": "mdns",
        "MQTT": "mqtt sparkplug-b",
        "Modbus": "modbus",
        "NetBIOS": "nbns smb",
        "OPC-UA": "opcua",
        "OMRON_FINS": "fins",
        "PROFINET_IO": "profinet-io",
        "RTPS": "rtps",
        "RTSP": "rtsp",
        "S7Comm": "s7comm",
        "S7CommPlus": "s7comm-plus",
        "SNMP": "snmp",
        "SOMEIP": "someip",
        "SSDP": "ssdp upnp",
        "TRDP": "trdp",
        "TPLINK_SHP": "tplink-shp",
        "TUYA_LP": "tuya",
        "UBNTAC2": "ubnt-discovery",
        "UMAS": "umas modbus",
        "WSD": "ws-discovery",
        "XiaomiMiIO": "miio",
    }.items()
}
"""nDPI's name of a protocol -> ours, any of which will do."""

WITHIN = {"cip": "enip", "umas": "modbus", "pccc": "enip", "sparkplug-b": "mqtt"}
"""Given by the probe of another name."""

NOT_LOOKED_AT = {"fuzz-2006-09-29-28586.pcap", "fuzz-2020-02-16-11740.pcap"}
"""Captures of damaged packets, where nDPI goes by ports."""

JUDGED: dict[tuple[str, str], str] = {
    (
        "netbios.pcap",
        "tcp 10.0.4.24:139 10.0.4.131:1398 NetBIOS",
    ): "two keep-alive segments, one octet 00 at the "
    "end of frame with sequence ad5d193a and an acknowledgement: nothing but port 139 says NetBIOS",
}
"""(capture, flow: transport, ends, nDPI's name) -> why we say otherwise, with frame and bytes."""

_FLOW = re.compile(
    r"^\s+\d+\s+(TCP|UDP) \[?([0-9a-f.:]+?)\]?:(\d+) <?->? \[?([0-9a-f.:]+?)\]?:(\d+) .*?\[proto: [\d.]+/([^\]]+)\]"
)


def flows(result: Path) -> Iterator[tuple[str, tuple[str, str], tuple[str, str], str]]:
    """(transport, end, other end, name) of each flow of a result that has a name in the table."""
    for line in result.read_text(encoding="utf-8", errors="replace").splitlines():
        found = _FLOW.match(line)
        if found is None:
            continue
        transport, a, a_port, b, b_port, label = found.groups()
        for name in label.split("."):
            if name in NAMES:
                yield transport.lower(), (a, a_port), (b, b_port), name


def test_industrial_and_iot_labels(corpus: Path) -> None:
    probes = {probe.name for probe in all_probes()}
    have = probes | {inner for inner, outer in WITHIN.items() if outer in probes}
    agreed: dict[str, int] = {}
    differing: dict[tuple[str, str], set[str | None]] = {}
    for result in sorted((corpus / "ndpi" / "result").glob("*.out")):
        capture = corpus / "ndpi" / "pcap" / result.name.removesuffix(".out")
        # names without a probe of ours are for those who build it
        wanted = [flow for flow in flows(result) if NAMES[flow[3]] & have]
        if not wanted or not capture.is_file() or capture.name in NOT_LOOKED_AT:
            continue
        ours: dict[tuple[str, frozenset[str], str], set[str | None]] = {}
        for c in scanned(capture).conversations:
            ends = frozenset((c["client"].get("ip", ""), c["server"].get("ip", "")))
            ours.setdefault((c["transport"], ends, str(c.get("port"))), set()).add(c["protocol"])
        for transport, (a, a_port), (b, b_port), name in wanted:
            ends = frozenset((a, b))
            said = ours.get((transport, ends, b_port), set()) | ours.get((transport, ends, a_port), set())
            if said & NAMES[name]:
                agreed[name] = agreed.get(name, 0) + 1
            else:
                differing[capture.name, f"{transport} {a}:{a_port} {b}:{b_port} {name}"] = said
    assert differing.keys() == JUDGED.keys(), differing
    assert sum(agreed.values()) > 60
    assert {"BACnet", "IEC60870", "MQTT", "SNMP", "UBNTAC2", "BeckhoffADS"} <= agreed.keys()


def test_every_name_is_a_protocol_of_ours() -> None:
    from sentinel.model.words import PROTOCOLS

    assert {name for names in NAMES.values() for name in names} <= PROTOCOLS
