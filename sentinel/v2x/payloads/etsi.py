"""Payloads of ETSI: CAM and DENM. A station is its temporary identity, 8 digits of hex."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from sentinel import _native
from sentinel.v2x.messages import TAI_AHEAD
from sentinel.v2x.units import bits, numbers

_ETSI = numbers("etsi")
START_2004 = 1_072_915_200
"""POSIX time of 2004-01-01 UTC, from which ETSI counts."""


def cam(
    *,
    station: str,
    generated: float,
    latitude: float,
    longitude: float,
    speed: float,
    heading: float,
    acceleration: float = math.nan,
    yaw_rate: float = math.nan,
    accuracy: float = math.nan,
    length: float = 4.5,
    width: float = 1.8,
    events: Iterable[str] = (),
    station_type: int = 5,
    emergency: bool = False,
) -> bytes:
    """A CAM of a vehicle. Events: those of accelerationControl in `fields.toml`, and reverse.

    Raises:
        ValueError: an event is unknown, or the station is no number in hex.
    """
    named = set(events)
    fast: dict[str, Any] = {
        "heading": {"headingValue": _heading(heading), "headingConfidence": 127},
        "speed": {"speedValue": _ETSI["speedValue"].of(speed), "speedConfidence": 127},
        "driveDirection": "backward" if "reverse" in named else "forward",
        "vehicleLength": {
            "vehicleLengthValue": _ETSI["vehicleLengthValue"].of(length),
            "vehicleLengthConfidenceIndication": "noTrailerPresent",
        },
        "vehicleWidth": _ETSI["vehicleWidth"].of(width),
        "longitudinalAcceleration": {
            "longitudinalAccelerationValue": _ETSI["longitudinalAccelerationValue"].of(acceleration),
            "longitudinalAccelerationConfidence": 102,
        },
        "curvature": {"curvatureValue": 1023, "curvatureConfidence": "unavailable"},
        "curvatureCalculationMode": "unavailable",
        # Left is positive there.
        "yawRate": {"yawRateValue": _ETSI["yawRateValue"].of(-yaw_rate), "yawRateConfidence": "unavailable"},
    }
    control = _control(named - {"reverse"})
    if control:
        fast["accelerationControl"] = {"value": f"{control << 1:02X}", "length": 7}
    parameters: dict[str, Any] = {
        "basicContainer": {
            "stationType": station_type,
            "referencePosition": _place(latitude, longitude, accuracy),
        },
        "highFrequencyContainer": {"basicVehicleContainerHighFrequency": fast},
    }
    if emergency:
        parameters["lowFrequencyContainer"] = {
            "basicVehicleContainerLowFrequency": {
                "vehicleRole": "emergency",
                "exteriorLights": "00",
                "pathHistory": [],
            }
        }
        parameters["specialVehicleContainer"] = {"emergencyContainer": {"lightBarSirenInUse": "C0"}}
    fields = {
        "header": {"protocolVersion": 2, "messageID": 2, "stationID": int(station, 16)},
        "cam": {"generationDeltaTime": _tai(generated) % 65_536, "camParameters": parameters},
    }
    return _native.v2x_message_encode("cam", fields)


def denm(
    *,
    station: str,
    sequence: int,
    generated: float,
    latitude: float,
    longitude: float,
    cause: int,
    sub_cause: int = 0,
    speed: float = math.nan,
    heading: float = math.nan,
    accuracy: float = math.nan,
    detected: float | None = None,
    valid: int = 600,
    station_type: int = 5,
) -> bytes:
    """A DENM of an event by its cause (TS 102 894-2, A.10), valid for so many s from its detection."""
    seen = generated if detected is None else detected
    fields = {
        "header": {"protocolVersion": 2, "messageID": 1, "stationID": int(station, 16)},
        "denm": {
            "management": {
                "actionID": {"originatingStationID": int(station, 16), "sequenceNumber": sequence},
                "detectionTime": _tai(seen),
                "referenceTime": _tai(generated),
                "eventPosition": _place(latitude, longitude, accuracy),
                "validityDuration": valid,
                "stationType": station_type,
            },
            "situation": {
                "informationQuality": 0,
                "eventType": {"causeCode": cause, "subCauseCode": sub_cause},
            },
            "location": {
                "eventSpeed": {"speedValue": _ETSI["speedValue"].of(speed), "speedConfidence": 127},
                "eventPositionHeading": {"headingValue": _heading(heading), "headingConfidence": 127},
                "traces": [[]],
            },
        },
    }
    return _native.v2x_message_encode("denm", fields)


def _place(latitude: float, longitude: float, accuracy: float) -> dict[str, Any]:
    return {
        "latitude": _ETSI["latitude"].of(latitude),
        "longitude": _ETSI["longitude"].of(longitude),
        "positionConfidenceEllipse": {
            "semiMajorConfidence": _ETSI["semiMajorConfidence"].of(accuracy),
            "semiMinorConfidence": _ETSI["semiMinorConfidence"].of(accuracy),
            "semiMajorOrientation": 3601,
        },
        "altitude": {"altitudeValue": 800_001, "altitudeConfidence": "unavailable"},
    }


def _heading(heading: float) -> int:
    unit = _ETSI["headingValue"]
    return unit.of(heading) if math.isnan(heading) else round(heading % 360 / unit.step) % 3600


def _control(events: set[str]) -> int:
    names = bits("etsi")["accelerationControl"]
    for event in sorted(events):
        if event not in names:
            raise ValueError(f"{event!r} is no event of a CAM: {', '.join(names)}, reverse")
    return sum(1 << (len(names) - 1 - names.index(event)) for event in events)


def _tai(moment: float) -> int:
    """ms of TAI since 2004-01-01."""
    return round((moment - START_2004 + TAI_AHEAD) * 1000)
