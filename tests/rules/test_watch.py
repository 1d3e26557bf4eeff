"""The watch through Python as the collector drives it: snapshots with sources, time, alerts handed to chains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sentinel._native import Chains, Logs, Watch
from sentinel.rules import chains

RULE = """title: Somebody asked
id: asked
logsource: {category: dns}
detection: {s: {query|endswith: .example}, condition: s}
level: high
tags: [attack.discovery]
"""
START = 1_772_323_200
SECOND = 1_000_000


def watch(**more: Any) -> Watch:
    return Watch([("p/r.yml", RULE.encode())], **more)


def log(path: Path, count: int) -> Path:
    """A log as Zeek writes it: names that are asked for, one a second."""
    line = '{{"_path":"dns","ts":{0}.0,"uid":"C{0}","id.orig_h":"10.0.0.{1}","id.orig_p":5000,'
    line += '"id.resp_h":"10.0.1.1","id.resp_p":53,"proto":"udp","query":"host{0}.example"}}\n'
    path.write_text("".join(line.format(START + n, n % 3 + 1) for n in range(count)), encoding="utf-8")
    return path


def test_a_snapshot_has_what_is_held_back_and_the_names_of_sources(tmp_path: Path) -> None:
    logs = Logs([log(tmp_path / "dns.log", 40)])
    while not logs.step(0.1):
        pass
    first = watch(lateness=15.0)
    out = first.feed(logs.events()).ndjson()
    assert out.count(b"\n") == 24, "the last 15 seconds are held back"
    second = watch(lateness=15.0)
    second.restore(first.snapshot())
    assert first.counters() == second.counters()
    rest, same = first.finish().ndjson(), second.finish().ndjson()
    assert rest == same
    documents = [json.loads(line) for line in (out + rest).splitlines()]
    assert len(documents) == 40
    assert {Path(d["sentinel.source"]).name for d in documents} == {"dns.log"}
    alerts = first.alerts()
    assert alerts == second.alerts()
    assert [json.loads(a)["sentinel.source"] for a in alerts] == [d["sentinel.source"] for d in documents]


@pytest.mark.parametrize("saved", [b"", b"\x01\x02", b"sentinel-watch\x01", watch().snapshot()[:-1]])
def test_what_is_no_snapshot_is_one_line(saved: bytes) -> None:
    engine = watch()
    with pytest.raises(ValueError, match="begin anew without it") as raised:
        engine.restore(saved)
    assert "\n" not in str(raised.value)
    assert engine.snapshot() == watch().snapshot()


def test_time_passes_without_events(tmp_path: Path) -> None:
    engine = watch(lateness=10.0)
    assert engine.clock() is None
    logs = Logs([log(tmp_path / "dns.log", 3)])
    logs.step(10.0)
    assert len(engine.feed(logs.events())) == 0
    came = [len(engine.advance(now * SECOND)) for now in range(15)]
    assert sum(came) == 3
    assert came[0] == 0
    assert engine.clock() == (START + 2 + 14 - 10) * SECOND


def test_alerts_are_handed_to_chains(tmp_path: Path) -> None:
    assets = b'[{"id": "client", "ip": ["10.0.0.1", "10.0.0.2"], "type": "workstation"}]'

    def run(tmp: Path) -> Watch:
        engine = watch(lateness=0.0)
        engine.assets(assets)
        logs = Logs([log(tmp / "dns.log", 60)])
        logs.step(10.0)
        engine.feed(logs.events())
        engine.finish()
        return engine

    told: list[list[bytes]] = []
    for by_document in (True, False):
        engine, joined = run(tmp_path), chains.make()
        if by_document:
            alerts = engine.alerts()
            assert {json.loads(a).get("source.asset") for a in alerts} == {"client", None}
            joined.feed(alerts)
        else:
            batch = engine.take_alerts()
            joined.feed_batch(batch)
            assert len(batch) == batch.ndjson().count(b"\n") == 60, "the batch keeps them for the store"
            assert engine.alerts() == []
        clock = engine.clock()
        assert clock is not None
        joined.advance(clock + 60 * SECOND)
        assert json.loads(joined.counters())["alerts"] == 60, "none waits any more"
        told.append([joined.snapshot()])
    assert told[0] == told[1]


def test_chains_know_the_inventory() -> None:
    """A controller of two addresses is taken by one and acts by the other."""

    def ends(networks: list[str], inventory: bytes) -> list[Any]:
        engine: Chains = chains.make(networks=networks)
        engine.assets(inventory)
        for n, (tactic, source, target) in enumerate(
            [
                ("Initial Access", "1.1.1.1", "10.0.0.2"),
                ("Impair Process Control", "10.0.0.3", "10.0.0.9"),
            ]
        ):
            alert = {"@timestamp": f"2026-03-01T00:0{n}:00Z", "event.id": f"e{n}", "event.severity": 4}
            alert |= {"rule.id": f"r{n}", "threat.tactic.name": [tactic]}
            alert |= {"source.ip": source, "destination.ip": target}
            engine.feed([json.dumps(alert).encode()])
        engine.finish()
        steps = [step for chain in chains.records(engine.all()) for step in chain["steps"]]
        return [(step.get("source_asset"), step.get("destination_asset")) for step in steps]

    inventory = b'[{"id": "router", "ip": ["1.1.1.1"]}, {"id": "plc", "ip": ["10.0.0.2", "10.0.0.3"]}]'
    assert ends(["1.1.1.0/24"], inventory) == [("router", "plc"), ("plc", None)]
    assert ends([], inventory) == [(None, "plc"), ("plc", None)], "the Internet is no asset"
    assert ends([], b"[]") == [], "two strangers"
    with pytest.raises(ValueError, match="assets: "):
        chains.make().assets(b"{}")
