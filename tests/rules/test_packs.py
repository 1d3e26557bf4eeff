"""The packs that come along: sound, proven by events, and what they cover."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel.rules.cases import run
from sentinel.rules.coverage import coverage, summary, why_not
from sentinel.rules.lint import lint
from sentinel.rules.loader import pack_rules, packs, packs_folder, read, rule_paths
from tests.conftest import Ran

Cli = Callable[..., Ran]


def test_every_pack_is_there() -> None:
    assert packs() == sorted(
        "access availability credentials data iot ot-operations ot-process ot-recon v2x".split()
    )


def test_no_fault_in_any_rule() -> None:
    assert lint(pack_rules(), style=True) == []


@pytest.mark.parametrize("pack", packs())
def test_every_rule_fires_where_it_must_and_only_there(pack: str) -> None:
    folder = packs_folder() / pack
    files = read([folder])
    faults = [fault for rule in rule_paths(folder) for fault in run(rule, files).faults]
    assert faults == []


def test_what_the_network_can_show_is_covered() -> None:
    """Of 45 techniques at least 36, each by a rule that fired on a scene or a capture."""
    techniques = coverage()
    counted = summary(techniques)
    assert counted["techniques"] == 83
    assert counted["on_the_network"] == 45
    assert counted["covered"] >= 36
    left = [t.id for t in techniques if not t.covered and not t.network]
    assert set(left) <= why_not().keys()


def test_an_unknown_field_is_named_with_its_line_and_the_nearest(cli: Cli, tmp_path: Path) -> None:
    rule = tmp_path / "rule.yml"
    rule.write_text(
        "title: Odd\nid: 0d3d2d55-5a4e-4a0f-8a36-0f4d0a4f0001\n"
        "logsource:\n  product: sentinel\n  category: network\n"
        "detection:\n  selection:\n    ot.acton: stop\n  condition: selection\n"
    )
    ran = cli("rules", "lint", rule)
    assert ran.code == 1
    assert ran.out.strip() == f"{rule}:8: no event has the field ot.acton; did you mean ot.action?"


def test_a_case_that_does_not_hold_fails(cli: Cli, tmp_path: Path) -> None:
    source = packs_folder() / "ot-operations" / "controller-stopped"
    rule = tmp_path / "rule.yml"
    rule.write_bytes(source.with_suffix(".yml").read_bytes())
    cases = [json.loads(line) for line in Path(f"{source}.events.ndjson").read_text().splitlines()]
    for case in cases:
        case["match"] = not case["match"]
    (tmp_path / "rule.events.ndjson").write_text("".join(json.dumps(case) + "\n" for case in cases))
    ran = cli("rules", "test", rule)
    assert ran.code == 1
    assert "did not fire" in ran.out
    assert "the rule fired" in ran.out


def test_coverage_for_people_programs_and_the_navigator(cli: Cli) -> None:
    assert "techniques that the network can show" in cli("rules", "coverage").out
    document = json.loads(cli("rules", "coverage", "--format", "json").out)
    assert len(document["techniques"]) == 83
    layer = json.loads(cli("rules", "coverage", "--format", "navigator").out)
    assert layer["domain"] == "ics-attack"
    assert {t["techniqueID"] for t in layer["techniques"]} >= {"T0843", "T0858"}


def test_why_a_rule_fires(cli: Cli, tmp_path: Path) -> None:
    source = packs_folder() / "ot-operations" / "controller-stopped.events.ndjson"
    cases = [json.loads(line) for line in source.read_text().splitlines()]
    event = tmp_path / "event.json"
    event.write_text(json.dumps(next(c for c in cases if c["match"])["events"][0]))
    ran = cli("rules", "explain", "Controller stopped", "--event", event)
    assert ran.code == 0
    assert "ot.action" in ran.out
    assert "stop" in ran.out
    assert cli("rules", "explain", "no such rule", "--event", event).code == 1


@pytest.mark.parametrize("language", ["lucene", "dsl", "esql", "eql"])
def test_rules_as_queries(cli: Cli, language: str) -> None:
    pytest.importorskip("sigma.backends.elasticsearch")
    rule = packs_folder() / "ot-operations" / "controller-stopped.yml"
    ran = cli("rules", "convert", rule, "--to", language)
    assert ran.code == 0
    assert "stop" in ran.out


def test_rules_are_listed(cli: Cli) -> None:
    rules = json.loads(cli("rules", "list", "--format", "json").out)
    assert len(rules) > 130
    assert {"id", "title", "level", "tags"} <= rules[0].keys()
    assert "Controller stopped" in cli("rules", "list").out
