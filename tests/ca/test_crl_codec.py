"""CRLs as octets: what is written is read back, by us and by `cryptography`; what is changed is refused."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.ca.keys import PublicKey, generate
from sentinel.ca.x509 import certificate, crl, der, names
from sentinel.ca.x509.status import REASONS
from sentinel.errors import UserError

KEY = generate("p256")
ISSUER = names.encode(names.parse("CN=Plant Issuing,O=Plant"))
MOMENTS = st.integers(-(1 << 31), 1 << 35).map(
    lambda at: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=abs(at))
)
ENTRIES = st.dictionaries(
    st.integers(1, (1 << 159) - 1),
    st.tuples(MOMENTS, st.sampled_from([r for r in REASONS if r != "removeFromCRL"])),
    max_size=8,
)


def made(
    entries: dict[int, tuple[datetime, str]],
    number: int = 7,
    base: int | None = None,
    freshest: str | None = None,
) -> bytes:
    tbs = crl.to_be_signed(
        algorithm=KEY.signature_algorithm(),
        issuer=ISSUER,
        this_update=datetime(2026, 1, 1, tzinfo=UTC),
        next_update=datetime(2056, 1, 1, tzinfo=UTC),
        entries=(
            crl.encode_entry(serial.to_bytes(20, "big"), crl.encode_tail(*rest))
            for serial, rest in entries.items()
        ),
        number=number,
        authority_key=b"k" * 20,
        base=base,
        freshest=freshest,
    )
    return certificate.signed(tbs, KEY)


@given(ENTRIES, st.integers(0, 1 << 100))
def test_there_and_back(entries: dict[int, tuple[datetime, str]], number: int) -> None:
    data = made(entries, number, freshest="http://ca.plant/crl/issuing-delta.crl")
    found = crl.read(data)
    assert {serial: (one.at, one.reason) for serial, one in found.entries.items()} == entries
    assert (found.number, found.base, found.authority_key) == (number, None, b"k" * 20)
    assert found.this_update == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.next_update == datetime(2056, 1, 1, tzinfo=UTC)
    other = x509.load_der_x509_crl(data)
    assert {one.serial_number: one.revocation_date_utc for one in other} == {
        s: at for s, (at, _) in entries.items()
    }
    for one in other:
        reason = entries[one.serial_number][1]
        if reason == "unspecified":
            assert not list(one.extensions)
        else:
            assert one.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == reason
    assert other.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == number
    [point] = other.extensions.get_extension_for_class(x509.FreshestCRL).value
    assert point.full_name is not None
    assert point.full_name[0].value == "http://ca.plant/crl/issuing-delta.crl"


def test_deltas() -> None:
    at = datetime(2026, 2, 1, tzinfo=UTC)
    found = crl.read(made({5: (at, "removeFromCRL"), 6: (at, "keyCompromise")}, 9, base=7))
    assert (found.number, found.base) == (9, 7)
    assert found.entries[5].reason == "removeFromCRL"
    with pytest.raises(UserError, match="removeFromCRL in a complete list"):
        crl.read(made({5: (at, "removeFromCRL")}))


GOOD = made({5: (datetime(2026, 2, 1, tzinfo=UTC), "keyCompromise")}, base=3)


def test_every_bit_counts() -> None:
    data = made(
        {
            5: (datetime(2026, 2, 1, tzinfo=UTC), "keyCompromise"),
            1 << 158: (datetime(2026, 2, 1, tzinfo=UTC), "certificateHold"),
        }
    )
    key = PublicKey(KEY.spki())
    assert crl.read(data).signed_by(key)
    for bit in range(0, len(data) * 8, 3):
        wrong = bytearray(data)
        wrong[bit // 8] ^= 1 << bit % 8
        try:
            assert not crl.read(bytes(wrong)).signed_by(key), bit
        except (UserError, der.DerError):
            pass


@given(st.binary(max_size=200))
def test_anything_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(UserError, match="CRL: "):
        crl.read(data)


@settings(max_examples=int(os.environ.get("SENTINEL_CASES", "300")))
@given(st.data())
def test_cut_and_stirred(data: st.DataObject) -> None:
    good = GOOD
    at = data.draw(st.integers(0, len(good) - 1))
    much = data.draw(st.integers(0, 6))
    wrong = good[:at] + data.draw(st.binary(max_size=6)) + good[at + much :]
    try:
        again = crl.read(wrong)
    except UserError:
        return
    assert again.der == wrong


def test_many_are_read_as_written() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    entries = {(1 << 158) + n * 7919: (start + timedelta(seconds=n), "superseded") for n in range(20_000)}
    found = crl.read(made(entries))
    assert len(found.entries) == len(entries)
    assert found.entries[(1 << 158) + 7919].at == start + timedelta(seconds=1)
