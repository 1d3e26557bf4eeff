"""Chains through Python: the stage table, stories, the measure on red teams, batches and snapshots."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from bench import _alerts
from sentinel.errors import UserError
from sentinel.model import Chain
from sentinel.rules import chains
from tests.conftest import ROOT
from tests.rules.stories import OFFICE, OUTSIDE, PLC, STATION, alert, intrusion


@pytest.fixture(scope="module")
def teams(corpus: Path) -> _alerts.Stream:
    folder = corpus.parent / "alerts" / "cptc-2017"
    if not folder.is_dir():
        pytest.skip(f"no alerts in {folder}")
    return _alerts.stream(folder)


@pytest.mark.corpus
def test_every_tactic_of_attack_has_a_stage(corpus: Path) -> None:
    known = {
        chains_id for stage in chains.stages() for chains_id in (stage.get("enterprise"), stage.get("ics"))
    }
    enterprise = {f"TA{n:04}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 40, 42, 43, 112)}
    assert known - {None} == enterprise | {f"TA{n:04}" for n in range(100, 112)}
    matrix = corpus.parent / "attack" / "ics-attack.json"
    if matrix.is_file():
        tactics = [o for o in json.loads(matrix.read_bytes())["objects"] if o["type"] == "x-mitre-tactic"]
        assert {t["external_references"][0]["external_id"] for t in tactics} <= known


@pytest.mark.parametrize(
    "name", ["Defense Evasion", "defense-evasion", "Stealth", "attack.stealth", "TA0005"]
)
def test_old_and_new_names_are_one_stage(name: str) -> None:
    (chain,) = chains.join([
        alert(0, "a", "Initial Access", OFFICE, STATION), alert(1, "b", name, OFFICE, STATION),
    ])  # fmt: skip
    assert chain["tactics"] == ["Initial Access", "Stealth"]


def test_defense_impairment_is_its_own_stage() -> None:
    (chain,) = chains.join([
        alert(0, "a", "Defense Evasion", OFFICE, STATION),
        alert(1, "b", "attack.defense-impairment", OFFICE, STATION),
    ])  # fmt: skip
    assert chain["tactics"] == ["Stealth", "Defense Impairment"]
    assert [step["tactic_id"] for step in chain["steps"]] == ["TA0005", "TA0112"]


@pytest.mark.corpus
def test_documents_are_those_of_the_data_model(teams: _alerts.Stream) -> None:
    engine = chains.make(lateness=0.0)
    documents = []
    for alerts in (intrusion(), teams.alerts):
        engine.feed(alerts)
        documents += engine.changed()
    documents += engine.all()
    states = {msgspec.json.decode(document, type=Chain).state for document in documents}
    assert states == {"open"}


def test_a_merged_chain_is_a_record() -> None:
    engine = chains.make(lateness=0.0)
    for n, source in enumerate((OFFICE, OUTSIDE)):
        engine.feed([
            alert(n, "scan", "Discovery", source, f"10.0.3.{n}"),
            alert(n + 5, "exploit", "Initial Access", source, f"10.0.3.{n}"),
        ])  # fmt: skip
        engine.finish()
    assert len(engine.changed()) == 2
    engine.feed([
        alert(10, "move", "Lateral Movement", "10.0.3.1", "10.0.3.0"),
        alert(12, "move", "Lateral Movement", OFFICE, "10.0.3.1"),
    ])  # fmt: skip
    engine.finish()
    merged, kept = (msgspec.json.decode(document, type=Chain) for document in engine.changed())
    assert (merged.state, merged.merged_into) == ("merged", kept.id)


def test_an_intrusion_is_one_chain_in_order() -> None:
    (chain,) = chains.join(intrusion())
    assert [step["rule"] for step in chain["steps"]] == [
        "Phishing download", "Beacon", "Scan", "Log in", "Program download", "Plc stop",
    ]  # fmt: skip
    assert chain["steps"][4]["because"]["link"] == "pivot"
    assert chain["steps"][4]["tactic_id"] == "TA0110"
    assert chain["steps"][4]["technique"] == "T0843"
    roles = {entity["ip"]: entity["role"] for entity in chain["entities"]}
    assert (roles[OUTSIDE], roles[STATION], roles[PLC]) == ("actor", "pivot", "victim")
    kinds = {proposal["do"] for proposal in chain["next"]}
    assert kinds == {"look", "evidence", "change-credential", "playbook"}
    changed = next(p for p in chain["next"] if p["do"] == "change-credential")
    assert (changed["username"], changed["protocol"], changed["ip"]) == ("engineer", "rdp", STATION)


def test_networks_of_zones_are_the_organisations() -> None:
    alerts = [
        alert(0, "a", "Initial Access", "10.0.0.1", "198.51.100.7"),
        alert(60, "b", "Impact", "198.51.100.7", "10.0.0.2"),
        alert(120, "c", "Discovery", "198.51.100.7", "10.0.0.3"),
    ]
    assert len(chains.join(alerts, networks=["198.51.100.0/24"])[0]["steps"]) == 3
    assert chains.join(alerts) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"networks": ["10.0.0.0/40"]}, "is no network"),
        ({"episode_gap": -1.0}, "episode_gap"),
        ({"gap": 1}, "gap"),
    ],
)
def test_wrong_settings_are_one_line(settings: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said) as raised:
        chains.make(**settings)  # type: ignore[arg-type]
    assert "\n" not in raised.value.message


def test_snapshot() -> None:
    alerts = intrusion()
    first = chains.make()
    first.feed(alerts[:3])
    second = chains.make()
    second.restore(first.snapshot())
    second.feed_lines(b"\n".join(alerts[3:]))
    second.finish()
    assert chains.records(second.all()) == chains.join(alerts)
    with pytest.raises(ValueError, match="no snapshot"):
        second.restore(b"else")


@pytest.mark.corpus
def test_red_teams(teams: _alerts.Stream) -> None:
    result = _alerts.score(chains.join(teams.alerts), teams)
    assert result["purity"] == 1.0
    assert result["recall"] >= 0.995
    assert result["reduction"] >= 0.999
    assert set(result["per_team"].values()) <= {1, 2}


@pytest.mark.corpus
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_red_teams_anywhere_and_benign_alerts(seed: int, teams: _alerts.Stream, corpus: Path) -> None:
    moved = _alerts.stream(corpus.parent / "alerts" / "cptc-2017", seed=seed, benign=2_000)
    result = _alerts.score(chains.join(moved.alerts), moved)
    assert (result["purity"], result["benign_joined"]) == (1.0, 0)
    assert result["recall"] >= 0.995
    assert result["per_team"] == _alerts.score(chains.join(teams.alerts), teams)["per_team"]


@pytest.mark.corpus
@pytest.mark.parametrize("size", [1, 33, 5_000])
def test_batches_change_nothing(size: int, teams: _alerts.Stream) -> None:
    whole = chains.make()
    whole.feed(teams.alerts)
    whole.finish()
    parts = chains.make()
    for at in range(0, len(teams.alerts), size):
        parts.feed(teams.alerts[at : at + size])
        parts.changed()
    parts.finish()
    assert parts.all() == whole.all()
    held, most = parts.memory()
    assert held <= most


def test_the_table_of_the_docs_is_that_of_the_measure() -> None:
    told = (ROOT / "docs" / "concepts" / "chains.md").read_text(encoding="utf-8")
    from bench import chains as measure

    for what in measure.ELEMENTS.values():
        assert what in told
