"""What is tried on a line, and when an account is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from sentinel.inventory import guessing
from sentinel.inventory.credentials import Assessor, Seen
from sentinel.inventory.guessing import Guesser, line_of
from tests.crack.lines import LINES
from tests.crack.services import ike


def seen(name: str, password: str, **more: str | None) -> Seen:
    mode, line = LINES[name](password)
    given = {"protocol": "http", "kind": "hash", "username": "admin", "server": "10.0.0.2"} | more
    if mode is None:
        return Seen(secret=line, **given)  # type: ignore[arg-type]
    return Seen(secret=line, hashcat_mode=mode, hashcat_line=line, **given)  # type: ignore[arg-type]


def test_lines_with_and_without_a_mode() -> None:
    assert line_of(seen("vnc", "x")) is not None
    assert line_of(seen("netntlmv2", "x")) is not None
    assert line_of(Seen("http", "password", "a", "$vnc$*is a password")) is None
    assert line_of(Seen("mqtt", "user", "a")) is None
    mode, line = ike(5300, "md5")("x")
    assert line_of(Seen("ike", "psk", hashcat_mode=mode, hashcat_line=line)) == (mode, line)


@pytest.mark.parametrize("password", ["admin", "Password", "12345", "admin123", "wago", "", "nimda"])
def test_weak_ones(password: str) -> None:
    (guess,) = Guesser().guess([seen("digest-md5", password)])
    assert guess is not None
    assert (guess.password, guess.listed) == (password, False)


def test_a_devices_own_make_comes_first() -> None:
    first = guessing._likely(Seen("http", "hash", "admin", vendor="WAGO"), [])
    assert first[0] == "wago"
    other = guessing._likely(Seen("http", "hash", "admin", vendor="Moxa"), [])
    assert other.index("moxa") < (other.index("wago") if "wago" in other else len(other))


def test_what_was_found_is_tried_on_others(tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.write_text("Nordtor/7\n", encoding="utf-8")
    guesser = Guesser(words)
    assert guesser.guess([seen("digest-md5", "Nordtor/7")])[0] is not None
    words.write_text("", encoding="utf-8")
    (again,) = guesser.guess([seen("netntlmv2", "Nordtor/7")])
    assert again is not None
    assert again.password == "Nordtor/7"


def test_an_account_that_stays_closed_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: clock)
    guesser = Guesser()
    line = seen("digest-md5", "Vq7#mLw0_xTz")
    for _ in range(3):
        assert guesser.guess([line, line]) == [None, None]
    assert guesser.counted == {}
    assert guesser.guess([line]) == [None]
    assert guesser.counted == {"passwords_lines_of_tried_accounts": 1}
    (other,) = guesser.guess([seen("digest-md5", "admin", server="10.0.0.3")])
    assert other is not None
    clock += 90_000
    (changed,) = guesser.guess([seen("digest-md5", "admin")])
    assert changed is not None


def test_many_lines_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "MAX_LINES", 2)
    guesser = Guesser()
    lines = [seen("digest-md5", "admin", outcome=outcome) for outcome in ("failure", "unknown", "success")]
    found = guesser.guess(
        [*lines, Seen("x", "hash", hashcat_mode=99999, hashcat_line="?", outcome="success")]
    )
    assert [guess is not None for guess in found] == [False, False, True, False]
    assert guesser.counted == {"passwords_lines_over_bound": 2, "passwords_lines_unknown": 1}


def test_a_list_that_goes_away_is_counted(tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.write_text("x\n", encoding="utf-8")
    assessor = Assessor(passwords=words)
    words.unlink()
    items = [Seen("ftp", "password", "a", "y"), seen("digest-md5", "admin")]
    said = json.loads(assessor.assess(msgspec.json.encode(items)))
    assert ["cracked" in each["weaknesses"] for each in said] == [False, True]
    assert assessor.counted() == {"passwords_list_unreadable": 2}
    assert assessor.counted() == {}


def test_a_default_of_any_name() -> None:
    """GB/T 28181: the name is the device's own code of 20 digits."""
    item = seen("digest-md5 of SIP", "12345678", protocol="sip", username="34020000001320000001")
    (said,) = json.loads(Assessor().assess(msgspec.json.encode([item])))
    assert {"cracked", "default"} <= set(said["weaknesses"])
