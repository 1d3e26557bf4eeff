"""Modbus requests against tshark's, each once, and from the side that asks."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.corpus.reading import Scanned, address, scanned

pytestmark = pytest.mark.corpus

TOLERANCE = 0.005


@dataclass(frozen=True, slots=True)
class Case:
    """A capture, its only master, and the requests tshark 4.0 counts, retransmissions once."""

    capture: str
    master: str
    requests: int


CASES = (
    Case("ics-security-tools/ModbusTCP/ModbusTCP.pcap", "141.81.0.10", 7990),
    Case("ics-security-tools/bro/modbus/modbusBig.pcap", "10.235.149.240", 2774),
    Case("ics-security-tools/ModbusTCP/Modbus/modbus_test_2.pcap", "192.168.0.21", 2382),
)

each = pytest.mark.parametrize("case", CASES, ids=lambda case: Path(case.capture).stem)


def _asked(got: Scanned) -> Counter[str]:
    """Requests by who sent them."""
    return Counter(
        event["source.ip"]
        for event in got.events
        if event.get("ot.protocol") in {"modbus", "umas"} and event["modbus.direction"] == "request"
    )


@each
def test_requests_and_directions(case: Case, corpus: Path) -> None:
    got = scanned(corpus / case.capture, events="all")
    asked = _asked(got)
    assert asked.keys() == {case.master}
    assert asked.total() == pytest.approx(case.requests, rel=TOLERANCE)
    answered = {
        event["destination.ip"]
        for event in got.events
        if event.get("ot.protocol") == "modbus" and event["modbus.direction"] == "response"
    }
    assert answered == {case.master}
    assert {address(o["client"]) for o in got.operations if o["protocol"] == "modbus"} == {case.master}
    assert {address(c["client"]) for c in got.conversations if c["protocol"] == "modbus"} == {case.master}
    counted = sum(o["count"] for o in got.operations if o["protocol"] == "modbus")
    assert counted == pytest.approx(case.requests, rel=TOLERANCE)


@each
@pytest.mark.tshark
def test_tshark_counts_the_same(case: Case, corpus: Path, tshark: str) -> None:
    wanted = "modbus && !tcp.analysis.retransmission"
    command = [tshark, "-r", corpus / case.capture, "-Y", wanted, "-T", "fields", "-e", "modbus.func_code"]
    ran = subprocess.run(
        [*map(str, command), "-e", "tcp.dstport"], capture_output=True, text=True, check=True, timeout=300
    )
    # a frame may hold several requests: one function code for each
    requests = sum(
        len(codes.split(","))
        for codes, port in (line.split("\t") for line in ran.stdout.splitlines())
        if port == "502"
    )
    assert requests == pytest.approx(case.requests, rel=TOLERANCE)
