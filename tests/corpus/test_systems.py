"""Operating systems in captures whose hosts name theirs: the stack alone says the same family."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.inventory.systems import by_order, by_stack, family
from tests.corpus.reading import scanned

pytestmark = pytest.mark.corpus

CASES = [
    # capture, address, family: how the capture itself shows it
    ("ndpi/pcap/iphone.pcap", "192.168.2.17", "Apple"),  # user agents of an iPhone
    ("ndpi/pcap/smb_frags.pcap", "10.202.7.8", "Windows"),  # SESSION_SETUP.NativeOS: Windows Server 2016
    ("ndpi/pcap/weibo.pcap", "192.168.1.105", "Linux"),  # user agents: X11; Linux x86_64
    ("ndpi/pcap/ssh.pcap", "172.16.238.168", "Linux"),  # SSH banner: Debian
    ("ndpi/pcap/ftp.pcap", "192.168.1.212", "Apple"),  # CLNT NcFTP 3.2.6 macosx10.13
    ("ics-security-tools/s7/S7-1511_db2_var1_HMI.pcap", "192.168.25.147", "Windows"),  # WinCC on Windows 7
    ("ics-security-tools/s7/S7-1511_db2_var1_HMI.pcap", "192.168.25.139", "SIMATIC"),
]


@pytest.mark.parametrize(("capture", "address", "wanted"), CASES)
def test_the_stack_says_what_the_host_says(corpus: Path, capture: str, address: str, wanted: str) -> None:
    asset = scanned(corpus / capture).asset(address)
    hits = [
        by_stack(f["name"], f["value"]) for f in asset["facts"] if f["name"] in ("tcp_syn", "tcp_syn_ack")
    ]
    assert {family(hit[0]) for hit in hits if hit} == {wanted}
    assert family(asset["systems"][0]["os"]) == wanted
    assert asset["systems"][0]["because"][0]["frame"] > 0


def test_the_stack_contradicts_no_host_that_names_its_system(corpus: Path) -> None:
    """In all of nDPI's captures: families by stack or DHCP against families that protocols name."""
    agreed, against = 0, []
    for path in sorted((corpus / "ndpi" / "pcap").iterdir()):
        if path.stat().st_size > 4_000_000:
            continue
        for asset in scanned(path).assets:
            by_self = [f for f in asset["facts"] if f["by"] == "self"]
            named = {family(f["value"]) for f in by_self if f["name"] == "os"}
            shown = set()
            for f in by_self:
                if f["name"] in ("tcp_syn", "tcp_syn_ack"):
                    hit = by_stack(f["name"], f["value"])
                elif f["name"] == "dhcp_fingerprint":
                    hit = by_order(f["value"])
                else:
                    continue
                if hit:
                    shown.add(family(hit[0]))
            if named and shown:
                agreed += bool(named & shown)
                if not named & shown:
                    against.append((path.name, asset["ip"], named, shown))
    assert {name for name, *_ in against} == JUDGED.keys(), against
    assert agreed >= 10


JUDGED = {
    "smb_frags.pcap": "10.202.211.125 names itself SpinCifsClient (frame 1 on, SESSION_SETUP), a storage system's "
    "client, which is no name of a system; its SYN 64:MNWST:65535:6 is FreeBSD's, on which that system is built",
    "webdav.pcap": "192.168.16.173 is curl/7.68.0 on Linux: its NTLM message (frame 21) has random octets where "
    "MS-NLMP 2.2.2.10 has the version of Windows",
}
"""Captures with hosts whose stack says otherwise, and why."""
