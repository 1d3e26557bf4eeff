"""Real logs: Zeek's baselines of ICSNPP, and a season of Suricata's alerts, read in place."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sentinel._native import Logs

pytestmark = pytest.mark.corpus


def events(*paths: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    logs = Logs(list(paths))
    found: list[dict[str, Any]] = []
    done = False
    while not done:
        done = logs.step(1.0)
        found += [json.loads(line) for line in logs.events().ndjson().splitlines()]
    logs.finish()
    return found, [json.loads(line) for line in logs.sources()], [*logs.errors(), *logs.warnings()]


def with_times(path: Path, to: Path) -> Path:
    """A baseline whose times were taken out, with times."""
    text = path.read_text(encoding="utf-8", errors="surrogateescape").replace(
        "XXXXXXXXXX.XXXXXX", "1700000000.000000"
    )
    to.write_text(text, encoding="utf-8", errors="surrogateescape")
    return to


def test_baselines_are_read_line_by_line(corpus: Path, tmp_path: Path) -> None:
    whole = [p for p in corpus.glob("icsnpp-*/**/*.log") if "\n#fields" in p.read_text(errors="replace")]
    assert len(whole) >= 30
    for path in whole:
        lines = [line for line in path.read_text(errors="replace").splitlines() if line and line[0] != "#"]
        if not lines:
            continue
        found, sources, wrong = events(with_times(path, tmp_path / "x.log"))
        assert not wrong, (path, wrong)
        assert sources[0]["records"] == len(lines) == len(found), path


def test_operations_of_control_logs(corpus: Path, tmp_path: Path) -> None:
    actions: Counter[tuple[str, str]] = Counter()
    for path in corpus.glob("icsnpp-*/**/*.log"):
        if "\n#fields" not in path.read_text(errors="replace"):
            continue
        for event in events(with_times(path, tmp_path / "x.log"))[0]:
            if "ot.action" in event:
                actions[event["ot.protocol"], event["ot.action"]] += 1
    assert {
        ("modbus", "write"),
        ("modbus", "read"),
        ("bacnet", "stop"),
        ("s7comm", "upload"),
    } <= actions.keys()


@pytest.fixture(scope="session")
def alerts(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = corpus.parent / "alerts" / "cptc-2017"
    if not folder.is_dir():
        pytest.skip(f"no alerts in {folder}")
    path = tmp_path_factory.mktemp("cptc") / "eve.json"
    with path.open("w") as out:
        for packed in sorted(folder.glob("*.gz")):
            for row in json.loads(gzip.open(packed).read().decode("utf-8-sig")):
                out.write(row["result"]["_raw"].replace("\n", " ") + "\n")
    return path


def test_alerts_get_their_tactics(alerts: Path) -> None:
    found, sources, _ = events(alerts)
    assert sources[0]["records"] == len(found) > 15_000
    assert all(e["event.kind"] == "alert" and e["rule.id"].startswith("suricata:1:") for e in found)
    assert all(1 <= e["event.severity"] <= 5 and 0 < e["sentinel.confidence"] <= 1 for e in found)
    bare = {e["rule.name"] for e in found if "threat.tactic.id" not in e}
    assert not bare, bare
    tactics = Counter(e["threat.tactic.name"][0] for e in found)
    assert {"Discovery", "Lateral Movement", "Execution", "Credential Access"} <= tactics.keys()
    assert tactics["Discovery"] > len(found) / 2, "most of what such a season shows is looking around"
