"""Events of flows against what else is known of the same packets: conversations, and tshark's frames."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.corpus.comparing import read_log
from tests.corpus.files import captures
from tests.corpus.reading import Record, address, scanned

pytestmark = pytest.mark.corpus

WITNESSED = (
    "zeek/http/get.pcap",
    "zeek/ftp/ipv4.pcap",
    "zeek/tcp/fin_retransmission.pcap",
    "zeek/tcp/reassembly.pcap",
    "zeek/tcp/syn.pcap",
    "ics-security-tools/s7/s7comm_varservice_libnodavedemo.pcap",
    "ics-security-tools/s7/snap7_s300_everything.pcapng",
)
"""Captures without tunnels, fragments or damaged frames."""


def flows(capture: Path, mode: str) -> list[Record]:
    found = scanned(capture, events=mode).events
    return [e for e in found if e["event.dataset"] == "sentinel.flow" and e["event.action"] == "flow"]


def small(corpus: Path, most: int) -> list[Path]:
    files = [f for f in captures(corpus) if 2_000 < f.stat().st_size < 200_000]
    return files[:: max(1, len(files) // most)]


def test_flows_add_up_to_conversations(corpus: Path) -> None:
    compared = 0
    for capture in small(corpus, 60):
        found = scanned(capture, events="all")
        ours: Counter[tuple[str, ...]] = Counter()
        for e in found.events:
            if e["event.dataset"] == "sentinel.flow" and e["event.action"] == "flow":
                key = (e["source.ip"], e["destination.ip"], str(e.get("destination.port", 0)))
                ours[key] += e["network.packets"]
        theirs: Counter[tuple[str, ...]] = Counter()
        for c in found.conversations:
            if c["transport"] != "ethernet":
                theirs[(address(c["client"]), address(c["server"]), str(c.get("port", 0)))] += c["packets"]
        assert ours == theirs, capture
        compared += len(ours)
    assert compared > 100


def test_masses_lose_nothing(corpus: Path) -> None:
    for capture in small(corpus, 60):
        every, notable = flows(capture, "all"), flows(capture, "notable")
        told = [e for e in every if e["network.iana_number"] in (1, 6, 17, 58, 132)]
        for name in ("sentinel.flow.count", "source.bytes", "destination.packets"):
            assert sum(e[name] for e in told) == sum(e[name] for e in notable), (capture, name)


@pytest.mark.tshark
@pytest.mark.parametrize("name", WITNESSED)
def test_packets_of_each_connection(name: str, corpus: Path, tshark: str) -> None:
    capture = corpus / name
    columns = [f for n in ("ip.src", "tcp.srcport", "ip.dst", "tcp.dstport") for f in ("-e", n)]
    command = [tshark, "-r", str(capture), "-Y", "tcp && ip", "-T", "fields", *columns]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    theirs = Counter(tuple(line.split("\t")) for line in lines)
    ours: Counter[tuple[str, ...]] = Counter()
    for e in flows(capture, "all"):
        if e["network.transport"] != "tcp" or e["network.type"] != "ipv4":
            continue
        a, b = (e["source.ip"], str(e["source.port"])), (e["destination.ip"], str(e["destination.port"]))
        ours[a + b] += e["source.packets"]
        ours[b + a] += e["destination.packets"]
    assert +ours == theirs


@pytest.mark.parametrize(
    ("log", "trace"),
    [
        (
            "icsnpp-modbus/testing/baseline/analyzer.basic/conn.log",
            "icsnpp-modbus/testing/traces/modbus_example.pcap",
        ),
        (
            "icsnpp-s7comm/tests/baseline/analyzer.s7comm_plus/conn.log",
            "icsnpp-s7comm/tests/traces/s7comm_plus.pcap",
        ),
        (
            "icsnpp-bacnet/testing/baseline/analyzer.basic/conn.log",
            "icsnpp-bacnet/testing/traces/bacnet_example.pcap",
        ),
    ],
    ids=["modbus", "s7comm-plus", "bacnet"],
)
def test_states_and_histories_are_those_of_zeek(log: str, trace: str, corpus: Path) -> None:
    """Letters that Zeek repeats, and `t` for what was sent again, are left out."""
    ours = {
        (e["source.ip"], str(e["source.port"]), e["destination.ip"], str(e["destination.port"])): e
        for e in flows(corpus / trace, "all")
    }
    compared = 0
    for row in read_log(corpus / log):
        key = tuple(str(row[name]) for name in ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"))
        found = ours.get(key)  # type: ignore[arg-type]
        if found is None:
            continue
        compared += 1
        letters = "".join(dict.fromkeys((row["history"] or "").replace("T", "").replace("t", "")))
        assert (found["sentinel.flow.state"], found["sentinel.flow.history"]) == (row["conn_state"], letters)
    assert compared * 10 >= len(list(read_log(corpus / log))) * 9, compared
