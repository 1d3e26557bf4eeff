"""Alerts of several intrusions over one network, to be seen by several sensors."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

TACTICS = (
    ("TA0043", "Reconnaissance"), ("TA0001", "Initial Access"), ("TA0002", "Execution"),
    ("TA0006", "Credential Access"), ("TA0007", "Discovery"), ("TA0008", "Lateral Movement"),
    ("TA0011", "Command and Control"), ("TA0010", "Exfiltration"), ("TA0105", "Impact"),
)  # fmt: skip
START = datetime(2026, 3, 2, 6, tzinfo=UTC)


def alert(n: int, time: datetime, rule: int, source: str, destination: str, **more: object) -> bytes:
    """An alert document."""
    id_, name = TACTICS[rule % len(TACTICS)]
    return json.dumps(
        {
            "@timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "event.id": f"{n:032x}",
            "event.kind": "alert",
            "event.severity": 2 + rule % 4,
            "rule.id": f"rule-{rule}",
            "rule.name": f"Rule {rule}",
            "threat.tactic.id": [id_],
            "threat.tactic.name": [name],
            "source.ip": source,
            "destination.ip": destination,
            **more,
        }
    ).encode()


def intrusions(seed: int, count: int, hours: float = 6.0) -> list[bytes]:
    """Some intrusions that go from host to host, and alerts that belong to none; by time."""
    chance = random.Random(seed)
    times = sorted(START + timedelta(hours=hours * chance.random()) for _ in range(count))
    at = {k: [f"10.{k}.0.1"] for k in range(8)}
    out = []
    for n, time in enumerate(times):
        k = chance.randrange(8)
        if chance.random() < 0.3:
            ends = [f"10.9.{chance.randrange(40)}.{chance.randrange(1, 200)}" for _ in range(2)]
            out.append(alert(n, time, chance.randrange(20, 40), *ends))
            continue
        source, target = chance.choice(at[k][-3:]), f"10.{k}.0.{chance.randrange(1, 30)}"
        rule = min(8, len(at[k]) // 3 + chance.randrange(3))
        out.append(alert(n, time, rule, source, target))
        if rule in (1, 2, 5):
            at[k].append(target)
    return out


def last(alerts: list[bytes]) -> bytes:
    """An alert long after the others, of no interest: what waits for earlier ones is worked on then."""
    time = max(datetime.fromisoformat(json.loads(a)["@timestamp"]) for a in alerts) + timedelta(hours=4)
    return alert(1 << 64, time, 0, "10.99.0.1", "10.99.0.2", **{
        "event.severity": 1, "threat.tactic.id": [], "threat.tactic.name": [],
    })  # fmt: skip
