"""What is said in the four forged scenes: the true message, and the false one that drivers would act on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sentinel.v2x import payloads
from sentinel.v2x.geo import Plane

FAR = 20_000.0
"""m: beyond any direct link."""
FLIGHT = 150.0
"""m/s: no vehicle drives so."""
OFF = 600.0
"""s by which a SPAT's own time is off."""
AHEAD = 40.0
"""m before the receiver where the false vehicle brakes."""


@dataclass(frozen=True, slots=True)
class Say:
    """One message. `generated` is s, POSIX; places are degrees."""

    generated: float
    counter: int
    station: str
    latitude: float
    longitude: float
    false: bool = False
    """The forger's text."""
    impossible: bool = False
    """What cannot be, whoever says it."""

    def place(self, metres: float) -> dict[str, Any]:
        """So far north of its own place."""
        latitude, longitude = Plane(self.latitude, self.longitude).degrees(0.0, metres)
        return {"latitude": latitude, "longitude": longitude}


def _speed_limit(say: Say) -> bytes:
    return payloads.rsi_speed_limit(
        station=say.station,
        counter=say.counter,
        generated=say.generated,
        limit=(5 if say.false else 60) / 3.6,
        minutes=10,
        **say.place(FAR if say.impossible else 0.0),
    )


def _lights(say: Say) -> bytes:
    cross = "protected-green" if say.false else "red"
    return payloads.spat(
        region=1,
        node=7,
        counter=say.counter,
        generated=say.generated - (OFF if say.impossible else 0.0),
        phases={1: ("protected-green", 12.0), 2: (cross, 12.0)},
    )


def _emergency(say: Say) -> bytes:
    return payloads.emergency_bsm(
        station=say.station,
        counter=say.counter,
        generated=say.generated,
        speed=FLIGHT if say.impossible else 22.0,
        heading=180.0,
        acceleration=0.0,
        accuracy=1.0,
        **say.place(120.0),
    )


def _collision(say: Say) -> bytes:
    braking = say.false or say.impossible
    return payloads.bsm(
        station=say.station,
        counter=say.counter,
        generated=say.generated,
        speed=0.0 if braking else 13.9,
        heading=0.0,
        acceleration=-8.0 if braking else 0.0,
        accuracy=1.0,
        events=("hard-braking",) if braking else (),
        **say.place(FAR if say.impossible else AHEAD),
    )


@dataclass(frozen=True, slots=True)
class Forgery:
    """A forged scene. `ssp` is what the aid needs besides, empty where it needs nothing; `other` an aid
    whose certificates are common and do not cover such a message."""

    name: str
    aid: int
    other: int
    ssp: str
    kind: str
    """Of the station: rsu, obu, special."""
    pseudonyms: bool
    """Whether its honest signers have pseudonyms, which are revoked by linkage seeds."""
    payload: Callable[[Say], bytes]


FORGERIES: Mapping[str, Forgery] = {
    one.name: one
    for one in (
        Forgery("forged-rsi", 3620, 3623, "0180", "rsu", False, _speed_limit),
        Forgery("forged-spat", 3619, 3618, "", "rsu", False, _lights),
        Forgery("forged-emergency", 112, 3620, "0180", "special", False, _emergency),
        Forgery("forged-collision", 111, 3623, "", "obu", True, _collision),
    )
}
"""The scenes by name: a speed limit, a traffic light, an emergency vehicle, a vehicle that brakes ahead.
Aids and SSPs are those of the tables in `crates/v2x/data`."""
