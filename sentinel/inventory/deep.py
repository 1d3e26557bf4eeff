"""`scan --deep`: flows that no probe knows, named by tshark. Slow, so bounded in time and flows."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel.errors import UserError
from sentinel.probes.catalogue import all_probes
from sentinel.sources.tshark import Flow, name_flows, program

if TYPE_CHECKING:
    from sentinel._native import Inventory

MOST_FLOWS = 200
"""Flows asked for in one scan, the largest."""
SECONDS = 120.0
"""Wall-clock seconds for all captures of a scan."""

# What tshark calls protocols that have a probe of their own: a probe that refused a flow is the better
# judge, and tshark goes by ports where content says little.
_OURS = frozenset(
    """
    mbtcp modbus s7comm s7commplus cotp tpkt enip cip cipcls dnp3 iec60870104 iec60870asdu bvlc bacnet
    bacapp goose sv synphasor omron opcua ads ams amsudp ssl tls dtls http http2 ssh ftp ftpdata telnet
    smtp pop imap snmp dns mdns llmnr nbns nbss nbdgm smb smb2 dcerpc ldap cldap kerberos krb5 rdp
    tpktrdp vnc rfb mysql pgsql tds redis mongo mqtt mqttsn coap sip rtsp rtp rtcp quic gquic ntp syslog
    dhcp bootp dhcpv6 ssdp radius tftp socks isakmp wg wireguard openvpn fox knxip knxnetip hartip dlms
    coseap rpc nfs cflow uaudp amqp hislip
    """.split()
)


def same(name: str) -> str:
    """A name without case and signs: `iec60870_104` and `IEC 60870-104` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def ours() -> frozenset[str]:
    """Names of tshark that stand for what has a probe."""
    return _OURS | {same(probe.name) for probe in all_probes()}


def name(
    inventory: Inventory, captures: Sequence[str], *, seconds: float = SECONDS
) -> tuple[dict[str, int], list[str]]:
    """Name what can be named in an inventory that is not worked out yet. Returns what was counted, and a line
    for each capture that could not be asked. Raises `UserError` where tshark is missing."""
    program()
    flows = [Flow(*ends) for ends in inventory.unnamed(MOST_FLOWS + 1)]
    counted = {"deep_flows": min(len(flows), MOST_FLOWS), "deep_named": 0}
    if len(flows) > MOST_FLOWS:
        counted["deep_flows_left_out"] = len(inventory.unnamed(1 << 30)) - MOST_FLOWS
        del flows[MOST_FLOWS:]
    wanted, known, warnings = set(flows), ours(), []
    until = time.monotonic() + seconds
    for capture in captures:
        path = Path(capture)
        left = until - time.monotonic()
        if not wanted:
            break
        if left <= 0:
            warnings.append(f"deep: {capture}: left out, {seconds:g} s are over")
            continue
        if not path.is_file():
            continue  # a pipe cannot be read again
        try:
            found = name_flows(path, sorted(wanted, key=repr), seconds=left)
        except UserError as error:
            warnings.append(f"deep: {error}")
            continue
        for flow, protocol in found.items():
            if same(protocol) in known:
                continue
            if inventory.name(
                flow.client, flow.server, flow.transport, flow.port, protocol.lower(), "tshark"
            ):
                counted["deep_named"] += 1
                wanted.discard(flow)
    return counted, warnings
