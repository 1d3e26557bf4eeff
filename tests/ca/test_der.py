"""sentinel/ca/x509/der.py: what is written is what others write, and nothing else is read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from sentinel.ca.x509 import der

OIDS = st.tuples(
    st.sampled_from(["0.9", "1.2", "1.3", "2.5", "2.999"]), st.lists(st.integers(0, 2**70), max_size=8)
)


@given(st.integers(-(2**300), 2**300))
def test_integers_are_those_of_asn1crypto(value: int) -> None:
    data = der.integer(value)
    assert data == core.Integer(value).dump()
    assert der.Reader(data).integer() == value


@given(OIDS)
def test_object_identifiers_are_those_of_asn1crypto(parts: tuple[str, list[int]]) -> None:
    dotted = ".".join((parts[0], *map(str, parts[1])))
    data = der.oid(dotted)
    assert data == core.ObjectIdentifier(dotted).dump()
    assert der.Reader(data).oid() == dotted


@given(st.datetimes(datetime(1950, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_times_are_read_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    data = der.time(moment)
    assert data[0] == (der.UTC_TIME if moment.year < 2050 else der.GENERALIZED_TIME)
    assert der.Reader(data).time() == moment
    assert core.load(data).native == moment


def test_never_is_the_time_of_802_1ar() -> None:
    assert der.time(der.NEVER) == b"\x18\x0f99991231235959Z"


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_a_set_is_in_the_order_of_its_octets(members: list[bytes]) -> None:
    inner = der.Reader(der.set_of(*map(der.octets, members))).enter(der.SET)
    found = []
    while inner.peek() is not None:
        found.append(inner.raw())
    assert found == sorted(map(der.octets, members))


@given(st.sets(st.integers(0, 40), max_size=9))
def test_named_bits_end_with_a_one(places: set[int]) -> None:
    contents = der.Reader(der.named_bits(*places)).read(der.BIT_STRING)
    unused, octets = contents[0], contents[1:]
    found = {8 * at + bit for at, octet in enumerate(octets) for bit in range(8) if octet & 0x80 >> bit}
    assert found == places
    assert not octets or octets[-1] & (1 << unused)
    assert unused == 0 or not octets[-1] & ((1 << unused) - 1)


@given(st.integers(0, 70_000))
def test_lengths_are_in_the_shortest_form(size: int) -> None:
    data = der.octets(bytes(size))
    assert data == core.OctetString(bytes(size)).dump()
    assert der.Reader(data).read(der.OCTET_STRING) == bytes(size)


@given(st.binary(max_size=200))
def test_what_is_taken_is_der(data: bytes) -> None:
    """Whatever the check lets through is written again to the same octets by another library."""
    try:
        der.check(data)
    except der.DerError:
        return
    _same(data)


def _same(data: bytes) -> None:
    reader = der.Reader(data)
    tag = reader.peek()
    assert tag is not None
    contents = reader.read()
    assert der.tlv(tag, contents) == data
    if tag & 0x20:
        inner = der.Reader(contents)
        while inner.peek() is not None:
            _same(inner.raw())


REFUSED = {
    "no value": "",
    "length missing": "30",
    "indefinite length": "3080020100 0000",
    "length of too many octets": "30850000000001 00",
    "long form for a short length": "048105 0102030405",
    "leading zero in the length": "04820085" + "00" * 0x85,
    "value cut": "0405 01020304",
    "tag of several octets": "1f8101 00",
    "left over": "020100 00",
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_than_der_is_refused(case: str) -> None:
    with pytest.raises(der.DerError):
        der.check(bytes.fromhex(REFUSED[case]))


@pytest.mark.parametrize(
    "data", ["0200", "02020001", "0202ff80", "010101", "0303010203", "0600", "06028001", "060181"]
)
def test_values_not_in_their_only_form_are_refused(data: str) -> None:
    reader = der.Reader(bytes.fromhex(data))
    read = {1: reader.boolean, 2: reader.integer, 3: reader.bits, 6: reader.oid}[bytes.fromhex(data)[0]]
    with pytest.raises(der.DerError):
        read()


@pytest.mark.parametrize(
    "text", ["2601011200Z", "260101120060Z", "261301120000Z", "20260101120000.5Z", "260101120000+0100"]
)
def test_times_of_other_forms_are_refused(text: str) -> None:
    tag = der.UTC_TIME if len(text) < 15 else der.GENERALIZED_TIME
    with pytest.raises(der.DerError):
        der.Reader(der.tlv(tag, text.encode())).time()


def test_values_in_values_have_a_bound() -> None:
    data = b""
    for _ in range(der.MOST_DEPTH + 2):
        data = der.sequence(data)
    with pytest.raises(der.DerError, match="levels"):
        der.check(data)
