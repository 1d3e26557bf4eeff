"""Payloads of T/CSAE 53 day 1. A station is its temporary identity, 16 digits of hex."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sentinel import _native
from sentinel.v2x.units import bits, numbers

_DAY1 = numbers("day1")

EMERGENCY_CLASS = 60
"""Class of an emergency vehicle of which no more is known; 10 is a car."""

SPEED_LIMIT_SIGN = 85
"""Number of the speed limit among the signs of GB 5768.2: an assumption that no public text confirms."""


@dataclass(frozen=True, slots=True)
class Participant:
    """Someone on the road, as a roadside unit sees him."""

    number: int
    latitude: float
    longitude: float
    speed: float
    heading: float
    kind: str = "motor"
    source: str = "video"
    length: float = 4.5
    width: float = 1.8
    station: str = ""


def bsm(
    *,
    station: str,
    counter: int,
    generated: float,
    latitude: float,
    longitude: float,
    speed: float,
    heading: float,
    acceleration: float = math.nan,
    yaw_rate: float = 0.0,
    accuracy: float = math.nan,
    length: float = 4.5,
    width: float = 1.8,
    events: Iterable[str] = (),
    vehicle_class: int = 10,
    emergency: Mapping[str, str] | None = None,
) -> bytes:
    """A BSM. Events are those of `fields.toml` and braking (the pedal), reverse (the gear).

    Raises:
        ValueError: an event is unknown, or the station is no 8 octets in hex.
    """
    named = set(events)
    fields: dict[str, Any] = {
        "msgCnt": counter % 128,
        "id": station,
        "secMark": _ms_in_minute(generated),
        "pos": _place(latitude, longitude),
        "transmission": "reverseGears" if "reverse" in named else "forwardGears",
        "speed": _DAY1["speed"].of(speed),
        "heading": _heading(heading),
        "accelSet": {
            "long": _DAY1["accelSet.long"].of(acceleration),
            "lat": _DAY1["accelSet.long"].of(math.nan),
            "vert": -127,
            "yaw": _DAY1["accelSet.yaw"].of(yaw_rate),
        },
        "brakes": {"brakePadel": "on" if "braking" in named else "off"},
        "size": {"width": _DAY1["size.width"].of(width), "length": _DAY1["size.length"].of(length)},
        "vehicleClass": {"classification": vehicle_class},
    }
    if not math.isnan(accuracy):
        axis = _DAY1["semiMajor"].of(accuracy)
        fields["posAccuracy"] = {"semiMajor": axis, "semiMinor": axis, "orientation": 65_535}
    flags = _flags(named - {"braking", "reverse"})
    if flags:
        fields["safetyExt"] = {"events": {"value": f"{flags << 3:04X}", "length": 13}}
    if emergency is not None:
        fields["emergencyExt"] = dict(emergency)
    return _native.v2x_message_encode("bsm", fields)


def emergency_bsm(*, siren: bool = True, lights: bool = True, **state: Any) -> bytes:
    """A BSM of an emergency vehicle on a run; the rest as `bsm` has it."""
    run = {
        "responseType": "emergency",
        "sirenUse": "inUse" if siren else "notInUse",
        "lightsUse": "inUse" if lights else "notInUse",
    }
    return bsm(vehicle_class=EMERGENCY_CLASS, emergency=run, **state)


def rsi_speed_limit(
    *,
    station: str,
    counter: int,
    generated: float,
    latitude: float,
    longitude: float,
    limit: float,
    path: Iterable[tuple[float, float]] = (),
    radius: float = 10.0,
    minutes: int | None = None,
    sign: int = SPEED_LIMIT_SIGN,
) -> bytes:
    """An RSI with one sign: a speed limit (m/s) along a path of places, at first where the sign stands.

    The limit is the sign's description, in whole km/h. It holds from `generated` for so many minutes.
    """
    minute = _minute_of_year(generated)
    along = [(latitude, longitude), *path]
    entry: dict[str, Any] = {
        "rtsId": counter % 256,
        "signType": sign,
        "signPos": _absolute(latitude, longitude),
        "description": {"textString": str(round(limit * 3.6))},
        "priority": "E0",
        "referencePaths": [
            {
                "activePath": [_absolute(*place) for place in along],
                "pathRadius": _DAY1["pathRadius"].of(radius),
            }
        ],
    }
    if minutes is not None:
        entry["timeDetails"] = {"startTime": minute, "endTime": min(minute + minutes, 527_039)}
    fields = {
        "msgCnt": counter % 128,
        "moy": minute,
        "id": station,
        "refPos": _place(latitude, longitude),
        "rtss": [entry],
    }
    return _native.v2x_message_encode("rsi", fields)


def spat(
    *, region: int, node: int, counter: int, generated: float, phases: Mapping[int, tuple[str, float]]
) -> bytes:
    """A SPAT of one crossing: signal groups by number, each with its light now and the s until it changes.

    Lights: dark, red, flashing-red, permissive-green, protected-green, flashing-green, yellow,
    flashing-yellow, unavailable.
    """
    states = [
        {
            "id": number,
            "phaseStates": [
                {
                    "light": light,
                    "timing": {
                        "counting": {"startTime": 0, "likelyEndTime": _DAY1["likelyEndTime"].of(left)}
                    },
                }
            ],
        }
        for number, (light, left) in phases.items()
    ]
    fields = {
        "msgCnt": counter % 128,
        "moy": _minute_of_year(generated),
        "timeStamp": _ms_in_minute(generated),
        "intersections": [
            {"intersectionId": {"region": region, "id": node}, "status": "0400", "phases": states}
        ],
    }
    return _native.v2x_message_encode("spat", fields)


def rsm(
    *,
    station: str,
    counter: int,
    generated: float,
    latitude: float,
    longitude: float,
    participants: Iterable[Participant],
) -> bytes:
    """An RSM: at most 16 participants that the roadside unit at this place sees at this moment."""
    seen = []
    for one in participants:
        entry: dict[str, Any] = {
            "ptcType": one.kind,
            "ptcId": one.number,
            "source": one.source,
            "secMark": _ms_in_minute(generated),
            "pos": _absolute(one.latitude, one.longitude),
            "posConfidence": {"pos": "a50cm"},
            "speed": _DAY1["speed"].of(one.speed),
            "heading": _heading(one.heading),
            "size": {
                "width": _DAY1["size.width"].of(one.width),
                "length": _DAY1["size.length"].of(one.length),
            },
        }
        if one.station:
            entry["id"] = one.station
        seen.append(entry)
    fields = {
        "msgCnt": counter % 128,
        "id": station,
        "refPos": _place(latitude, longitude),
        "participants": seen,
    }
    return _native.v2x_message_encode("rsm", fields)


def _place(latitude: float, longitude: float) -> dict[str, int]:
    return {"lat": _DAY1["lat"].of(latitude), "long": _DAY1["long"].of(longitude)}


def _absolute(latitude: float, longitude: float) -> dict[str, Any]:
    place = {"lon": _DAY1["long"].of(longitude), "lat": _DAY1["lat"].of(latitude)}
    return {"offsetLL": {"position-LatLon": place}}


def _heading(heading: float) -> int:
    """A whole turn is none: 359.999 degrees are 0."""
    unit = _DAY1["heading"]
    return (
        unit.of(heading) if math.isnan(heading) else round(heading % 360 / unit.step) % round(360 / unit.step)
    )


def _flags(events: set[str]) -> int:
    """The events' bits, the first the highest of 13."""
    names = bits("day1")["events"]
    for event in sorted(events):
        if event not in names:
            known = ", ".join(filter(None, names))
            raise ValueError(f"{event!r} is no event of a BSM: {known}, braking, reverse")
    return sum(1 << (len(names) - 1 - names.index(event)) for event in events)


def _ms_in_minute(moment: float) -> int:
    return round(moment * 1000) % 60_000


def _minute_of_year(moment: float) -> int:
    when = time.gmtime(moment)
    return (when.tm_yday - 1) * 1440 + when.tm_hour * 60 + when.tm_min
