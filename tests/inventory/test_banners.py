"""Banner knowledge in recog's XML: ours is right in every entry, a user's is read, and none is trusted."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.inventory import banners, tables
from sentinel.inventory.banners import Knowledge, asset_keys, load, parse, shipped
from sentinel.inventory.identity import KEYS
from sentinel.inventory.meaning import describe
from sentinel.inventory.profile import Fact, Profile, Service
from sentinel.inventory.vendors import canonical
from sentinel.model.words import ASSET_TYPES, PROTOCOLS

OURS = shipped()
THEIRS = b"""<?xml version="1.0"?>
<fingerprints matches="ftp.banner">
  <fingerprint pattern="^(\\S+) Acme ([A-Z]\\d+) FTP v([\\d.]+)$" flags="REG_ICASE">
    <description>Acme controller</description>
    <example host.name="press7" hw.product="C9" os.version="2.1">press7 Acme C9 FTP v2.1</example>
    <param pos="1" name="host.name"/>
    <param pos="0" name="hw.vendor" value="Acme"/>
    <param pos="2" name="hw.product"/>
    <param pos="0" name="hw.device" value="PLC"/>
    <param pos="3" name="os.version"/>
    <param pos="0" name="service.product" value="AcmeFTP"/>
    <param pos="0" name="service.version" value="{os.version}-{hw.product}"/>
    <param pos="0" name="service.cpe23" value="cpe:/a:acme:ftp:{missing.param}"/>
  </fingerprint>
</fingerprints>
"""


@pytest.mark.parametrize("entry", OURS, ids=lambda entry: entry.description)
def test_each_example_gives_what_it_says(entry: banners.Entry) -> None:
    """The example is found by its own entry, not by one before it, and every attribute holds."""
    alone = Knowledge()
    alone.add([one for one in OURS if one.matches == entry.matches])
    assert alone.warnings == []
    assert entry.examples
    for text, wanted in entry.examples:
        found = alone.origins[0][entry.matches].first(text)
        assert found is not None
        assert found[0] is entry
        assert wanted.items() <= found[1].items()
        values, weight = asset_keys(found[1])
        assert values.keys() <= {*KEYS, "type", "service.product", "service.version"}
        assert values
        assert values.get("type", "plc") in ASSET_TYPES
        assert 0 < weight <= 4
        assert canonical(values.get("vendor", "Siemens")) == values.get("vendor", "Siemens")


def test_ours_are_enough_and_read_something() -> None:
    assert len(OURS) >= 60
    rows = tables.rows("banner_matches.tsv")
    assert {entry.matches for entry in OURS} <= {row[0] for row in rows}
    assert {protocol for row in rows for protocol in row[1].split()} - PROTOCOLS == {"nntp"}
    assert {role for _, role in tables.rows("banner_devices.tsv") if role} <= {*ASSET_TYPES}


def test_a_folder_of_a_user(tmp_path: Path) -> None:
    (tmp_path / "xml").mkdir()
    (tmp_path / "xml" / "ftp_banners.xml").write_bytes(THEIRS)
    profile = Profile(
        facts=[Fact("banner", "press7 acme C9 FTP v2.1", "ftp", "220 reply")],
        services=[Service("ftp", 21, "tcp")],
    )
    meaning = describe(profile, known=tmp_path)
    assert (meaning.vendor, meaning.product, meaning.firmware, meaning.name) == (
        "Acme",
        "C9",
        "2.1",
        "press7",
    )
    assert meaning.type == "plc"
    assert meaning.because["firmware"] == ["f0"]
    assert meaning.services == {"s0": {"product": "AcmeFTP", "version": "2.1-C9"}}
    assert describe(profile).vendor is None


def test_what_cannot_be_used_is_named_and_the_rest_is(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(THEIRS.replace(b"^(\\S+) Acme", b"^(?!x)(\\S+) Acme"))
    (tmp_path / "b.xml").write_bytes(b"<fingerprints matches='ssh.banner'>\n<fingerprint")
    (tmp_path / "c.xml").write_bytes(b"<!DOCTYPE x [<!ENTITY a 'b'>]>\n<fingerprints matches='x'/>")
    (tmp_path / "d.xml").write_bytes(b"<html><body/></html>")
    (tmp_path / "e.xml").write_bytes(b"<fingerprints matches='x'><fingerprint/></fingerprints>")
    knowledge = load(tmp_path)
    assert len(knowledge) == len(load())
    told = sorted(Path(line.split(": ")[0]).name for line in knowledge.warnings)
    assert told == ["a.xml:3", "b.xml:2", "c.xml:1", "d.xml:1", "e.xml:1"]
    assert all("\n" not in line for line in knowledge.warnings)


def test_theirs_is_asked_before_ours_and_both_are_heard() -> None:
    knowledge = Knowledge()
    knowledge.add(
        parse(THEIRS.replace(b"^(\\S+) Acme ([A-Z]\\d+) FTP v([\\d.]+)$", b"^(Nu)(c)(leus)"), "mine.xml")
    )
    knowledge.add(OURS)
    both = knowledge.find("ftp", "banner", "Nucleus FTP Server (Version 1.7) ready.")
    assert [dict(f.values).get("service.product") for f in both] == ["AcmeFTP", "Nucleus FTP Server"]


def test_a_realm_is_read_as_its_header() -> None:
    (found,) = load().find("http", "realm", "Login to 3K05A4CPAZ12345")
    assert dict(found.values) == {"vendor": "Dahua", "serial": "3K05A4CPAZ12345"}


def test_a_scan_uses_the_folder_and_says_what_it_cannot_use(tmp_path: Path) -> None:
    pytest.importorskip("scapy", reason="scapy is not installed: the capture cannot be made")
    from scapy.layers.inet import IP, TCP
    from scapy.layers.l2 import Ether
    from scapy.packet import Raw
    from scapy.utils import wrpcap

    said = b"220 press7 Acme C9 FTP v2.1\r\n"
    there = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="10.0.0.1", dst="10.0.0.2")
    here = Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01") / IP(src="10.0.0.2", dst="10.0.0.1")
    a, b = {"sport": 40000, "dport": 21}, {"sport": 21, "dport": 40000}
    frames = [
        there / TCP(**a, flags="S", seq=1),
        here / TCP(**b, flags="SA", seq=1, ack=2),
        here / TCP(**b, flags="PA", seq=2, ack=2) / Raw(said),
        there / TCP(**a, flags="PA", seq=2, ack=2 + len(said)) / Raw(b"USER x\r\n"),
    ]
    wrpcap(str(tmp_path / "ftp.pcap"), frames)
    known = tmp_path / "known"
    known.mkdir()
    (known / "mine.xml").write_bytes(THEIRS)
    (known / "broken.xml").write_bytes(b"<fingerprints")
    run = subprocess.run(
        [sys.executable, "-m", "sentinel", "scan", str(tmp_path / "ftp.pcap"), "--known", str(known),
         "--no-rules", "--format", "ndjson"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "broken.xml:1" in run.stderr
    (asset,) = [line for line in run.stdout.splitlines() if '"vendor":"Acme"' in line]
    assert '"product":"AcmeFTP"' in asset
    assert '"type":"plc"' in asset


@given(st.binary(max_size=300))
def test_no_document_breaks_the_reader(document: bytes) -> None:
    for text in (document, THEIRS[: len(document)] + document, THEIRS.replace(b"Acme", document)):
        try:
            entries = parse(text, "any.xml")
        except ValueError as error:
            if "any.xml" not in str(error):
                raise
        else:
            Knowledge().add(entries)


@given(st.text(max_size=600), st.sampled_from(["ssh", "ftp", "telnet", "http", "snmp"]))
def test_any_text_is_answered(text: str, protocol: str) -> None:
    for name in ("banner", "server", "realm", "description"):
        for finding in load().find(protocol, name, text):
            assert finding.values


def test_many_are_one_pass() -> None:
    """Two thousand patterns cost a text hardly more than sixty do."""
    knowledge = Knowledge()
    form = THEIRS.decode().split("<fingerprint ", 1)
    body = "<fingerprint " + form[1].split("</fingerprints>")[0]
    many = form[0] + "".join(body.replace("Acme", f"Acme{i}", 1) for i in range(2000)) + "</fingerprints>"
    knowledge.add(parse(many.encode(), "many.xml"))
    assert len(knowledge) == 2000
    start = time.process_time()
    for i in range(500):
        assert knowledge.find("ftp", "banner", f"host{i} no such FTP v{i}") == ()
    assert (time.process_time() - start) / 500 < 0.01


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(banners, "_REMEMBERED", 4)
    knowledge = load()
    for i in range(20):
        knowledge.find("ssh", "banner", f"SSH-2.0-{i}")
    assert len(knowledge._seen) <= 4
