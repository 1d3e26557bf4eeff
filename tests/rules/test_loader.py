"""Finding rule files, and what a scan does with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentinel.errors import UserError
from sentinel.rules import loader
from sentinel.rules.engine import Rules
from tests.conftest import Ran

RULE = """title: Somebody asked
id: 11111111-1111-4111-8111-111111111111
logsource: {category: dns}
detection:
  s: {query|endswith: .example}
  condition: s
level: high
"""

Cli = Callable[..., Ran]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules" / "deep").mkdir(parents=True)
    (tmp_path / "rules" / "deep" / "a.yml").write_text(RULE)
    (tmp_path / "rules" / "b.yaml").write_text("title: [\n")
    (tmp_path / "rules" / "pack.yml").write_text("name: mine\n")
    (tmp_path / "rules" / ".hidden.yml").write_text("x")
    (tmp_path / "rules" / "notes.txt").write_text("x")
    return tmp_path / "rules"


def test_folders_are_read_whole(folder: Path) -> None:
    assert [Path(name).name for name, _ in loader.read([folder])] == ["b.yaml", "a.yml"]
    assert [text for _, text in loader.read([folder / "pack.yml"])] == [b"name: mine\n"]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file or folder of rules"):
        loader.read([tmp_path / "none"])
    with pytest.raises(UserError, match=r"no \.yml"):
        loader.read([tmp_path])
    with pytest.raises(UserError, match="pack 'none': there is none"):
        loader.pack_rules(["none"])


def test_a_bad_rule_is_one_line_and_the_rest_runs(folder: Path) -> None:
    rules = Rules(loader.read([folder]))
    assert len(rules) == 1
    (line,) = rules.refused
    assert line.startswith(f"{folder / 'b.yaml'}:1: YAML parse error")
    event: dict[str, Any] = {"event.dataset": "zeek.dns", "dns.question.name": "a.EXAMPLE"}
    rules.watch.feed_docs([event])
    rules.finish()
    (alert,) = (json.loads(a) for a in rules.alerts())
    assert (alert["rule.id"], alert["event.severity"]) == ("11111111-1111-4111-8111-111111111111", 4)
    assert rules.alerts() == []
    assert rules.counters()["alerts"] == 1


def test_pipelines_are_sound() -> None:
    assert Rules([], lateness=0.0).refused == []
    assert [name for name, _ in loader.pipelines()] == ["generic.yml", "zeek.yml"]


def test_explained_with_values() -> None:
    watch = Rules([("r.yml", RULE.encode())]).watch
    event = {"event.dataset": "sentinel.dns", "dns.question.name": "a.test"}
    told = json.loads(watch.explain("Somebody asked", json.dumps(event).encode()))
    assert (told["matched"], told["logsource"]) == (False, True)
    (item,) = told["conditions"][0]["detection"]["items"]
    assert (item["field"], item["actual"], item["reason"]) == (
        "dns.question.name",
        "a.test",
        "value_mismatch",
    )
    with pytest.raises(ValueError, match="no rule 'x'"):
        watch.explain("x", b"{}")


def test_counting_is_evaluating() -> None:
    watch = Rules([("r.yml", RULE.encode())]).watch
    lines = b'{"dns.question.name":"a.example"}\n{"dns.question.name":"b"}\nnonsense\n'
    assert watch.count(lines, "sentinel.dns") == 1
    assert json.loads(watch.counters())["bad_lines"] == 1


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scapy = pytest.importorskip("scapy.all", reason="scapy is not installed: no capture can be made")
    path = tmp_path_factory.mktemp("capture") / "dns.pcap"
    ask = scapy.IP(src="10.0.0.5", dst="10.0.0.1") / scapy.UDP(sport=5353, dport=53)
    packet = scapy.Ether() / ask / scapy.DNS(id=7, rd=1, qd=scapy.DNSQR(qname="www.evil.example"))
    packet.time = 1_700_000_000
    scapy.wrpcap(str(path), [packet])
    return path


def test_a_scan_gives_alerts(cli: Cli, folder: Path, capture: Path) -> None:
    (folder / "b.yaml").unlink()
    ran = cli("scan", capture, "--rules", folder, "--no-rules", "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    (alert,) = json.loads(ran.out)["alerts"]
    assert alert["event.reason"].startswith("Somebody asked: 10.0.0.5 to 10.0.0.1 by dns")
    assert alert["sentinel.frame"] == 1
    ran = cli("scan", capture, "--rules", folder, "--no-rules", "--format", "ndjson")
    records = [json.loads(line) for line in ran.out.splitlines()]
    assert [r["rule.name"] for r in records if r["record"] == "alert"] == ["Somebody asked"]
    assert "event" not in {r["record"] for r in records}
    ran = cli("scan", capture, "--rules", folder, "--no-rules")
    assert "Somebody asked" in ran.out
    assert cli("scan", capture, "--rules", folder, "--no-rules", "--fail-on", "high").code == 3
    assert cli("scan", capture, "--rules", folder, "--no-rules", "--fail-on", "critical").code == 0


def test_a_scan_tells_bad_rules(cli: Cli, folder: Path, capture: Path) -> None:
    ran = cli("scan", capture, "--rules", folder, "--no-rules", "--format", "json")
    assert ran.code == 0
    assert ran.err.startswith(f"sentinel: {folder / 'b.yaml'}:1: YAML")
    assert len(ran.err.splitlines()) == 1
    ran = cli("scan", capture, "--rules", folder / "none")
    assert (ran.code, ran.err) == (1, f"sentinel: {folder / 'none'}: no such file or folder of rules\n")
