"""Fingerprints of TLS and SSH against what nDPI found in the same captures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.corpus

JUDGED = {
    "heuristic_tcp_ack_payload.pcap": "two bytes of padding were sent as payload before each ClientHello and "
    "then sent over; what came first counts here, nDPI leaves payload of bare acknowledgements out",
    "steam.pcapng": "port 54243: nDPI takes the HelloRetryRequest for the ServerHello (frame 22, its random "
    "is cf21ad74e59a6111…); ours is the ServerHello of frame 26",
}
"""Captures in which some fingerprints differ, and why. Besides, nDPI writes two letters of a JA4 in its own
way: the first two characters of the ALPN name where the description says the first and the last (`ht` for
`http/1.1`), and `d` where no SNI is in the hello (doh.pcapng, frame 4:
extensions 5 10 11 13 ff01 16 18 43 51),
`i` where the SNI holds an address (sonos.pcapng, frame 4: 192.168.1.70)."""

_FLOW = re.compile(r"\sTCP \[?[^\s]+?\]?:(\d+) <?->? \[?[^\s]+?\]?:(\d+) ")
_PRINTS = {
    "tls.client.ja4": re.compile(r"\[JA4: (t\w+)\]"),
    "tls.server.ja3s": re.compile(r"\[JA3S: (\w+)"),
    "ssh.client.hassh": re.compile(r"\[HASSH-C: (\w+)\]"),
    "ssh.server.hassh": re.compile(r"\[HASSH-S: (\w+)\]"),
}


def theirs(result: Path) -> Iterator[tuple[str, frozenset[int], str]]:
    """(field, both ports, fingerprint) of each TCP flow."""
    for line in result.read_text(encoding="utf-8", errors="replace").splitlines():
        flow = _FLOW.search(line)
        if flow is None:
            continue
        for field, pattern in _PRINTS.items():
            found = pattern.search(line)
            if found is not None:
                yield field, frozenset((int(flow[1]), int(flow[2]))), found[1].lower()


def ours(capture: Path) -> set[tuple[str, frozenset[int], str]]:
    from sentinel._native import Scan

    run, out = Scan([str(capture)], events="all"), set()
    done = False
    while not done:
        done = run.step(1.0)
        for line in run.events().ndjson(reveal=True).splitlines():
            event = json.loads(line)
            for field in _PRINTS.keys() & event.keys():
                out.add((field, frozenset((event["source.port"], event["destination.port"])), event[field]))
    return out


def comparable(field: str, value: str) -> str:
    """Without the letters of a JA4 that nDPI writes in its own way."""
    if field != "tls.client.ja4":
        return value
    head, *rest = value.split("_")
    return "_".join((head[:3] + head[4:9] + ("2" if head.endswith("h2") else ""), *rest))


def test_they_agree(corpus: Path) -> None:
    agreed, differing = 0, set()
    for result in sorted((corpus / "ndpi" / "result").glob("*.out")):
        capture = corpus / "ndpi" / "pcap" / result.name.removesuffix(".out")
        wanted = {(f, ports, comparable(f, v)) for f, ports, v in theirs(result)}
        if not wanted or not capture.is_file():
            continue
        found = {(f, ports, comparable(f, v)) for f, ports, v in ours(capture)}
        agreed += len(wanted & found)
        if wanted - found:
            differing.add(capture.name)
    assert differing == JUDGED.keys()
    assert agreed > 300
