"""Certificates looked up: the same as a look at every one of them would find, in pages, by an index."""

from __future__ import annotations

import sqlite3
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.ca.register import STATES, Certificate, Register
from sentinel.errors import UserError
from tests.ca.register.made import certificate, encoded, entry

COUNT = 240
WORDS = ("pump", "Ventil", "PLC", "电厂", "变电站", "o'Neil", 'say "hi"', "100%", "a_b", "x!y", "ü", "(1)")


def _made() -> list[Certificate]:
    random = Random(4)
    out = []
    for number in range(COUNT):
        words = " ".join(random.sample(WORDS, 2))
        end = f"{random.choice((2020, 2025, 2060, 2070))}-0{random.randrange(1, 10)}-01T00:00:00Z"
        out.append(
            certificate(
                number,
                subject=f"CN={words} {number}",
                names=(f"dns:host{number}.plant", "mac:00:1B:1B:00:00:" + f"{number:02X}")
                if number % 2
                else (),
                asset=f"a-{number:05}" if number % 3 == 0 else None,
                profile=random.choice(("device", "tls-server")),
                not_after=end,
            )
        )
    return out


MADE = _made()


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Register:
    made = Register.create(tmp_path_factory.mktemp("find") / "register.db")
    made.commit_many([(c, encoded(n), entry(n)) for n, c in enumerate(MADE)])
    with made.transaction() as change:
        for c in MADE[::7]:
            change.revoke(c.serial, "superseded")
        for c in MADE[1::11]:
            if c not in MADE[::7]:
                change.hold(c.serial)
    return made


@settings(max_examples=60)
@given(
    st.one_of(
        st.sampled_from(WORDS),
        st.text(min_size=1, max_size=5),
        st.from_regex(r"[a-z0-9.: ]{1,6}", fullmatch=True),
    )
)
def test_text_as_by_a_look_at_every_one(register: Register, text: str) -> None:
    asked = text.strip()
    if not asked:
        with pytest.raises(UserError, match="say what for"):
            register.search(text)
        return
    part = asked.casefold()
    wanted = {
        c.serial
        for c in MADE
        if any(part in each.casefold() for each in (c.subject, "\n".join(c.names), c.asset or ""))
    }
    found = {c.serial for c in register.search(text, limit=10_000)}
    digits = part.removeprefix("0x").replace(":", "")
    by_number = {
        c.serial
        for c in MADE
        if len(digits) >= 4 and any(h.startswith(digits) for h in (c.serial, c.sha256, c.spki_sha256))
    }
    assert found == wanted | by_number


@pytest.mark.parametrize("length", [4, 5, 8, 40])
def test_number_by_its_beginning(register: Register, length: int) -> None:
    for c in MADE[::40]:
        for number in (c.serial, c.sha256, c.spki_sha256):
            found = [each.serial for each in register.search(number[:length].upper())]
            assert c.serial in found


@pytest.mark.parametrize("state", [None, *STATES])
@pytest.mark.parametrize("profile", [None, "device", "none"])
@pytest.mark.parametrize("expiring", [None, 13_000])
def test_pages(register: Register, state: str | None, profile: str | None, expiring: int | None) -> None:
    whole = [*register.list(state=state, profile=profile, expiring=expiring)]
    paged: list[Certificate] = []
    while True:
        after = paged[-1].serial if paged else None
        page = [*register.list(state=state, profile=profile, expiring=expiring, limit=37, after=after)]
        paged += page
        if not page:
            break
    assert paged == whole
    assert len({c.serial for c in whole}) == len(whole)
    known = {c.serial: c for c in (register.certificate(made.serial) for made in MADE) if c is not None}
    shown = state or ("valid" if expiring is not None else None)
    wanted = {
        c.serial
        for c in known.values()
        if shown in (None, c.state)
        and profile in (None, c.profile)
        and (expiring is None or c.not_after < "2062-07-03")
    }
    if expiring is not None:
        wanted = {s for s in wanted if known[s].not_after < "2062"}
    assert {c.serial for c in whole} == wanted


def test_every_list_goes_by_an_index(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[str] = []

    def explained(db: sqlite3.Connection, rest: str, values: object, at: str) -> list[Certificate]:
        plans.extend(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {rest}", values))  # type: ignore[arg-type]
        return []

    monkeypatch.setattr("sentinel.ca.register.rows.select", explained)
    for state in (None, *STATES):
        for profile in (None, "device"):
            for after in (None, MADE[3].serial):
                [*register.list(state=state, profile=profile, limit=10, after=after)]
    [*register.list(expiring=30, limit=10)]
    register.search("4abcdef")
    assert plans
    for plan in plans:
        assert "TEMP B-TREE" not in plan, plan
        assert "SCAN" not in plan or plan.startswith(("SCAN certificate", "SCAN name VIRTUAL")), plan
    # newest first without a condition is by the number, backwards
    assert plans.count("SCAN certificate") == 1


def test_by_asset(register: Register) -> None:
    c = MADE[3]
    assert c.serial in {each.serial for each in register.by_asset("a-00003")}
    for word in ("00:1b:1b:00:00:03", "001B.1B00.0003", "00-1B-1B-00-00-03", "HOST3.plant"):
        assert [each.serial for each in register.by_asset(word)] == [c.serial], word
    assert register.by_asset("host") == []
    assert register.by_asset("%", "", "00:1b") == []


def test_what_cannot_be_asked(register: Register) -> None:
    with pytest.raises(UserError, match="state new: one of valid"):
        [*register.list(state="new")]
    with pytest.raises(UserError, match="40 hexadecimal digits"):
        [*register.list(after="xyz")]
    with pytest.raises(UserError, match="is not in the register"):
        [*register.list(after="00" * 20)]
    with pytest.raises(UserError, match="no SHA-256"):
        register.by_key("xyz")
