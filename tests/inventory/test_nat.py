"""A router with a network behind it, plugged into another: what events and inventory say of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.reading import scanned

pytest.importorskip("scapy", reason="scapy is not installed: the scene cannot be made")

OUTSIDE, WEB = "192.168.1.7", "198.51.100.9"
LINUX = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)]
WINDOWS = [("MSS", 1460), ("NOP", None), ("WScale", 8), ("NOP", None), ("NOP", None), ("SAckOK", b"")]
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0",
)


def scene(path: Path, *, behind: bool) -> Path:
    """Browsing through one address: of a laptop, or of two systems whose router has that address."""
    from scapy.layers.inet import IP, TCP
    from scapy.layers.l2 import ARP, Ether
    from scapy.packet import Raw
    from scapy.utils import wrpcap

    router, gateway = "02:00:00:00:00:07", "02:00:00:00:00:01"
    frames = [Ether(src=router, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=router, psrc=OUTSIDE, pdst=WEB)]
    out, back = Ether(src=router, dst=gateway), Ether(src=gateway, dst=router)
    for n in range(8):
        second = behind and n % 2 == 1
        ttl = (127 if second else 63) if behind else 64
        port = 40000 + n
        there = out / IP(src=OUTSIDE, dst=WEB, ttl=ttl)
        here = back / IP(src=WEB, dst=OUTSIDE, ttl=52)
        said = f"GET /{n} HTTP/1.1\r\nHost: example.org\r\nUser-Agent: {AGENTS[second]}\r\n\r\n".encode()
        got = b"HTTP/1.1 204 No Content\r\n\r\n"
        a, b = {"sport": port, "dport": 80}, {"sport": 80, "dport": port}
        frames += [
            there / TCP(**a, flags="S", seq=1, options=WINDOWS if second else LINUX),
            here / TCP(**b, flags="SA", seq=1, ack=2),
            there / TCP(**a, flags="PA", seq=2, ack=2) / Raw(said),
            here / TCP(**b, flags="PA", seq=2, ack=2 + len(said)) / Raw(got),
        ]
    for n, frame in enumerate(frames):
        frame.time = 1_750_000_000 + n
    wrpcap(str(path), frames)
    return path


def test_two_systems_behind_a_router(tmp_path: Path) -> None:
    found = scanned(scene(tmp_path / "nat.pcap", behind=True), events="notable")
    (nat,) = [e for e in found.events if e["event.action"] == "nat"]
    assert (nat["event.dataset"], nat["source.ip"]) == ("sentinel.nat", OUTSIDE)
    assert nat["sentinel.confidence"] >= 0.7
    signs = [e["sentinel.nat.sign"] for e in found.events if e["event.action"] == "nat-sign"]
    assert sorted(signs) == ["hops", "stacks", "ttls", "user-agents"]
    facts = [f for f in found.asset(OUTSIDE)["facts"] if f["name"] == "nat"]
    assert [f["value"] for f in facts] == [", ".join(nat["sentinel.nat.signs"])]


def test_a_laptop_is_no_network(tmp_path: Path) -> None:
    found = scanned(scene(tmp_path / "one.pcap", behind=False), events="notable")
    assert not [e for e in found.events if e["event.dataset"] == "sentinel.nat"]
    assert len([e for e in found.events if e["event.action"] == "flow"]) == 8


def test_a_network_within_another(tmp_path: Path) -> None:
    """A host carries packets of other addresses in VXLAN: told once, with whom, and as a sign."""
    from scapy.layers.inet import IP, TCP, UDP
    from scapy.layers.l2 import Ether
    from scapy.layers.vxlan import VXLAN
    from scapy.utils import wrpcap

    end = Ether(src="02:00:00:00:00:07", dst="02:00:00:00:00:01") / IP(src=OUTSIDE, dst="192.168.1.9")
    frames = [
        end
        / UDP(sport=50000 + n, dport=4789)
        / VXLAN(vni=7)
        / Ether(src="02:00:00:00:01:01", dst="02:00:00:00:01:02")
        / IP(src="172.20.0.5", dst="172.20.0.6")
        / TCP(sport=40000 + n, dport=502, flags="S", options=LINUX)
        for n in range(3)
    ]
    for n, frame in enumerate(frames):
        frame.time = 1_750_000_000 + n
    wrpcap(str(tmp_path / "vxlan.pcap"), frames)
    found = scanned(tmp_path / "vxlan.pcap", events="notable")
    (tunnel,) = [e for e in found.events if e["event.action"] == "tunnel"]
    assert (tunnel["source.ip"], tunnel["destination.ip"]) == (OUTSIDE, "192.168.1.9")
    assert (tunnel["sentinel.flow.tunnel"], tunnel["sentinel.nat.network"]) == ("vxlan", "172.20.0.0")
    assert tunnel["sentinel.frame"] == 1
    (sign,) = [e for e in found.events if e["event.action"] == "nat-sign"]
    assert (sign["sentinel.nat.sign"], sign["sentinel.confidence"]) == ("tunnel", 0.4)
    (fact,) = [f for f in found.asset(OUTSIDE)["facts"] if f["name"] == "tunnel"]
    assert fact["value"] == "vxlan to 192.168.1.9, for 172.20.0.5"
    assert fact["frame"] == 1
