"""Frames dissected and flows named by tshark; without it, a line that says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import UserError
from sentinel.inventory import deep
from sentinel.sources import tshark
from tests.conftest import Ran

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
PDML = b"""<?xml version="1.0"?><pdml version="0"><packet>
<proto name="geninfo" pos="0" size="4"><field name="num" show="1"/></proto>
<proto name="ip" showname="Internet Protocol" pos="14" size="20">
 <field name="ip.src" showname="Source: 10.0.0.1" show="10.0.0.1" pos="26" size="4"/>
 <field name="ip.flags" showname="Flags: 0x40" show="64" pos="20" size="1">
  <field name="ip.flags.df" showname="Don't fragment: Set" show="1" pos="20" size="1"/></field>
 <field name="ip.host" showname="Source Host: 10.0.0.1" hide="yes" show="10.0.0.1"/>
</proto></packet></pdml>"""


@pytest.fixture
def gearman(tmp_path: Path) -> Path:
    """A flow of a protocol that has no probe: a request of Gearman, on its port and its answer."""
    pytest.importorskip("scapy", reason="scapy is not installed: the capture cannot be made")
    from scapy.layers.inet import IP, TCP
    from scapy.layers.l2 import Ether
    from scapy.packet import Raw
    from scapy.utils import wrpcap

    there = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="10.0.0.1", dst="10.0.0.2")
    here = Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01") / IP(src="10.0.0.2", dst="10.0.0.1")
    a, b = {"sport": 40000, "dport": 4730}, {"sport": 4730, "dport": 40000}
    asked = b"\0REQ" + (16).to_bytes(4, "big") + (4).to_bytes(4, "big") + b"ping"  # ECHO_REQ
    got = b"\0RES" + (17).to_bytes(4, "big") + (4).to_bytes(4, "big") + b"ping"  # ECHO_RES
    frames = [
        there / TCP(**a, flags="S", seq=1),
        here / TCP(**b, flags="SA", seq=1, ack=2),
        there / TCP(**a, flags="PA", seq=2, ack=2) / Raw(asked),
        here / TCP(**b, flags="PA", seq=2, ack=2 + len(asked)) / Raw(got),
    ]
    wrpcap(str(tmp_path / "gearman.pcap"), frames)
    return tmp_path / "gearman.pcap"


def test_pdml_becomes_a_tree() -> None:
    (ip,) = tshark.parse(PDML)
    assert (ip.name, ip.shown, ip.place) == ("ip", "Internet Protocol", (14, 20))
    assert [part.name for part in ip.parts] == ["ip.src", "ip.flags"]
    assert ip.parts[1].parts[0].document() == {
        "name": "ip.flags.df", "shown": "Don't fragment: Set", "value": "1", "position": 20, "size": 1,
    }  # fmt: skip
    assert [depth for depth, _ in ip.lines()] == [0, 1, 1, 2]


@given(st.integers(0, len(PDML)), st.binary(max_size=40))
def test_cut_and_foreign_output_is_no_fault(cut: int, more: bytes) -> None:
    tshark.parse(PDML[:cut] + more)


def test_depth_is_bounded() -> None:
    deep_one = b"<pdml>" + b"<field name='a'>" * 5000 + b"</field>" * 5000 + b"</pdml>"
    (node,) = tshark.parse(deep_one)
    assert max(depth for depth, _ in node.lines()) < tshark.DEEPEST


@needs_tshark
def test_a_frame_is_dissected(cli: Callable[..., Ran], gearman: Path) -> None:
    shown = cli("probes", "dissect", str(gearman), "--frame", "3")
    assert shown.code == 0
    assert "Gearman Protocol" in shown.out
    assert "10.0.0.2" in shown.out
    layers = json.loads(cli("probes", "dissect", str(gearman), "--frame", "3", "--format", "json").out)
    assert [layer["name"] for layer in layers] == ["frame", "eth", "ip", "tcp", "gearman"]
    assert layers[2]["position"] == 14


@needs_tshark
@pytest.mark.parametrize(("frame", "why"), [("9", "has no frame 9"), ("0", "counted from 1")])
def test_a_frame_that_is_not_there(cli: Callable[..., Ran], gearman: Path, frame: str, why: str) -> None:
    ran = cli("probes", "dissect", str(gearman), "--frame", frame)
    assert ran.code != 0
    assert why in ran.err
    assert ran.err.count("\n") == 1


@needs_tshark
def test_what_is_no_capture(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "x.pcap").write_text("no capture")
    ran = cli("probes", "dissect", str(tmp_path / "x.pcap"), "--frame", "1")
    assert ran.code != 0
    assert "x.pcap" in ran.err
    ran = cli("probes", "dissect", str(tmp_path / "y.pcap"), "--frame", "1")
    assert "no such file" in ran.err


@needs_tshark
def test_time_is_bounded(gearman: Path) -> None:
    with pytest.raises(UserError, match=r"more than 0\.001 s"):
        tshark.dissect(gearman, 1, seconds=0.001)


def test_without_tshark_a_line_says_so(
    cli: Callable[..., Ran], gearman: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(UserError, match="tshark is not there: install it"):
        tshark.dissect(gearman, 1)
    monkeypatch.setenv("PATH", "/nonexistent")
    for arguments in (("probes", "dissect", str(gearman), "--frame", "1"), ("scan", str(gearman), "--deep")):
        ran = cli(*arguments)
        assert ran.code != 0
        assert "tshark is not there" in ran.err


@needs_tshark
def test_deep_names_what_no_probe_knows(cli: Callable[..., Ran], gearman: Path) -> None:
    plain = cli("scan", str(gearman), "--no-rules", "--format", "ndjson")
    assert '"protocol":"gearman"' not in plain.out
    ran = cli("scan", str(gearman), "--no-rules", "--format", "ndjson", "--deep")
    records = [json.loads(line) for line in ran.out.splitlines()]
    (flow,) = [r for r in records if r["record"] == "conversation"]
    assert (flow["protocol"], flow["port"]) == ("gearman", 4730)
    (asset,) = [r for r in records if r["record"] == "asset" and "10.0.0.2" in r["ip"]]
    (service,) = asset["services"]
    assert (service["protocol"], service["confidence"], service["named_by"]) == ("gearman", 0.5, "tshark")
    assert "deep: 1 of 1 flows" in ran.err


@needs_tshark
def test_deep_never_names_what_has_a_probe(gearman: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep, "_OURS", deep._OURS | {"gearman"})
    from sentinel import pipeline

    result = pipeline.scan([str(gearman)], pipeline.Options(deep=True))
    assert (result.counted["deep_flows"], result.counted["deep_named"]) == (1, 0)


@needs_tshark
def test_deep_is_bounded_in_flows_and_time(gearman: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sentinel import pipeline

    monkeypatch.setattr(deep, "MOST_FLOWS", 0)
    result = pipeline.scan([str(gearman)], pipeline.Options(deep=True))
    assert result.counted["deep_flows_left_out"] == 1
    monkeypatch.setattr(deep, "MOST_FLOWS", 200)
    inventory = pipeline.scan([str(gearman)], pipeline.Options()).inventory
    counted, lines = deep.name(inventory, [str(gearman)], seconds=0)
    assert counted["deep_named"] == 0
    assert "are over" in lines[0]


@needs_tshark
def test_the_frame_that_proves_a_fact(cli: Callable[..., Ran], gearman: Path, tmp_path: Path) -> None:
    store = f"sqlite://{tmp_path / 'store'}"
    assert cli("scan", str(gearman), "--no-rules", "--store", store).code == 0
    shown = cli("assets", "show", "10.0.0.1", "--dissect", "tcp_syn", "--store", store)
    assert "frame 1 of" in shown.out
    assert "Transmission Control Protocol" in shown.out
    document = json.loads(
        cli("assets", "show", "10.0.0.1", "--dissect", "tcp_syn", "--format", "json", "--store", store).out
    )
    assert document["frames"][0]["layers"][3]["name"] == "tcp"
    ran = cli("assets", "show", "10.0.0.1", "--dissect", "serial", "--store", store)
    assert "has no fact 'serial' (there are: " in ran.err
    gearman.unlink()
    ran = cli("assets", "show", "10.0.0.1", "--dissect", "tcp_syn", "--store", store)
    assert "not where they were" in ran.err
