"""What a role's owner makes of all its files: over 100 vehicles he links pseudonyms no better than chance.

He has every row of the role's register, and hears all certificates. He looks for what stands beside a
certificate, and beside that, and where it was entered; two certificates with more in common are more likely
of one vehicle. The same method, given the files of two roles that could do it together, links them all: so
it is the files that are empty, not the method.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

import pytest

from sentinel import _native
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.domain import Domain
from sentinel.ca.v2x.la import LinkageAuthority
from tests.ca.v2x import made

VEHICLES = 100
COUNT = 2
LUCKY = 8
"""Of 100 guesses with a chance of 1 in 100 each, more are right once in a million runs."""

SHORTEST = 8
"""Octets from which on a value is not shared by accident."""

_HEX = re.compile(r"[0-9a-f]{16,}")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[Certificate]]]:
    """A domain, and pseudonyms of 100 vehicles that were mixed."""
    at = tmp_path_factory.mktemp("linking")
    folder = made.domain(at / "domain", "ydt3957", fill=False, shuffle=VEHICLES)
    with made.opened(folder) as pki:
        bsm = [{"psid": pki.suite.bsm}]
        stations = [made.station(pki, at / f"obu-{n}", f"V-{n}") for n in range(VEHICLES)]
        for each in stations:
            each.pseudonyms(pki.transport, bsm, weeks=1, per_week=COUNT)
        for each in stations[:-1]:
            each.pseudonyms(pki.transport, bsm, weeks=1, per_week=COUNT)
        return folder, [each.certificates() for each in stations]


def rows(folder: Path, role: str) -> list[tuple[int, set[bytes]]]:
    """Every row of a role's register: its place, and the values in it."""
    out = []
    db = sqlite3.connect(folder / role / "register.db")
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        if table.startswith(("name", "block")):
            continue  # the index of names, and hashes of what stands elsewhere
        for place, row in enumerate(db.execute(f"SELECT * FROM {table}")):
            found: set[bytes] = set()
            for value in row:
                if isinstance(value, bytes):
                    found.add(value)
                elif isinstance(value, str):
                    found |= {bytes.fromhex(text[: len(text) // 2 * 2]) for text in _HEX.findall(value)}
            out.append((place, {value for value in found if len(value) >= SHORTEST}))
    db.close()
    return out


def names(one: Certificate) -> set[bytes]:
    """What a certificate may be known by."""
    value = one.tbs["id"][1]["linkage-value"]
    return {
        one.octets,
        one.digest,
        bytes.fromhex(one.serial),
        one.digest[-8:],
        one.public,
        one.public[1:],
        value,
    }


def right(known: list[tuple[int, set[bytes]]], heard: list[list[Certificate]], *, by_place: bool) -> int:
    """How many of the vehicles' second certificates are told from all others' by their first."""
    holders = defaultdict(list)
    for number, (_, values) in enumerate(known):
        for value in values:
            holders[value].append(number)

    def near(one: Certificate) -> tuple[Counter[bytes], list[int]]:
        own = names(one)
        direct = {number for value in own for number in holders[value]}
        around = {value for number in direct for value in known[number][1]} - own
        beside = {number for value in around for number in holders[value]}
        further = {value for number in beside for value in known[number][1]} - own
        return Counter(around | further), sorted(known[number][0] for number in direct)

    random = Random(7)
    seen = [[near(one) for one in each[:2]] for each in heard]
    common = Counter(value for each in seen for tokens, _ in each for value in tokens)
    good = 0
    for mine, ((tokens, places), _) in enumerate(seen):
        scores = []
        for other, (_, (theirs, there)) in enumerate(seen):
            score = sum(1 / common[value] for value in tokens.keys() & theirs.keys())
            if by_place:
                score = -min((abs(a - b) for a in places for b in there), default=0)
            scores.append((score, random.random(), other))
        good += max(scores)[2] == mine
    return good


@pytest.mark.parametrize("role", ["aca", "ra", "la1", "la2", "eca", "ma", "root", "lm", "app"])
def test_one_role_alone(world: tuple[Path, list[list[Certificate]]], role: str) -> None:
    folder, heard = world
    known = rows(folder, role)
    assert right(known, heard, by_place=False) <= LUCKY
    assert right(known, heard, by_place=True) <= LUCKY


def test_the_method_links_with_the_files_of_ra_and_aca(world: tuple[Path, list[list[Certificate]]]) -> None:
    folder, heard = world
    assert right(rows(folder, "ra") + rows(folder, "aca"), heard, by_place=False) == VEHICLES


def test_both_linkage_authorities_link_and_one_cannot(world: tuple[Path, list[list[Certificate]]]) -> None:
    folder, heard = world
    with made.opened(folder) as pki:
        one, other = halves(pki, "la1"), halves(pki, "la2")
    heard_values = {bytes.fromhex(each.name) for pair in heard for each in pair}
    assert len(one) == len(other) == VEHICLES * COUNT
    # together: sums of halves for the same place meet exactly the values that are heard
    met = {
        _native.v2x_linkage(a, b)
        for (_, j), a in one.items()
        for (_, k), b in other.items()
        if j == k and _native.v2x_linkage(a, b) in heard_values
    }
    assert met == heard_values
    # alone: no half is a value, and none tells of one
    assert not heard_values & {*one.values(), *other.values()}


def halves(pki: Domain, name: str) -> dict[tuple[bytes, int], bytes]:
    """Every half that a linkage authority can work out, by chain and place."""
    role = pki.role(name)
    authority = LinkageAuthority(role, pki.transport)
    found = {}
    for chain, _ in role.register.query("SELECT id, first FROM v2x_chain"):
        for j in range(1, COUNT + 1):
            found[chain, j] = _native.v2x_pre_linkage(role.suite.name, authority.id, authority.seed(chain), j)
    return found
