"""Alerts and chains to show: an intruder who moves from an office machine to the controllers."""

from __future__ import annotations

from typing import Any

from tests.report.plants import HOSTILE, at

HOSTS = ("192.168.7.66", "10.1.0.5", "10.1.1.10", "10.1.1.20", "10.1.1.21")
COURSE = (
    ("Initial Access", "T0866"),
    ("Discovery", "T0846"),
    ("Lateral Movement", "T0867"),
    ("Execution", "T0858"),
    ("Impact", "T0831"),
)


def alert(
    n: int, *, source: str = HOSTS[0], destination: str = HOSTS[2], severity: int = 4
) -> dict[str, Any]:
    """One alert; the id is the number in hexadecimal."""
    return {
        "@timestamp": at(60 * n), "event.id": f"{n:032x}", "event.kind": "alert",
        "event.dataset": "sentinel.alert", "event.severity": severity,
        "event.reason": f"{source} stopped {destination}", "rule.id": f"rule-{n % 3}",
        "rule.name": f"Rule {n % 3} {HOSTILE}", "rule.level": "high",
        "threat.framework": "MITRE ATT&CK", "threat.tactic.id": ["TA0107"],
        "threat.tactic.name": ["Inhibit Response Function"], "threat.technique.id": ["T0858"],
        "threat.technique.name": ["Change Operating Mode"], "sentinel.evidence": [f"{n + 1000:032x}"],
        "sentinel.confidence": 0.8, "sentinel.frame": n * 10, "source.ip": source,
        "destination.ip": destination, "destination.port": 102,
    }  # fmt: skip


def chain(steps: int = 20, *, id: str = "c-0123456789abcdef", score: float = 41.2) -> dict[str, Any]:
    """A chain of so many steps over five hosts."""
    told = []
    for n in range(1, steps + 1):
        tactic, technique = COURSE[min(n * 5 // (steps + 1), 4)]
        because = {"step": n - 1, "link": "actor", "weight": 0.61, "text": f"acted in step {n - 1}"}
        told.append({
            "n": n, "time": at(60 * n), "last": at(60 * n + 30), "rule": f"Rule {n} {HOSTILE}",
            "rule_id": f"rule-{n}", "severity": 1 + n % 5, "tactic": tactic, "technique": technique,
            "source": HOSTS[min(n // 8, 2)], "destination": HOSTS[min(n // 5 + 1, 4)], "count": n,
            "alerts": [f"{n:032x}"], "frames": [{"frame": n * 10}],
            **({"because": because} if n > 1 else {}),
        })  # fmt: skip
    return {
        "id": id, "title": f"Discovery, Impact from {HOSTS[0]} to {HOSTS[2]}", "score": score,
        "first": at(60), "last": at(60 * steps), "state": "open", "severity": 5,
        "tactics": [tactic for tactic, _ in COURSE], "techniques": [technique for _, technique in COURSE],
        "entities": [{"ip": host, "role": "actor" if i == 0 else "victim"} for i, host in enumerate(HOSTS)],
        "entity_count": len(HOSTS), "alert_count": 210, "steps": told,
        "path": [n for n in (1, 4, 8, 12, 17, 20) if n <= steps], "explanation": "It began and went on.",
        "next": [{"text": "Look at 10.1.1.10 first."}],
    }  # fmt: skip
