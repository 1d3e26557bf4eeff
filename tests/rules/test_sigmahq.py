"""SigmaHQ's rules: all load, all fit their events, and no other way than pySigma understands them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from sigma.rule import SigmaRule

from sentinel._native import Watch
from tests.rules import oracle
from tests.rules.conftest import Regression

Files = list[tuple[str, bytes]]


@pytest.fixture(scope="module")
def watch(sigmahq: Files) -> Watch:
    return Watch(sigmahq, lateness=0.0)


def fitting(watch: Watch, event: dict[str, Any], dataset: str | None = None) -> set[str]:
    """Ids of the rules that an event fits."""
    watch.feed_lines(json.dumps(event).encode(), dataset)
    watch.finish()
    return {json.loads(alert)["rule.id"] for alert in watch.alerts()}


@pytest.mark.corpus
def test_every_rule_loads(watch: Watch, sigmahq: Files) -> None:
    assert watch.refused() == []
    assert len(watch) == len(sigmahq)


@pytest.mark.corpus
def test_every_pair_of_rule_and_event_fires(
    watch: Watch, sigmahq: Files, regressions: list[Regression]
) -> None:
    known = {
        line.split()[1].decode() for _, text in sigmahq for line in text.splitlines() if line[:3] == b"id:"
    }
    pairs = 0
    for one in regressions:
        fired = set().union(*(fitting(watch, event) for event in one.events))
        wanted = set(one.rules) & known
        assert wanted <= fired, one
        pairs += len(wanted)
    assert pairs >= 192


@pytest.mark.corpus
def test_no_difference_to_pysigma(watch: Watch, sigmahq: Files, regressions: list[Regression]) -> None:
    rules = {}
    for _, text in sigmahq:
        rule = SigmaRule.from_yaml(text.decode())
        rules[str(rule.id)] = oracle.fits(rule)
    generator = random.Random(4)
    events = [event for one in regressions for event in one.events]
    for event in events:
        plain = oracle.flat(event)
        for shown in (event, varied(plain, generator)):
            flat = plain if shown is event else shown
            want = {name for name, fits in rules.items() if fits({**flat, "event.dataset": "any"})}
            assert fitting(watch, shown, "any") == want, json.dumps(shown)


def varied(event: dict[str, Any], generator: random.Random) -> dict[str, Any]:
    """The event with some values left out, null, empty, in other case, in a list or of another type."""
    changes: list[Callable[[Any], Any]] = [
        lambda v: None,
        lambda v: "",
        lambda v: str(v).upper(),
        lambda v: [v, "x"],
        lambda v: str(v).replace(" ", "\n"),
        lambda v: True,
        lambda v: 4096,
        lambda v: 1.5,
    ]
    out = dict(event)
    for name in generator.sample(sorted(out), k=min(4, len(out))):
        if generator.random() < 0.3:
            del out[name]
        else:
            out[name] = generator.choice(changes)(out[name])
    return out
