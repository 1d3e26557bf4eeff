"""The roads of scenes and who drives on them, as SUMO's plain network files and vehicles.

The drivers are those of VeReMi NextGen (CamApp, "Driver Profiles"): a tenth aggressive, a tenth cautious.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

EMERGENCY = 9.0
"""m/s2, the hardest braking (SUMO's emergencyDecel for cars)."""

ASIDE = 'lcMaxSpeedLatStanding="0" lcMaxSpeedLatFactor="0.15" maxSpeedLat="1.2"'
"""Vehicles change lanes while they drive: who stands does not glide aside."""

TYPES = f"""
<vType id="normal" length="4.6" width="1.8" accel="2.6" decel="4.5" tau="1.0" sigma="0.5" minGap="2.5"
 speedFactor="normc(1.0,0.1,0.8,1.2)" emergencyDecel="{EMERGENCY}" {ASIDE}/>
<vType id="aggressive" length="4.6" width="1.8" accel="3.1" decel="5.0" tau="0.5" sigma="0.5" minGap="2.0"
 speedFactor="normc(1.1,0.1,0.9,1.3)" emergencyDecel="{EMERGENCY}" {ASIDE}/>
<vType id="cautious" length="4.2" width="1.7" accel="2.1" decel="4.0" tau="1.5" sigma="0.5" minGap="3.0"
 speedFactor="normc(0.9,0.05,0.8,1.0)" emergencyDecel="{EMERGENCY}" {ASIDE}/>
<vType id="truck" vClass="truck" length="12.0" width="2.5" accel="1.3" decel="4.0" tau="1.2" sigma="0.5"
 minGap="2.5" maxSpeed="25" speedFactor="normc(0.95,0.05,0.85,1.05)" emergencyDecel="7" {ASIDE}/>
<vType id="member" vClass="truck" length="16.5" width="2.5" carFollowModel="CACC" accel="1.2" decel="4.0"
 tau="0.8" minGap="2.0" maxSpeed="22.2" speedFactor="1.0" emergencyDecel="7" {ASIDE} lcStrategic="0"
 lcSpeedGain="0" lcCooperative="0"/>
"""
"""The platoon's members keep the gaps of SUMO's CACC model."""

SIZES = {
    "normal": (4.6, 1.8),
    "aggressive": (4.6, 1.8),
    "cautious": (4.2, 1.7),
    "truck": (12.0, 2.5),
    "member": (16.5, 2.5),
}
"""m, length and width of each type above."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A vehicle that enters: s from the start of the simulation, its type, its edges."""

    at: float
    type: str
    edges: tuple[str, ...]
    lane: str = "free"
    speed: str = "max"


@dataclass(frozen=True, slots=True)
class Road:
    """A network and its demand. Coordinates are m; the receiver stands at `receiver`."""

    name: str
    nodes: str
    edges: str
    warm_up: float
    """s of traffic before the scene begins."""
    demand: Callable[[Random, float], list[Departure]] = field(repr=False)
    receiver: tuple[float, float] = (12.0, 12.0)


def _type(random: Random, trucks: float) -> str:
    if random.random() < trucks:
        return "truck"
    return random.choices(("normal", "aggressive", "cautious"), (8, 1, 1))[0]


def _flow(
    random: Random, rate: float, until: float, edges: Callable[[], tuple[str, ...]], trucks: float
) -> list[Departure]:
    """Vehicles that come independently of each other, `rate` an hour."""
    found: list[Departure] = []
    at = 0.0
    while True:
        at += random.expovariate(rate / 3600.0)
        if at >= until:
            return found
        found.append(Departure(round(at, 1), _type(random, trucks), edges()))


def _crossing(random: Random, until: float) -> list[Departure]:
    found: list[Departure] = []
    arms = "nesw"
    for number, arm in enumerate(arms):
        right, ahead, left = (arms[(number + i) % 4] for i in (3, 2, 1))

        def edges(arm: str = arm, ways: tuple[str, str, str] = (right, ahead, left)) -> tuple[str, ...]:
            to = random.choices(ways, (2, 6, 2))[0]
            return f"{arm}_in", f"{to}_out"

        found += _flow(random, 1000.0, until, edges, 0.05)
    return found


def _both_ways(rate: float, trucks: float) -> Callable[[Random, float], list[Departure]]:
    def demand(random: Random, until: float) -> list[Departure]:
        ways = (("east_a", "east_b"), ("west_a", "west_b"))
        return [d for way in ways for d in _flow(random, rate, until, lambda way=way: way, trucks)]  # type: ignore[misc]

    return demand


def _platoon(random: Random, until: float) -> list[Departure]:
    """Platoons of six to nine trucks on the right lane, one about every 50 s, in other traffic."""
    found = _both_ways(1200.0, 0.05)(random, until)
    for way in (("east_a", "east_b"), ("west_a", "west_b")):
        at = random.uniform(0.0, 30.0)
        while at < until:
            for _ in range(random.randint(6, 9)):
                found.append(Departure(round(at, 1), "member", way, "0", "22"))
                at += 1.6
            at += random.uniform(30.0, 60.0)
    return found


def _motorway(length: float, bend: float, lanes: int, speed: float) -> tuple[str, str]:
    """Two carriageways 4 m apart, bent: nodes and edges."""
    nodes, edges = [], []
    for way, side, direction in (("east", -1.0, 1.0), ("west", 1.0, -1.0)):
        # SUMO lays the lanes to the right of the line, so each line is the carriageway's left edge
        ends = [(-length * direction, 2.0 * side), (0.0, 2.0 * side + bend), (length * direction, 2.0 * side)]
        nodes += [f'<node id="{way}{i}" x="{x}" y="{y}"/>' for i, (x, y) in enumerate(ends)]
        for i, part in enumerate("ab"):
            (x1, y1), (x2, y2) = ends[i], ends[i + 1]
            shape = " ".join(
                f"{x1 + (x2 - x1) * s:.2f},{y1 + (y2 - y1) * (3 * s * s - 2 * s**3):.2f}"
                for s in (k / 30 for k in range(31))
            )
            edges.append(
                f'<edge id="{way}_{part}" from="{way}{i}" to="{way}{i + 1}" numLanes="{lanes}" '
                f'speed="{speed}" shape="{shape}"/>'
            )
    return f"<nodes>{''.join(nodes)}</nodes>", f"<edges>{''.join(edges)}</edges>"


def _star(arm: float, lanes: int, speed: float) -> tuple[str, str]:
    nodes = ['<node id="c" x="0" y="0" type="traffic_light"/>']
    edges = []
    for number, name in enumerate("nesw"):
        angle = math.pi / 2 * number
        x, y = round(arm * math.sin(angle), 1), round(arm * math.cos(angle), 1)
        nodes.append(f'<node id="{name}" x="{x}" y="{y}"/>')
        edges.append(f'<edge id="{name}_in" from="{name}" to="c" numLanes="{lanes}" speed="{speed}"/>')
        edges.append(f'<edge id="{name}_out" from="c" to="{name}" numLanes="{lanes}" speed="{speed}"/>')
    return f"<nodes>{''.join(nodes)}</nodes>", f"<edges>{''.join(edges)}</edges>"


ROADS: dict[str, Road] = {
    road.name: road
    for road in (
        Road("crossing", *_star(700.0, 2, 13.9), 120.0, _crossing),
        Road("motorway", *_motorway(1500.0, 120.0, 3, 33.3), 110.0, _both_ways(4200.0, 0.1), (0.0, 150.0)),
        Road("platoon", *_motorway(1500.0, 0.0, 2, 27.8), 130.0, _platoon, (0.0, 25.0)),
    )
}
"""A crossing with lights in a town (50 km/h, two lanes a way), a motorway (120 km/h, three lanes), a main
road (100 km/h, two lanes) with platoons of trucks."""
