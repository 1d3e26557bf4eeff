"""Malformed requests to every endpoint of a CA at work: 4xx with a reason, never 5xx, never a traceback.

SENTINEL_CASES says how many are refused by each endpoint (10): 1,000 take some minutes.
"""

from __future__ import annotations

import logging
import os
import random
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.ca.serve import malformed
from tests.ca.serve.endpoints import Endpoints
from tests.ca.serve.made import Served

EACH = int(os.environ.get("SENTINEL_CASES", "10"))


@pytest.fixture
def wire(served: Served) -> Iterator[malformed.Wire]:
    made = malformed.Wire(served)
    yield made
    made.close()


def test_every_endpoint(served: Served, wire: malformed.Wire, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "sentinel.ca.serve")
    dice = random.Random(11)
    endpoints = Endpoints(served)
    refused: Counter[str] = Counter()
    for name, make in endpoints.all().items():
        count, good = 0, make()
        assert wire.ask(good.octets())[0] < 400, name
        good = make()
        kinds = list(malformed.faults(good))
        dice.shuffle(kinds)
        for turn in range(EACH * 8 + 100):
            if count >= EACH:
                break
            fault = kinds[turn % len(kinds)]
            octets = fault(dice, good)
            status, said, fields = wire.ask(octets, alone=fault in malformed.BREAKING)
            assert status < 500, (name, fault.__name__, octets, said)
            assert b"Traceback" not in said
            if status < 400:
                good = make()
                continue
            why = said.strip() or fields.get("www-authenticate", "")
            assert why or octets.startswith(b"HEAD"), (name, fault.__name__, octets)
            count += 1
            refused[fault.__name__] += 1
        assert count == EACH, name
        assert wire.ask(endpoints.health().octets())[0] == 200, name
        assert endpoints.ocsp_answers(), name
    assert set(refused) == {
        fault.__name__ for fault in {*malformed.ALWAYS, *sum(malformed.BY_FORM.values(), ())}
    }
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]
