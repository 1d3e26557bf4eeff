"""Reports and the authority's cases."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import UserError
from sentinel.v2x.detect.fuse import Monitor
from sentinel.v2x.messages import Observation
from sentinel.v2x.misbehaviour import casebook, report
from sentinel.v2x.misbehaviour.casebook import Casebook
from sentinel.v2x.misbehaviour.report import Report, confirmed, decoded, of_messages
from sentinel.v2x.scene.attacks import ATTACKS
from sentinel.v2x.scene.folder import observation
from sentinel.v2x.scene.make import HONEST, Plan, received
from tests.v2x.traffic import site, steps

ATTACK = next(attack for attack in ATTACKS if attack.name == "random-position")


@pytest.fixture(scope="module")
def heard() -> list[tuple[Observation, str]]:
    """Messages with the attack of each."""
    return [(m, label.attack) for m, label in received(steps(5, 6.0), site(), Plan(5, (ATTACK,), 0.3))]


@pytest.fixture(scope="module")
def liar(heard: list[tuple[Observation, str]]) -> str:
    return next(message.station for message, attack in heard if attack != HONEST)


@pytest.fixture
def honest(heard: list[tuple[Observation, str]]) -> str:
    return next(message.station for message, attack in heard if attack == HONEST)


def made(
    heard: list[tuple[Observation, str]],
    station: str,
    id: str = "r1",
    reporter: str = "aa" * 8,
    roadside: bool = False,
) -> Report:
    messages = [message for message, _ in heard]
    return of_messages(messages, station, site(), id=id, at=1.0, reporter=reporter, roadside=roadside)


def test_a_report_holds_what_shows_it(heard: list[tuple[Observation, str]], liar: str) -> None:
    found = made(heard, liar)
    assert "position-consistency" in found.reasons
    assert found.classes["position"] == [4]
    assert len(found.evidence) <= report.EVIDENCE
    assert decoded(found.encoded()) == found
    assert set(confirmed(found)) == set(found.reasons)


def test_nothing_is_to_be_reported_of_the_honest(heard: list[tuple[Observation, str]], honest: str) -> None:
    with pytest.raises(UserError, match="no message of this station"):
        made(heard, "0" * 16)
    own = [pair for pair in heard if pair[0].station == honest]
    with pytest.raises(UserError, match="show nothing to report"):
        made(own[-report.EVIDENCE // 2 :], honest)


def test_evidence_that_does_not_show_it_is_not_believed(
    tmp_path: Path, heard: list[tuple[Observation, str]], liar: str, honest: str
) -> None:
    true = made(heard, liar)
    framed = msgspec.structs.replace(
        true, id="framed", station=honest, target=next(m.signer for m, _ in heard if m.station == honest)
    )
    with Casebook(tmp_path / "cases.db") as book:
        case = book.take(framed)
        assert (case.state, case.belief, case.reporters, case.reports) == ("open", 0.0, 0, 1)


def test_two_vehicles_or_a_roadside_unit_are_enough(
    tmp_path: Path, heard: list[tuple[Observation, str]], liar: str
) -> None:
    with Casebook(tmp_path / "cases.db") as book:
        first = book.take(made(heard, liar, "r1", "aa" * 8))
        assert (first.state, first.belief) == ("open", 0.5)
        again = book.take(made(heard, liar, "r2", "aa" * 8))
        assert (again.state, again.belief, again.reports) == ("open", 0.5, 2)
        same = book.take(made(heard, liar, "r2", "aa" * 8))
        assert same == again
        second = book.take(made(heard, liar, "r3", "bb" * 8))
        assert (second.state, second.belief, second.reporters) == ("proposed", 0.75, 2)
        assert book.cases("proposed") == [second]
        assert book.cases("decided") == []
        assert len(book.evidence(second.target)) == 3
    with Casebook(tmp_path / "other.db") as book:
        assert book.take(made(heard, liar, "r1", roadside=True)).state == "proposed"


def test_a_case_is_decided_once_and_stays(
    tmp_path: Path, heard: list[tuple[Observation, str]], liar: str
) -> None:
    path = tmp_path / "cases.db"
    with Casebook(path) as book:
        target = book.take(made(heard, liar)).target
        done = book.decide(target, "revoke", operator="anna", why="clear")
        assert (done.state, done.decision, done.operator, done.why) == ("decided", "revoke", "anna", "clear")
        with pytest.raises(UserError, match="decided already"):
            book.decide(target, "dismiss", operator="bert")
    with Casebook(path) as book:
        assert book.case(target) == done
        assert book.take(made(heard, liar, "r9", "bb" * 8, roadside=True)).state == "decided"
        with pytest.raises(UserError, match="no case"):
            book.case("00")
        with pytest.raises(UserError, match="no decision"):
            book.decide(target, "hang", operator="bert")
        with pytest.raises(UserError, match="no state"):
            book.cases("lost")


def test_reports_are_bounded(
    tmp_path: Path, heard: list[tuple[Observation, str]], liar: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(casebook, "KEPT", 3)
    monkeypatch.setattr(casebook, "DAILY", 2)
    with Casebook(tmp_path / "cases.db") as book:
        for number in range(2):
            book.take(made(heard, liar, f"a{number}"))
        with pytest.raises(UserError, match="no more are taken"):
            book.take(made(heard, liar, "a2"))
        for number in range(4):
            case = book.take(made(heard, liar, f"b{number}", f"{number:016x}"))
        assert case.reports == 6
        assert len(book.evidence(case.target)) == 3


def test_a_book_of_another_kind_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cases.db"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(UserError, match=r"cases\.db"):
        Casebook(path)
    newer = tmp_path / "newer.db"
    db = sqlite3.connect(newer)
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()
    with pytest.raises(UserError, match="newer sentinel"):
        Casebook(newer)


@given(st.binary(max_size=200))
def test_a_report_of_any_octets_is_read_or_refused(data: bytes) -> None:
    with pytest.raises(UserError):
        decoded(data)


def test_hostile_reports_are_refused(heard: list[tuple[Observation, str]], liar: str) -> None:
    good = made(heard, liar)
    change = msgspec.structs.replace
    for bad in (
        change(good, evidence=[]),
        change(good, evidence=good.evidence[:1] * (report.EVIDENCE + 1)),
        change(good, reasons=[]),
        change(good, reasons=["magic"]),
    ):
        with pytest.raises(UserError):
            decoded(bad.encoded())
    with pytest.raises(UserError, match="octets"):
        decoded(b" " * (report.OCTETS + 1))


def test_unknown_numbers_pass_through_a_report(heard: list[tuple[Observation, str]]) -> None:
    message = replace(heard[0][0], acceleration=float("nan"), accuracy=float("inf"))
    row = report.row(message)
    assert row.acceleration is None
    assert row.accuracy is None
    assert not Monitor(site()).judge(observation(row)).false
