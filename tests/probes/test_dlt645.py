"""DL/T 645: frames made here from the standard's layout."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.model.words import ACTIONS
from sentinel.probes.contract import Credential, Fact, Observation, Operation, Side
from sentinel.probes.dlt645 import MAX_PENDING, Dlt645

METER = "202311150042"
OPERATOR = bytes.fromhex("78563412")
PASSWORD = bytes.fromhex("02563412")
"""Permission level 02, password 123456."""


def frame(control: int, data: bytes = b"", address: str = METER, filler: int = 0) -> bytes:
    """A frame as it goes over the line."""
    head = b"\x68" + bytes.fromhex(address)[::-1] + b"\x68" + bytes((control, len(data)))
    body = head + bytes((b + 0x33) & 0xFF for b in data)
    return b"\xfe" * filler + body + bytes((sum(body) & 0xFF, 0x16))


def item(identifier: str) -> bytes:
    return bytes.fromhex(identifier)[::-1]


def play(*turns: tuple[Side, bytes], step_us: int = 100_000, end: bool = True) -> list[Observation]:
    probe = Dlt645()
    found: list[Observation] = []
    for n, (side, data) in enumerate(turns, 1):
        found.extend(probe.feed(side, data, 0, n * step_us, n))
    if end:
        found.extend(probe.end())
    return found


def operations(found: list[Observation]) -> list[str]:
    return [f"{o.name} {o.action} {o.outcome}" for o in found if isinstance(o, Operation)]


def facts(found: list[Observation]) -> set[tuple[str, str]]:
    return {(o.name, o.value) for o in found if isinstance(o, Fact)}


def credentials(found: list[Observation]) -> list[tuple[str | None, str | None, str]]:
    return [(o.username, o.secret, o.outcome) for o in found if isinstance(o, Credential)]


def test_reading_names_the_meter() -> None:
    found = play(
        ("client", frame(0x11, item("04000402"), filler=4)),
        ("server", frame(0x91, item("04000402") + bytes.fromhex("420015112320"), filler=4)),
        ("client", frame(0x11, item("0400040B"))),
        ("server", frame(0x91, item("0400040B") + b"DTZ341".ljust(10, b"\0")[::-1])),
    )
    assert operations(found) == ["read_data read accepted"] * 2
    assert facts(found) == {("id:meter", METER), ("serial", "202311150042"), ("model", "DTZ341")}
    assert all(o.side == "server" for o in found if isinstance(o, Fact))


def test_any_address_is_answered_by_its_own() -> None:
    found = play(
        ("client", frame(0x13, address="AA" * 6)),
        ("server", frame(0x93, bytes.fromhex(METER)[::-1])),
    )
    assert operations(found) == ["read_communication_address identify accepted"]
    assert [o.unit for o in found if isinstance(o, Operation)] == [METER]


@pytest.mark.parametrize(
    ("answer", "outcome", "login"),
    [
        (frame(0x94), "accepted", "success"),
        (frame(0xD4, b"\x04"), "refused", "failure"),
        (frame(0xD4, b"\x02"), "refused", "unknown"),
    ],
)
def test_write_with_password_and_operator(answer: bytes, outcome: str, login: str) -> None:
    data = item("04001401") + PASSWORD + OPERATOR + b"\x01\x02"
    found = play(("client", frame(0x14, data)), ("server", answer))
    assert operations(found) == [f"write_data write {outcome}"]
    assert credentials(found) == [("12345678", "123456", login)]
    (op,) = (o for o in found if isinstance(o, Operation))
    assert (op.target, op.value, op.asked) == ("04001401", "0102", (100_000, 1))
    if outcome == "refused":
        assert op.exception is not None
        assert op.exception[1] in ("wrong_password_or_unauthorised", "no_requested_data")


@pytest.mark.parametrize(
    ("order", "name", "action"),
    [
        (0x1A, "trip", "disconnect-load"),
        (0x1B, "close_permit", "reconnect-load"),
        (0x1C, "close", "reconnect-load"),
        (0x3A, "keep_power", "lock"),
        (0x77, "relay_control", "other"),
    ],
)
def test_relay(order: int, name: str, action: str) -> None:
    data = PASSWORD + OPERATOR + bytes((order, 0)) + bytes.fromhex("000000311299")
    found = play(("client", frame(0x1C, data)), ("server", frame(0x9C)))
    assert operations(found) == [f"{name} {action} accepted"]
    assert credentials(found) == [("12345678", "123456", "success")]


def test_an_enciphered_order_shows_no_password() -> None:
    found = play(("client", frame(0x1C, b"\x98" + bytes(7) + bytes(20))), ("server", frame(0x9C)))
    assert operations(found) == ["relay_control other accepted"]
    assert credentials(found) == []


def test_changes_of_password_clock_and_address() -> None:
    new = bytes.fromhex("02332211")
    found = play(
        ("client", frame(0x18, item("04000C03") + PASSWORD + new)),
        ("server", frame(0x98, new)),
        ("client", frame(0x08, bytes.fromhex("300512150624"), address="99" * 6)),
        ("client", frame(0x15, bytes.fromhex("010000000000"), address="AA" * 6)),
        ("server", frame(0x95, address="000000000001")),
        ("client", frame(0x14, item("04000102") + PASSWORD + OPERATOR + b"\x30\x05\x12")),
        ("server", frame(0x94)),
    )
    assert operations(found) == [
        "change_password configure accepted",
        "broadcast_time set-time unknown",
        "write_communication_address set-address accepted",
        "write_data set-time accepted",
    ]
    assert credentials(found)[:2] == [(None, "123456", "success"), (None, "112233", "success")]


@pytest.mark.parametrize(("control", "name"), [(0x19, "clear_maximum_demand"), (0x1A, "clear_meter")])
def test_clearing(control: int, name: str) -> None:
    found = play(("client", frame(control, PASSWORD + OPERATOR)), ("server", frame(control | 0x80)))
    assert operations(found) == [f"{name} clear accepted"]
    assert credentials(found) == [("12345678", "123456", "success")]


def test_clearing_events_carries_what_is_cleared() -> None:
    found = play(("client", frame(0x1B, PASSWORD + OPERATOR + b"\xff" * 4)), ("server", frame(0x9B)))
    assert operations(found) == ["clear_events clear accepted"]


def test_1997() -> None:
    found = play(
        ("client", frame(0x01, item("C032"))),
        ("server", frame(0x81, item("C032") + bytes.fromhex("785634120000"))),
        ("client", frame(0x04, item("C010") + PASSWORD + bytes.fromhex("05150624"))),
        ("server", frame(0x84)),
        ("client", frame(0x0F, PASSWORD + bytes.fromhex("00998877"))),
        ("server", frame(0xCF, b"\x04")),
        ("client", frame(0x10)),
    )
    assert operations(found) == [
        "read_data read accepted",
        "write_data set-time accepted",
        "change_password configure refused",
        "clear_maximum_demand clear no-answer",
    ]
    assert ("serial", "000012345678") in facts(found)
    assert credentials(found) == [
        (None, "123456", "success"),
        (None, "123456", "failure"),
        (None, "778899", "unknown"),
    ]


def test_code_3_is_told_apart_by_what_it_carries() -> None:
    found = play(
        ("client", frame(0x03, item("070000FF") + OPERATOR + bytes(16))),
        ("server", frame(0x83, item("070000FF") + bytes(12))),
        ("client", frame(0x03, item("9010"))),
        ("server", frame(0x83, item("9010") + bytes(4))),
    )
    assert operations(found) == ["security_authentication authenticate accepted", "reread_data read accepted"]


def test_silence_is_no_answer_only_where_answers_were_seen() -> None:
    ask: tuple[Side, bytes] = ("client", frame(0x11, item("02010100")))
    assert operations(play(ask)) == ["read_data read unknown"]
    answer: tuple[Side, bytes] = ("server", frame(0x91, item("02010100") + b"\0\x22"))
    late = play(ask, answer, ask, ask, step_us=20_000_000)
    assert operations(late) == [
        "read_data read accepted",
        "read_data read no-answer",
        "read_data read no-answer",
    ]


def test_the_master_may_be_the_server_of_the_flow() -> None:
    found = play(("server", frame(0x1A, PASSWORD + OPERATOR)), ("client", frame(0x9A)))
    (op,) = (o for o in found if isinstance(o, Operation))
    assert (op.by, op.outcome) == ("server", "accepted")
    assert [o.side for o in found if isinstance(o, Fact)] == ["client"]


def test_what_comes_back_for_another_request_does_not_pair() -> None:
    found = play(
        ("client", frame(0x11, item("02010100"))),
        ("server", frame(0x91, item("02010200") + b"\0\x22")),
        ("server", frame(0x91, item("02010100") + b"\0\x22", address="000000000009")),
    )
    assert operations(found) == ["read_data read no-answer"]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 11, 200])
def test_any_split_gives_the_same(n: int) -> None:
    read, write = frame(0x11, item("04000402"), filler=4), item("04001401") + PASSWORD + OPERATOR
    answer = frame(0x91, item("04000402") + bytes.fromhex("420015112320"))
    line: dict[Side, bytes] = {
        "client": read + b"\x68noise" + frame(0x14, write),
        "server": answer + frame(0x94),
    }
    turns = [(s, d[i : i + n]) for s, d in line.items() for i in range(0, len(d), n)]
    found = play(*turns, step_us=1000)
    assert operations(found) == ["read_data read accepted", "write_data write accepted"]


def test_a_gap_costs_the_frame_it_is_in() -> None:
    probe = Dlt645()
    whole = frame(0x11, item("04000402"))
    assert list(probe.feed("client", whole[:9], 0, 1, 1)) == []
    assert list(probe.feed("client", whole, 7, 2, 2)) == []
    assert operations(list(probe.end())) == ["read_data read unknown"]


def test_noise_is_refused() -> None:
    with pytest.raises(ValueError, match="5 bytes"):
        Dlt645().feed("client", b"noise", 0, 0, 1)
    broken = bytearray(frame(0x11, item("04000402")))
    broken[-2] ^= 1
    with pytest.raises(ValueError, match="without a frame"):
        Dlt645().feed("client", bytes(broken).replace(b"\x68", b"\x67"), 0, 0, 1)


def test_open_requests_are_bounded() -> None:
    asks: list[tuple[Side, bytes]] = [("client", frame(0x11, item("02010100")))] * 50
    assert len(operations(play(*asks, step_us=1, end=False))) == 50 - MAX_PENDING
    assert len(operations(play(*asks, step_us=1))) == 50


_sides = st.sampled_from(["client", "server"])
_noise = st.binary(max_size=60)
_frames = st.builds(
    frame, st.integers(0, 255), st.binary(max_size=40), st.sampled_from([METER, "AA" * 6, "99" * 6])
)


@given(st.lists(st.tuples(_sides, st.one_of(_noise, _frames), st.integers(0, 2)), max_size=12))
def test_nothing_but_value_error(turns: list[tuple[Side, bytes, int]]) -> None:
    probe = Dlt645()
    found: list[Observation] = []
    for n, (side, data, gap) in enumerate(turns):
        try:
            found.extend(probe.feed(side, data, gap, n * 1000, n))
        except ValueError:
            continue
    found.extend(probe.end())
    for o in found:
        kind, values = o.as_tuple()
        assert kind in ("fact", "operation", "credential")
        assert "action" not in values or values["action"] in ACTIONS
    assert len(probe._held["client"]) <= 266


def test_the_signature_bounds_hold() -> None:
    assert set(Dlt645.operations) >= {"trip", "close", "write_data", "clear_meter"}
    assert "firmware" in Dlt645.facts
