"""OPC UA, SMB, DCE/RPC and RDP against tshark: the same messages, calls, shares and names."""

from __future__ import annotations

import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.corpus.reading import Scanned, scanned

pytestmark = [pytest.mark.corpus, pytest.mark.tshark]

OPCUA = sorted(
    f"icsnpp-opcua/pcaps/{name}.pcap"
    for name in (
        "open62541_client-server_encrypted",
        "open62541_client-server-getEndpoints",
        "open62541_client-server_mainloop",
        "open62541_client-server_mainloop-ActivateSession-diagInfo",
        "open62541_client-server_mainloop-hasInnerStatusCode",
        "open62541_client-server_mainloop-not-localhost",
        "open62541_client-server_mainloop-withStringTable",
        "python_opcua-client-server_minimal",
    )
)
SMB = (
    "credslayer/smb-ntlm.pcap",
    "suricata-verify/smb2-06/20171220_smb_net_user.pcap",
    "suricata-verify/smb2-07/20171220_smb_psexec_add_user.pcap",
    "suricata-verify/smb2-named-pipe-unicode/input.pcap",
    "suricata-verify/dcerpc/dcerpc-smb-ctxid/input.pcap",
    "zeek/smb/smb2-zero-byte-error-ioctl.pcapng",
    "zeek/dce-rpc/20-fids.pcap",
)
CALLS = (*SMB[1:], "zeek/dce-rpc/dce_rpc_netlogon.pcapng", "suricata-verify/dcerpc/dcerpc-ctxids/input.pcap")


@cache
def _scanned(capture: Path) -> Scanned:
    return scanned(capture, events="all")


def _tshark(tshark: str, capture: Path, wanted: str, *fields: str) -> list[list[str]]:
    """Values of fields of the packets that are wanted; a packet may have several of each."""
    command = [tshark, "-r", str(capture), "-Y", wanted, "-T", "fields", "-E", "separator=/t"]
    for field in fields:
        command += ["-e", field]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return [line.split("\t") for line in ran.stdout.splitlines()]


@pytest.mark.parametrize("name", OPCUA)
def test_opcua_messages(name: str, corpus: Path, tshark: str) -> None:
    """Every readable message, by the number of its structure."""
    theirs: Counter[int] = Counter()
    wanted = "opcua.servicenodeid.numeric > 0 && !tcp.analysis.retransmission"
    for (values,) in _tshark(tshark, corpus / name, wanted, "opcua.servicenodeid.numeric"):
        theirs.update(int(value) for value in values.split(","))
    events = [e for e in _scanned(corpus / name).events if "opcua.response" in e]
    ours = Counter(e["ot.function.code"] for e in events if not e["opcua.response"])
    assert ours == Counter({code: n for code, n in theirs.items() if code in ours})
    # a fault, the answer of a service that failed as a whole, has a number of its own
    answers = Counter(e["ot.function.code"] + 3 for e in events if e["opcua.response"])
    assert answers.total() + ours.total() == theirs.total()
    assert answers.keys() - theirs.keys() == set() or 397 in theirs


@pytest.mark.parametrize("name", SMB)
def test_smb_shares_and_log_ins(name: str, corpus: Path, tshark: str) -> None:
    got = _scanned(corpus / name)
    shares = "smb2.cmd == 3 && smb2.flags.response == 0 && !tcp.analysis.retransmission"
    theirs = {row[0].lower() for row in _tshark(tshark, corpus / name, shares, "smb2.tree")}
    ours = {
        e["smb.path"].lower()
        for e in got.events
        if e["event.action"] == "tree_connect" and e["destination.port"] in (139, 445)
    }
    assert theirs <= ours
    users = {
        user
        for (values,) in _tshark(tshark, corpus / name, "ntlmssp.messagetype == 3", "ntlmssp.auth.username")
        for user in values.split(",")
        if user not in ("", "NULL")
    }
    assert {c["username"] for c in got.credentials if c["protocol"] == "ntlm"} == users


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str, corpus: Path, tshark: str) -> None:
    """Every request over pipes and TCP, by the number of its operation."""
    theirs: Counter[int] = Counter()
    wanted = "dcerpc.pkt_type == 0 && dcerpc.ver == 5 && !tcp.analysis.retransmission"
    for (values,) in _tshark(tshark, corpus / name, wanted, "dcerpc.opnum"):
        theirs.update(int(value) for value in values.split(","))
    ours: Counter[int] = Counter()
    for operation in _scanned(corpus / name).operations:
        if operation["protocol"] == "dce-rpc":
            ours[operation["code"]] += operation["count"]
    assert ours == theirs


@pytest.mark.parametrize("name", ["rdp-proprietary-encryption", "rdp-unknown-keyboard"])
def test_rdp_names(name: str, corpus: Path, tshark: str) -> None:
    capture = corpus / "zeek" / "rdp" / f"{name}.pcap"
    got = _scanned(capture)
    rows = _tshark(tshark, capture, "rdp.client.name", "rdp.client.name", "rdp.client.build")
    names = {(row[0], int(row[1])) for row in rows}
    assert names
    ours = {(e["rdp.client.name"], e["rdp.client.build"]) for e in got.events if "rdp.client.name" in e}
    assert ours == names
    cookies = {row[0].strip() for row in _tshark(tshark, capture, "rdp.rt_cookie", "rdp.rt_cookie")}
    assert {f"Cookie: mstshash={c['username']}" for c in got.credentials if c["protocol"] == "rdp"} == cookies
