"""Passwords that are guessed offline in the captures: those that were looked at, and no others.

That a password is right shows in itself: the response is that of no other one. What is listed here says
which of the lines are weak; all others stay closed with the lists that ship.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.corpus.files import captures
from tests.corpus.reading import scanned
from tests.crack.primitives import mac, nt

pytestmark = pytest.mark.corpus

WEAK = Counter(
    {
        ("credslayer/smb-ntlm.pcap", "ntlm", "user", ""): 4,
        ("credslayer/smb-ntlm.pcap", "ntlm", "Tim Tester", "tester"): 1,
        ("ndpi/pcap/webdav.pcap", "ntlm", "WebDAV", "WebDAV"): 7,
        ("suricata-verify/smb2-delete/input.pcap", "ntlm", "GUEST", ""): 1,
        ("suricata-verify/snmp-v3-encrypted/SNMPv3.pcap", "snmp", "admin", "p@ssw0rd"): 1,
        ("zeek/dce-rpc/20-fids.pcap", "ntlm", "zeek", "zeek"): 21,
        ("zeek/smb/smb2.delete-on-close-perms-delete-existing.pcap", "ntlm", "zeek", "zeek"): 1,
    }
)
"""(capture, protocol, user, password) and how many log-ins."""

LOOKED_AT = {"ntlm", "http", "snmp"}
"""Protocols whose lines were all looked at."""


def _ntlmv2(line: str, password: str) -> bool:
    """Whether a line of NetNTLMv2 is that of a password (MS-NLMP, 3.3.2), by other means than the scan's."""
    user, _, domain, challenge, proof, blob = line.split(":")
    key = mac("md5", nt(password), (user.upper() + domain).encode("utf-16-le"))
    return mac("md5", key, bytes.fromhex(challenge), bytes.fromhex(blob)).hex() == proof


def test_weak_ones_are_found_and_no_others(corpus: Path) -> None:
    found: Counter[tuple[str, str, str, str]] = Counter()
    lines = 0
    for path in captures(corpus):
        for c in scanned(path).credentials:
            lines += "hashcat" in c and c["protocol"] in LOOKED_AT
            if "cracked" not in c["weaknesses"]:
                assert "password" not in c
                continue
            if c.get("hashcat", {}).get("mode") == 5600:
                assert _ntlmv2(c["hashcat"]["line"], c["password"])
            if c["protocol"] in LOOKED_AT:
                name = path.relative_to(corpus).as_posix()
                found[name, c["protocol"], c["username"], c["password"]] += 1
    assert found == WEAK
    assert lines > 60
