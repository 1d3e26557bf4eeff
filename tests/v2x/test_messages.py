"""Payloads made from SI units are observed as what they were made from; hostile ones are refused."""

from __future__ import annotations

import math
import os
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel import _native
from sentinel.v2x import payloads
from sentinel.v2x.messages import KINDS, Observation, observe
from sentinel.v2x.show import plain, show
from sentinel.v2x.units import bits, numbers
from tests.conftest import ROOT
from tests.v2x.grammar import OUTERMOST, grammar

CASES = int(os.environ.get("SENTINEL_CASES", "200"))
NOON = 1_796_040_000.25
"""2026-11-30T12:00:00.25Z"""
CAR: dict[str, Any] = {
    "generated": NOON,
    "latitude": 39.976,
    "longitude": 116.35,
    "speed": 13.9,
    "heading": 90.0,
    "acceleration": -4.5,
    "yaw_rate": 2.5,
    "accuracy": 1.5,
    "length": 4.5,
    "width": 1.8,
}


def _samples(name: str) -> list[tuple[str, bytes]]:
    text = (ROOT / "crates" / "v2xmsg" / "samples" / f"{name}.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return [(kind, bytes.fromhex(octets)) for kind, octets in lines]


def test_a_bsm_is_observed_as_it_was_made() -> None:
    payload = payloads.bsm(station="0011223344556677", counter=300, events=["hard-braking", "braking"], **CAR)
    assert observe(payload, NOON + 0.05, signer="a1b2c3d4e5f60718") == Observation(
        received=NOON + 0.05,
        kind="bsm",
        station="0011223344556677",
        signer="a1b2c3d4e5f60718",
        counter=300 % 128,
        events=frozenset({"hard-braking", "braking"}),
        **CAR,
    )


def test_a_cam_is_observed_as_it_was_made() -> None:
    payload = payloads.cam(station="deadbeef", events=["hard-braking"], emergency=True, **CAR)
    seen = observe(payload, NOON + 20, family="etsi")
    assert seen == Observation(
        received=NOON + 20,
        kind="cam",
        station="deadbeef",
        signer="",
        counter=-1,
        events=frozenset({"hard-braking", "emergency", "emergency-vehicle", "light-bar", "siren"}),
        **CAR,
    )


def test_a_denm_is_observed_as_it_was_made() -> None:
    made: dict[str, Any] = {
        "generated": NOON,
        "latitude": 39.976,
        "longitude": 116.35,
        "speed": 0.0,
        "heading": 10.0,
    }
    payload = payloads.denm(station="00001267", sequence=3, cause=97, sub_cause=1, **made)
    seen = observe(payload, NOON + 300, family="etsi")
    assert {name: getattr(seen, name) for name in made} == made
    assert (seen.kind, seen.station, seen.events) == ("denm", "00001267", frozenset({"cause-97-1"}))


def test_an_emergency_vehicle_says_so() -> None:
    seen = observe(payloads.emergency_bsm(station="00" * 8, counter=1, **CAR), NOON)
    assert seen.events == {"emergency-vehicle", "emergency", "siren", "light-bar"}
    quiet = observe(
        payloads.emergency_bsm(station="00" * 8, counter=1, siren=False, lights=False, **CAR), NOON
    )
    assert quiet.events == {"emergency-vehicle", "emergency"}


def test_roadside_messages_are_observed_as_they_were_made() -> None:
    place: dict[str, Any] = {"latitude": 39.976, "longitude": 116.35}
    rsi = payloads.rsi_speed_limit(
        station="52" * 8, counter=7, generated=NOON, limit=60 / 3.6, minutes=30, **place
    )
    seen = observe(rsi, NOON + 1)
    assert (seen.kind, seen.station, seen.events) == ("rsi", "52" * 8, frozenset({"sign-85"}))
    assert (seen.latitude, seen.longitude, seen.generated) == (39.976, 116.35, NOON - 0.25)
    shown = show(rsi)["rtss"][0]
    assert shown["description"] == {"textString": "60"}
    assert shown["timeDetails"]["endTime"] - shown["timeDetails"]["startTime"] == 30

    spat = payloads.spat(
        region=1, node=9, counter=7, generated=NOON, phases={33: ("red", 12.5), 35: ("yellow", math.nan)}
    )
    seen = observe(spat, NOON - 1)
    assert (seen.kind, seen.station, seen.generated) == ("spat", "00010009", NOON)
    assert seen.events == {"phase-33-red", "phase-35-yellow"}
    timings = [
        phase["phaseStates"][0]["timing"]["counting"] for phase in show(spat)["intersections"][0]["phases"]
    ]
    assert [timing["likelyEndTime"] for timing in timings] == [12.5, None]

    people = [
        payloads.Participant(1, 39.9761, 116.3501, 1.2, 270.0, kind="pedestrian", length=0.5, width=0.5)
    ]
    rsm = payloads.rsm(station="52" * 8, counter=7, generated=NOON, participants=people, **place)
    seen = observe(rsm, NOON)
    assert (seen.kind, seen.generated, seen.events) == ("rsm", NOON, frozenset({"participants-1"}))
    (shown,) = show(rsm)["participants"]
    assert (shown["ptcType"], shown["speed"], shown["heading"]) == ("pedestrian", 1.2, 270.0)
    assert shown["pos"]["offsetLL"]["position-LatLon"] == {"lat": 39.9761, "lon": 116.3501}


@given(
    state=st.fixed_dictionaries(
        {
            "generated": st.floats(1.7e9, 1.9e9),
            "latitude": st.floats(-90, 90),
            "longitude": st.floats(-179.9, 180),
            "speed": st.floats(0, 163.8),
            "heading": st.floats(0, 359.98),
            "acceleration": st.floats(-16, 16),
            "yaw_rate": st.floats(-327.6, 327.6),
            "accuracy": st.floats(0, 12.7),
            "length": st.floats(0.1, 40),
            "width": st.floats(0.1, 6),
        }
    ),
    late=st.floats(-20, 20),
    counter=st.integers(0, 1000),
)
@settings(max_examples=min(CASES, 2000))
def test_states_come_back_within_half_a_step(state: dict[str, Any], late: float, counter: int) -> None:
    steps = {
        "generated": 1e-3,
        "latitude": 1e-7,
        "longitude": 1e-7,
        "speed": 0.02,
        "heading": 0.1,
        "acceleration": 0.1,
    }
    steps |= {"yaw_rate": 0.01, "accuracy": 0.05, "length": 0.1, "width": 0.1}
    received = state["generated"] + late
    for seen in (
        observe(payloads.bsm(station="ab" * 8, counter=counter, **state), received),
        observe(payloads.cam(station="abababab", **state), received, family="etsi"),
    ):
        for name, step in steps.items():
            off = abs(getattr(seen, name) - state[name])
            if name == "heading":
                off = min(off, 360 - off)
            assert off <= step * 0.51 + 1e-6, (seen.kind, name)


def test_what_is_unknown_is_nan() -> None:
    names = ("latitude", "longitude", "speed", "heading", "accuracy", "length", "width")
    unknown: dict[str, Any] = dict.fromkeys(names, math.nan)
    for payload, family in (
        (payloads.bsm(station="00" * 8, counter=0, generated=NOON, **unknown), "day1"),
        (payloads.cam(station="00000000", generated=NOON, **unknown), "etsi"),
    ):
        seen = observe(payload, NOON, family=family)  # type: ignore[arg-type]
        assert all(math.isnan(getattr(seen, name)) for name in unknown)
        assert math.isnan(seen.acceleration)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"events": ["flying"]}, r"^'flying' is no event of a BSM: hazard-lights, "),
        ({"station": "00"}, r"^this is no bsm: "),
        ({"vehicle_class": 256}, r"^this is no bsm: "),
    ],
)
def test_a_bsm_that_cannot_be_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        payloads.bsm(**{"station": "00" * 8, "counter": 0, **CAR, **change})


def test_kinds_and_families_are_named() -> None:
    with pytest.raises(ValueError, match=r"'' is no kind|\"\" is no kind of message: bsm, cam, "):
        _native.v2x_message_decode(b"", "")
    with pytest.raises(ValueError, match="is no family of messages: day1, etsi"):
        _native.v2x_message_kind(b"", "sae")
    payload = payloads.cam(station="00000000", **CAR)
    with pytest.raises(ValueError, match="a cam where a denm is due"):
        _native.v2x_message_decode(payload, "denm")
    assert set(KINDS) == {kind for name in OUTERMOST for kind, _ in _samples(name)}


@pytest.mark.parametrize("family", OUTERMOST)
def test_altered_messages_are_refused_in_one_line_or_read(family: Any) -> None:
    random = Random(f"alterations of {family}")
    of = grammar(family)
    read = 0
    refusals: set[str] = set()
    for _ in range(CASES):
        _, outer, value = of.frame(random)
        octets = bytearray(of.codec.encode(outer, value))
        for _ in range(random.randrange(1, 5)):
            octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)
        if random.random() < 0.2:
            del octets[random.randrange(len(octets)) :]
        try:
            shown = show(bytes(octets), family)
        except ValueError as wrong:
            refusals.add(str(wrong))
            continue
        seen = observe(bytes(octets), NOON, family=family)
        assert shown["kind"] == seen.kind
        assert plain(seen.kind, _native.v2x_message_decode(bytes(octets), seen.kind)).items() <= shown.items()
        read += 1
    assert read
    assert refusals
    assert all("\n" not in why and len(why) < 300 for why in refusals)


def test_tables_name_fields_of_the_grammars() -> None:
    for family in OUTERMOST:
        names = set()
        for about in grammar(family).types.values():
            for member in about.get("members", []):
                if member is not None:
                    names.add(member["name"])
        for path in [*numbers(family), *bits(family)]:
            assert path.rpartition(".")[2] in names, path


def test_published_messages_are_shown_in_si_units() -> None:
    by_kind = dict(_samples("day1"))
    bsm = show(by_kind["bsm"])
    assert bsm["pos"] == {"lat": 39.9764498, "long": 116.3508958, "elevation": 46.7}
    assert (bsm["secMark"], bsm["heading"], bsm["size"]) == (9.5, 177.9875, {"width": 1.5, "length": 4.5})
    assert bsm["accelSet"] == {"long": None, "lat": None, "vert": None, "yaw": 0.0}
    assert bsm["safetyExt"]["events"] == []
    spat = show(by_kind["spat"])
    assert spat["intersections"][0]["status"] == ["fixed-time"]
    limits = show(by_kind["map"])["nodes"][0]["inLinks"][0]["speedLimits"]
    assert limits == [{"type": "vehicleMaxSpeed", "speed": 16.68}, {"type": "vehicleMinSpeed", "speed": 0.0}]
    denm = show(dict(_samples("etsi"))["denm"], "etsi")["denm"]
    assert denm["alacarte"]["impactReduction"]["vehicleMass"] == 1500
    assert denm["alacarte"]["impactReduction"]["positionOfPillars"] == [1.0, 0.9, 0.8, 0.7]
