"""What the tests of forwarding share."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.forward.receivers import Certificates, certificates


@pytest.fixture(scope="session")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of a test authority."""
    return certificates(tmp_path_factory.mktemp("pems"))


@pytest.fixture(scope="session")
def rsyslogd() -> str:
    """Path of rsyslogd with its OpenSSL driver."""
    found = shutil.which("rsyslogd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None or not list(Path("/usr/lib").glob("**/rsyslog/lmnsd_ossl.so")):
        pytest.skip("rsyslogd with rsyslog-openssl is not installed: no syslog receiver of others")
    return found


@pytest.fixture(scope="session")
def openssl() -> str:
    """Path of openssl."""
    found = shutil.which("openssl")
    if found is None:
        pytest.skip("openssl is not installed: no TLS server of others")
    return found


def alert(n: int, severity: int = 4, **more: Any) -> bytes:
    """An alert document with its own id."""
    document = {
        "@timestamp": f"2026-03-02T07:{n // 60 % 60:02}:{n % 60:02}.000250Z",
        "event.id": f"{n:032x}",
        "event.kind": "alert",
        "event.severity": severity,
        "rule.id": "a952af2c-4c56-5e41-a3f0-e42dc75f9551",
        "rule.name": "Controller stopped",
        "rule.level": "high",
        "threat.tactic.name": ["Execution"],
        "threat.technique.id": ["T0858"],
        "event.reason": f"Controller stopped: 10.0.2.4 to 10.0.1.10, number {n}.",
        "source.ip": "10.0.2.4",
        "destination.ip": "10.0.1.10",
        "destination.port": 102,
    }
    return json.dumps(document | {key.replace("__", "."): value for key, value in more.items()}).encode()


def chain(id: str, count: int, state: str = "open") -> bytes:
    """A chain document as it grows."""
    step = {
        "n": 1, "time": "2026-03-02T07:00:00Z", "last": "2026-03-02T07:05:00Z", "rule": "Controller stopped",
        "tactic": "Execution", "tactic_id": "TA0104", "technique": "T0858", "source": "10.0.2.4",
        "destination": "10.0.1.10", "count": count, "alerts": [], "severity": 4,
    }  # fmt: skip
    document = {
        "id": id, "title": "Execution from 10.0.2.4", "score": 4.5, "first": "2026-03-02T07:00:00Z",
        "last": "2026-03-02T07:05:00Z", "state": state, "severity": 4, "tactics": ["Execution"],
        "techniques": ["T0858"], "entities": [], "alert_count": count, "steps": [step], "explanation": "One step.",
    }  # fmt: skip
    return json.dumps(document).encode()
