"""The registry: what it lists, and what it refuses of a user's entry points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

from sentinel.errors import UserError
from sentinel.model import words
from sentinel.probes import registry
from sentinel.probes.contract import (
    Event,
    Fact,
    Observation,
    Operation,
    Pattern,
    Probe,
    Shape,
    Side,
    Signature,
)


class Beacon(Probe):
    """A user's probe."""

    name: ClassVar[str] = "acme-beacon"
    title: ClassVar[str] = "ACME beacon"
    signature: ClassVar[Signature] = Signature(
        transports=("udp",), shapes=(Shape(patterns=(Pattern(0, b"ACME"),), min_len=8, strong=True),)
    )

    def feed(self, side: Side, data: bytes, gap: int, time_us: int, frame: int) -> Iterable[Observation]:
        return [Fact(side=side, name="model", value=data[4:8].decode("ascii", "replace"), field="type")]


class Upper(Beacon):
    name: ClassVar[str] = "ACME Beacon"


class Taken(Beacon):
    name: ClassVar[str] = "dlt645"


class Portless(Beacon):
    name: ClassVar[str] = "acme-other"
    signature: ClassVar[Signature] = Signature(
        transports=("udp",), ports=(0,), shapes=(Shape(patterns=(Pattern(0, b"ACME"),)),)
    )


class Nothing:
    """No probe at all."""


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    registry.python_probes.cache_clear()
    registry._by_name.cache_clear()
    yield
    registry.python_probes.cache_clear()
    registry._by_name.cache_clear()


def publish(monkeypatch: pytest.MonkeyPatch, target: str | type) -> None:
    class Entry(EntryPoint):
        def load(self) -> object:
            return super().load() if isinstance(target, str) else target

    value = target if isinstance(target, str) else f"acme:{target.__name__}"
    entry = Entry("acme", value, registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry] if group == registry.GROUP else [])


def test_shipped_probes_keep_the_contract() -> None:
    ranks = set()
    for probe in registry.SHIPPED:
        assert registry.check(probe) is None
        assert probe.name in words.PROTOCOLS
        assert probe.industrial == (probe.name in words.INDUSTRIAL)
        assert 100 <= probe.signature.rank < 200
        assert probe.source
        ranks.add(probe.signature.rank)
        assert isinstance(registry.open_probe(probe.name), probe)
    assert len(ranks) == len(registry.SHIPPED)


def test_a_users_probe_is_listed_and_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, Beacon)
    assert registry.python_probes() == (*registry.SHIPPED, Beacon)
    probe = registry.open_probe("acme-beacon")
    (found,) = probe.feed("client", b"ACMEX200", 0, 1, 1)
    assert found.as_tuple() == (
        "fact",
        {"side": "client", "name": "model", "value": "X200", "field": "type"},
    )
    assert list(probe.end()) == []


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (Nothing, "its name is no str"),
        (Upper, "not lower case"),
        (Taken, "its name dlt645 is taken by sentinel"),
        (Portless, "ports are 1 to 65535"),
        ("no_such_module_here:Probe", "cannot be loaded: ModuleNotFoundError"),
        ("sentinel.probes.registry:GROUP", "it is no class"),
    ],
)
def test_what_is_no_probe_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, target: str | type, why: str
) -> None:
    publish(monkeypatch, target)
    with pytest.raises(UserError, match=why) as caught:
        registry.python_probes()
    assert "probe acme" in str(caught.value)


def test_what_was_not_given_does_not_cross() -> None:
    kind, values = Operation(name="reset", action="restart", detail={"mode": 1}).as_tuple()
    assert kind == "operation"
    assert values == {
        "name": "reset",
        "action": "restart",
        "outcome": "unknown",
        "detail": {"mode": 1},
        "notable": False,
    }
    assert Event(action="seen").as_tuple() == ("event", {"action": "seen", "type": "info"})
