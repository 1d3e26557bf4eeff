"""From traffic to the messages that a receiver gets, and what is true of each."""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from sentinel.v2x.messages import Observation
from sentinel.v2x.scene.attacks.base import EARSHOT, Attack, Ether
from sentinel.v2x.scene.channel import Channel
from sentinel.v2x.scene.state import Beacon, State
from sentinel.v2x.scene.vehicle import Vehicle
from sentinel.v2x.site import Site

EPOCH = 1_767_254_400.0
"""s: scenes begin on 2026-01-01 at 08:00 UTC."""
HONEST = "honest"
"""The label of a true message."""
SHARE = 0.1
"""Share of vehicles that attack (issue: one in ten; VeReMi NextGen: 0.2)."""
HARD = -4.0
"""m/s2 below which a BSM tells of hard braking: 0.4 g (SAE J2735 DF_VehicleEventFlags)."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is true of a message."""

    station: str
    vehicle: str
    attack: str
    """`HONEST` or the attack's name: of this message."""
    attacker: str
    """The attack of the vehicle, which may send true messages too; empty for an honest vehicle."""


@dataclass(slots=True)
class Plan:
    """Who attacks how. `attacks` are dealt in turn, shuffled."""

    seed: int
    attacks: Sequence[type[Attack]]
    share: float = SHARE
    given: dict[str, str] = field(default_factory=dict)
    _deck: list[type[Attack]] = field(default_factory=list)

    def role(self, vehicle: str, ether: Ether) -> Attack | None:
        """The attack of a vehicle that comes, or nothing if it is honest."""
        random = Random(f"{self.seed}:{vehicle}:role")  # noqa: S311 - the same for the same seed
        if not self.attacks or random.random() >= self.share:
            return None
        if not self._deck:
            self._deck = [*self.attacks]
            random.shuffle(self._deck)
        attack = self._deck.pop()
        self.given[vehicle] = attack.name
        return attack(random, ether)


def received(
    steps: Iterable[tuple[float, list[State]]], site: Site, plan: Plan
) -> Iterator[tuple[Observation, Label]]:
    """Messages in the order in which they arrive at the site's receiver."""
    ether = Ether(site)
    channel = Channel(Random(f"{plan.seed}:channel"), site.x, site.y, site.range)  # noqa: S311
    senders: dict[str, tuple[Vehicle, Attack | None]] = {}
    waiting: list[tuple[float, int, Beacon, Label]] = []
    number = 0
    for time, states in steps:
        now = EPOCH + time
        true = []
        for state in states:
            if math.hypot(state.x - site.x, state.y - site.y) > site.range + EARSHOT:
                continue
            sender = senders.get(state.vehicle)
            if sender is None:
                random = Random(f"{plan.seed}:{state.vehicle}")  # noqa: S311
                sender = senders[state.vehicle] = Vehicle(random), plan.role(state.vehicle, ether)
            vehicle, attack = sender
            own = vehicle.beacon(now, state)
            true.append(own)
            name = attack.name if attack is not None else ""
            for beacon, false in attack.send(own, state) if attack is not None else [(own, False)]:
                arrival = channel.arrival(beacon.sent, state.vehicle, state.x, state.y)
                if arrival is not None:
                    label = Label(beacon.station, state.vehicle, name if false else HONEST, name)
                    heapq.heappush(waiting, (arrival, number, beacon, label))
                    number += 1
        ether.add(now, true)
        while waiting and waiting[0][0] < now:
            arrival, _, beacon, label = heapq.heappop(waiting)
            yield observation(arrival, beacon, site), label
    while waiting:
        arrival, _, beacon, label = heapq.heappop(waiting)
        yield observation(arrival, beacon, site), label


def observation(arrival: float, beacon: Beacon, site: Site) -> Observation:
    """A message as it is decoded: in the steps of a BSM (T/CSAE 53: 1e-7 degrees, 0.02 m/s, 0.0125 degrees,
    0.01 m/s2, 0.01 degrees/s, 0.05 m). Until it is signed, the signer stands for the station."""
    latitude, longitude = site.plane.degrees(beacon.x, beacon.y)
    acceleration = round(min(max(beacon.acceleration, -20.0), 20.0), 2) + 0.0
    return Observation(
        round(arrival, 6),
        round(beacon.generated, 3),
        "bsm",
        beacon.station,
        hashlib.sha256(beacon.station.encode()).hexdigest()[-16:],
        beacon.counter,
        round(latitude, 7),
        round(longitude, 7),
        round(round(beacon.speed / 0.02) * 0.02, 2),
        round(round(beacon.heading / 0.0125) * 0.0125 % 360.0, 4),
        acceleration,
        round(beacon.yaw_rate, 2),
        beacon.accuracy,
        beacon.length,
        beacon.width,
        frozenset(("hard-braking",)) if acceleration < HARD else frozenset(),
    )
