"""The demo plant: what stands in `sentinel/demo/cast.py` is what a scan finds."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("scapy", reason="scapy is not installed: the demo plant cannot be made")

from sentinel.demo import cast
from sentinel.demo.plant import build
from sentinel.errors import UserError
from sentinel.pipeline import RECORDS, Options, derive, scan
from tests.conftest import ROOT

Document = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plant") / "plant.pcap"
    assert build(path) > 6_000
    return path


def records(capture: Path, *, reveal: bool) -> Document:
    result = scan([str(capture)], Options(reveal=reveal))
    assert result.errors == []
    derive(result.inventory, [], None, result.until)
    return {kind: [json.loads(line) for line in result.inventory.records(kind)] for kind in RECORDS}


@pytest.fixture(scope="module")
def found(plant: Path) -> Document:
    return records(plant, reveal=True)


def who(found: Document) -> dict[str, str]:
    """Key of the actor behind each asset's id."""
    actors = {actor.ip: actor.key for actor in cast.CAST}
    return {asset["id"]: actors[asset["ip"][0]] for asset in found["asset"]}


@pytest.mark.parametrize("actor", cast.CAST, ids=lambda actor: actor.key)
def test_every_actor_is_found_as_it_is(found: Document, actor: cast.Actor) -> None:
    assets = [asset for asset in found["asset"] if actor.ip in asset["ip"]]
    assert len(assets) == 1
    asset = assets[0]
    assert asset["mac"] == [actor.mac]
    for key in ("type", "level", "vendor", "model", "firmware", "serial", "name"):
        expected = getattr(actor, key)
        if expected is not None:
            assert asset.get(key) == expected, key


def test_nobody_else_is_found(found: Document) -> None:
    assert sorted(who(found).values()) == sorted(actor.key for actor in cast.CAST)


def test_the_meter_behind_the_gateway_has_its_number(found: Document) -> None:
    gateway = next(asset for asset in found["asset"] if asset["ip"] == [cast.METER.ip])
    assert gateway["other"] == [{"kind": "meter", "value": cast.METER_NUMBER}]


def test_every_secret_is_found_and_no_other(found: Document) -> None:
    seen = [(c["protocol"], c.get("username"), c["secret"], c["outcome"]) for c in found["credential"]]
    assert Counter(seen) == Counter(cast.CREDENTIALS)


def test_secrets_are_masked_unless_asked_for(plant: Path, found: Document) -> None:
    masked = records(plant, reveal=False)
    assert len(masked["credential"]) == len(cast.CREDENTIALS)
    for line in masked["credential"]:
        assert "•" in line["secret"]
    secrets = {secret for _, _, secret, _ in cast.CREDENTIALS}
    assert not secrets & {line["secret"] for line in masked["credential"]}
    assert masked["operation"] == found["operation"]


def test_every_operation_is_found(found: Document) -> None:
    names = who(found)
    seen = {
        (o["protocol"], o["action"], names[o["client"]["asset"]], names[o["server"]["asset"]], o["outcome"])
        for o in found["operation"]
        if o["server"]["asset"] in names
    }
    assert set(cast.OPERATIONS) <= seen


@pytest.mark.parametrize("action", ["stop", "download"])
def test_only_one_was_stopped_and_loaded(found: Document, action: str) -> None:
    names = who(found)
    seen = {
        (names[o["client"]["asset"]], names[o["server"]["asset"]])
        for o in found["operation"]
        if o["action"] == action
    }
    assert seen == {("intruder", "plc-s7")}


def test_the_guide_names_the_frames(found: Document) -> None:
    guide = (ROOT / "docs" / "guides" / "first-scan.md").read_text(encoding="utf-8")
    stop = next(o for o in found["operation"] if o["action"] == "stop")
    secret = next(c for c in found["credential"] if c["secret"] == "12345")
    named = {int(number) for number in re.findall(r"frame(?:\.number ==)? (\d+)", guide)}
    assert named == {stop["frame"], secret["frame"]}


def test_truth_is_about_actors() -> None:
    keys = {actor.key for actor in cast.CAST}
    assert len({actor.ip for actor in cast.CAST}) == len({actor.mac for actor in cast.CAST}) == len(keys)
    assert {key for _, _, by, to, _ in cast.OPERATIONS for key in (by, to)} <= keys


def test_two_builds_are_equal_to_the_byte(plant: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.pcap"
    build(again)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(plant.read_bytes()).digest()


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone/plant\.pcap: cannot be written: No such file"):
        build(tmp_path / "gone" / "plant.pcap")


@pytest.mark.tshark
def test_tshark_finds_nothing_malformed_and_every_protocol(plant: Path, tshark: str) -> None:
    def read(*arguments: str) -> str:
        command = [tshark, "-r", str(plant), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    layers = ("ip", "tcp", "udp")
    checked = [word for layer in layers for word in ("-o", f"{layer}.check_checksum:TRUE")]
    wrong = "_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0"
    assert read(*checked, "-Y", f"{wrong} || tcp.analysis.lost_segment || tcp.analysis.retransmission") == ""
    tree = read("-q", "-z", "io,phs").split()
    for name in ("arp", "lldp", "dhcp", "ntp", "ssdp", "snmp", "http", "rtsp", "modbus", "s7comm", "pn_dcp"):
        assert name in tree, name


def test_the_command_says_who_stopped_the_controller(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sentinel", "demo", "--output", "demo.pcap"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "COLUMNS": "240", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.startswith("demo.pcap: 6,")
    lines = [line for line in done.stdout.splitlines() if line.startswith("critical")]
    stopped = [line for line in lines if " stopped " in line]
    assert len(stopped) == 1
    before, after = stopped[0].split(" stopped ")
    assert cast.INTRUDER.ip in before
    assert cast.S7.ip in after
