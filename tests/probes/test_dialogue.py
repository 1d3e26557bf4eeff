"""Probes built on `Dialogue`: what one flow holds is bounded, and a bad frame costs only itself."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from sentinel.probes.contract import Observation, Operation
from sentinel.probes.dialogue import Dialogue
from sentinel.probes.registry import SHIPPED
from tests.probes.scenes import cjt188, gb32960, hj212, jt808, sl651

PROBES = [probe for probe in SHIPPED if issubclass(probe, Dialogue)]

MANY: dict[str, Callable[[int], bytes]] = {
    "jt808": lambda n: jt808.frame(0x0102, b"CODE%d" % n, n % 65536, phone=f"{n:012d}"),
    "gb32960": lambda n: gb32960.frame(0x01, gb32960.TIME + bytes(24), vin=b"%017d" % n),
    "hj212": lambda n: hj212.frame(f"{n:017d}", 2011, "DataTime=1", pw=f"{n:06d}"),
    "cjt188": lambda n: cjt188.frame(0x01, b"\x1f\x90\x00", address=f"{n:014d}"),
    "sl651": lambda n: sl651.frame(0x32, n.to_bytes(8), up=True, password=f"{n % 65536:04X}"),
}
"""A frame whose key is the n-th."""


def _size(value: object, depth: int = 4) -> int:
    """Elements of all containers that a probe holds."""
    if isinstance(value, str | bytes):
        return len(value) // 4096 + 1
    if depth and isinstance(value, dict):
        return sum(_size(v, depth - 1) for v in value.values()) + len(value)
    if depth and hasattr(value, "__len__"):
        return sum(_size(v, depth - 1) for v in value) + len(value)  # type: ignore[attr-defined, misc]
    return 1


@pytest.mark.parametrize("name", sorted(MANY))
def test_a_flow_of_many_keys_is_bounded(name: str) -> None:
    probe = next(p for p in PROBES if p.name == name)()
    most = 0
    for n in range(100_000 if name == "cjt188" else 3000):
        list(probe.feed("client", MANY[name](n), 0, n, n))
        if n % 500 == 0:
            most = max(most, sum(_size(v) for v in vars(probe).values()))
    assert most < 1200


@pytest.mark.parametrize("probe", PROBES, ids=lambda p: p.name)
def test_any_bytes_are_taken(probe: type[Dialogue]) -> None:
    random = Random(probe.name)
    flow = probe()
    for n in range(400):
        data = probe.mark + random.randbytes(random.randrange(80))
        try:
            list(flow.feed("client" if n % 2 else "server", data, n % 7 == 0, n, n))
        except ValueError:
            continue
    assert sum(_size(v) for v in vars(flow).values()) < 1200
    list(flow.end())


def test_a_bad_frame_costs_only_itself() -> None:
    ask = jt808.frame(0x8105, b"\x04", 5)
    bad = bytearray(ask)
    bad[-2] ^= 1
    flow = next(p for p in PROBES if p.name == "jt808")()
    found: list[Observation] = []
    for side, data in (("server", bytes(bad) + ask), ("client", jt808.frame(1, jt808.answer(5, 0x8105), 1))):
        found.extend(flow.feed(side, data, 0, 0, 0))  # type: ignore[arg-type]
    assert [o.outcome for o in found if isinstance(o, Operation)] == ["accepted"]
