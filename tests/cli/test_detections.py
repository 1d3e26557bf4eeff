"""Alerts and chains of a store by the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel.store import open_store
from tests.conftest import Ran
from tests.report.stories import HOSTS, alert, chain

Store = Callable[..., Ran]


def encoded(*documents: dict[str, object]) -> list[bytes]:
    return [json.dumps(document).encode() for document in documents]


@pytest.fixture
def stored(cli: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Runs a command on a store with five alerts and three chains, one of them merged into another."""
    monkeypatch.setenv("COLUMNS", "200")
    url = f"sqlite://{tmp_path / 'store'}"
    merged = {**chain(2, id="c-0000000000000001"), "state": "merged", "merged_into": chain()["id"]}
    with open_store(url, create=True).writer() as writer:
        assert writer.append_alerts(encoded(*(alert(n) for n in (3, 1, 2)))).new == 3
        assert writer.append_alerts(encoded(*(alert(n, severity=2) for n in (3, 4, 5)))).new == 2
        writer.replace_chains(encoded(chain(), chain(3, id="c-00000000000000ff", score=99.0), merged))
    return lambda *arguments: cli(*arguments, "--store", url)


def ids(ran: Ran, key: str) -> list[str]:
    assert (ran.code, ran.err) == (0, "")
    return [record[key] for record in json.loads(ran.out)]


def test_alerts_the_newest_first_and_once(stored: Store) -> None:
    assert ids(stored("alerts", "list", "-f", "json"), "event.id") == [f"{n:032x}" for n in (5, 4, 3, 2, 1)]
    grave = stored("alerts", "list", "--where", "event.severity >= 4", "-f", "json")
    assert ids(grave, "event.id") == [f"{n:032x}" for n in (3, 2, 1)]
    table = stored("alerts", "list").out
    assert HOSTS[0] in table
    assert "high" in table


def test_one_alert_and_who_has_seen_to_it(stored: Store) -> None:
    assert "no such alert" in stored("alerts", "show", "ffff").err
    assert "no such alert" in stored("alerts", "ack", "0000").err  # several begin so
    assert stored("alerts", "ack", f"{2:032x}", "--note", "maintenance").code == 0
    (seen,) = json.loads(
        stored("alerts", "list", "--where", "sentinel.ack.note = maintenance", "-f", "json").out
    )
    assert seen["event.id"] == f"{2:032x}"
    page = stored("alerts", "show", f"{2:032x}").out
    assert "T0858 Change Operating Mode" in page
    assert "maintenance" in page
    assert chain()["id"] in page


def test_chains_by_score_without_those_that_were_merged(stored: Store) -> None:
    found = ids(stored("chains", "list", "-f", "json"), "id")
    assert found == ["c-00000000000000ff", chain()["id"]]
    assert ids(stored("chains", "list", "--where", "state = merged", "-f", "json"), "id") == [
        "c-0000000000000001"
    ]
    assert "99" in stored("chains", "list").out


def test_a_chain_with_its_steps_and_reasons(stored: Store) -> None:
    page = stored("chains", "show", "c-0123").out
    for part in ("Discovery, Impact", "acted in step 3", "Look at 10.1.1.10 first.", HOSTS[3]):
        assert part in page
    # what was merged leads to the chain it is part of
    (one,) = [json.loads(stored("chains", "show", "c-0000000000000001", "-f", "json").out)]
    assert one["id"] == chain()["id"]
    assert stored("chains", "show", "c-00000000000000").code == 1


def test_old_alerts_expire_with_their_chains(stored: Store) -> None:
    assert stored("store", "expire", "--days", "0").code == 0
    assert ids(stored("alerts", "list", "-f", "json"), "event.id") == []
    assert ids(stored("chains", "list", "-f", "json"), "id") == []
    assert stored("store", "verify").code == 0


def test_a_pipe_stays_a_pipe(stored: Store, tmp_path: Path) -> None:
    """What is no file is written to, not replaced: a device would be gone for all."""
    import os
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    assert stored("chains", "export", chain()["id"], "--format", "stix", "--output", pipe).code == 0
    reader.join(10)
    assert pipe.is_fifo()
    assert json.loads(got[0])["type"] == "bundle"
