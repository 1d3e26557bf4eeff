"""Alert documents of small intrusions, as rules would raise them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 3, 2, 7, tzinfo=UTC)
OUTSIDE, OFFICE, STATION, PLC = "203.0.113.9", "10.0.5.7", "10.0.2.4", "10.0.1.10"


def alert(at: float, rule: str, tactic: str, source: str, destination: str, **more: Any) -> bytes:
    """An alert `at` seconds after the start; severity 4 unless said."""
    document = {
        "@timestamp": (START + timedelta(seconds=at)).isoformat(),
        "event.id": f"{at}-{rule}",
        "event.kind": "alert",
        "event.severity": 4,
        "rule.id": rule,
        "rule.name": rule.replace("-", " ").capitalize(),
        "threat.tactic.name": [tactic],
        "source.ip": source,
        "destination.ip": destination,
    }
    return json.dumps(document | {key.replace("__", "."): value for key, value in more.items()}).encode()


def intrusion() -> list[bytes]:
    """From outside over an office machine and an engineering station to a controller."""
    ics = {"threat__framework": "MITRE ATT&CK for ICS"}
    return [
        alert(0, "phishing-download", "Initial Access", OUTSIDE, OFFICE),
        alert(30, "beacon", "Command and Control", OFFICE, OUTSIDE),
        alert(600, "scan", "Discovery", OFFICE, STATION, sentinel__frame=12, sentinel__source="plant.pcap"),
        alert(
            900, "log-in", "Lateral Movement", OFFICE, STATION, user__name="engineer", network__protocol="rdp"
        ),
        alert(
            1_800, "program-download", "Persistence", STATION, PLC, **ics,
            threat__technique__id=["T0843"], destination__asset="a-000000000010",
        ),
        alert(1_860, "plc-stop", "Inhibit Response Function", STATION, PLC, **ics, event__severity=5),
    ]  # fmt: skip
