"""Requests that the native module reads and proves: as `request.read` does, or left to it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel import _native
from sentinel.ca.keys import Signer
from sentinel.ca.x509 import altnames, der, extensions, names, request
from tests.ca.x509.test_keys import KEYS

SUBJECT = names.parse("CN=plc-7.plant,O=Works,C=CN,serialNumber=A-1")
ALT = (("dns", "plc-7.plant"), ("ip", "10.0.0.7"))
PLAIN = ("sm2", "p256")

printable = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?", max_size=20)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def value(attribute: str) -> st.SearchStrategy[tuple[str, str]]:
    ascii_alone = attribute in ("C", "serialNumber", "DC", "emailAddress")
    return st.tuples(st.just(attribute), printable if ascii_alone else text)


subjects = st.lists(st.sampled_from(names.ATTRIBUTES).flatmap(value), min_size=1, max_size=names.MOST_PARTS)


def same(plain: request.Request | None, data: bytes) -> None:
    """That what was read natively is what is read in Python."""
    assert plain is not None
    found = request.read(data)
    assert plain.plain == (names.encode(found.subject), names.text(found.subject))
    assert plain.subject == found.subject
    assert plain.extensions == found.extensions
    parts = (plain.signed, plain.algorithm, plain.signature)
    assert parts == (found.signed, found.algorithm, found.signature)
    for key in (plain.key, found.key):
        assert key.rsa is None
    assert (plain.key.spki, plain.key.octets, plain.key.algorithm) == (
        found.key.spki,
        found.key.octets,
        found.key.algorithm,
    )
    assert (plain.key.sha256(), plain.key.identifier()) == (found.key.sha256(), found.key.identifier())
    assert found.proven()
    assert plain.proven()


@settings(max_examples=60)
@given(name=st.sampled_from(PLAIN), subject=subjects.map(tuple), with_names=st.booleans())
def test_what_devices_send(name: str, subject: names.Name, with_names: bool) -> None:
    data = request.make(KEYS[name], subject, ALT if with_names else ())
    (found,) = request.plain([data])
    same(found, data)


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(PLAIN),
    at=st.floats(0, 1, exclude_max=True),
    flip=st.integers(1, 255),
    cut=st.integers(0, 3),
)
def test_what_is_taken_is_proven_and_read_alike(name: str, at: float, flip: int, cut: int) -> None:
    data = bytearray(request.make(KEYS[name], SUBJECT, ALT))
    data[int(at * len(data))] ^= flip
    changed = bytes(data)[: len(data) - cut]
    (found,) = request.plain([changed])
    if found is not None:  # the octets that were changed are not signed, and mean the same
        same(found, changed)


@pytest.mark.parametrize("name", sorted(set(KEYS) - set(PLAIN)))
def test_other_keys_are_left_to_the_other_reader(name: str) -> None:
    assert request.plain([request.make(KEYS[name], SUBJECT)]) == [None]


def _signed(key: Signer, subject: bytes, attributes: bytes = b"\xa0\x00", version: int = 0) -> bytes:
    info = der.sequence(der.integer(version), subject, key.spki(), attributes)
    return der.sequence(info, key.signature_algorithm(), der.bits(key.sign(info)))


def _part(attribute: str, value: bytes) -> bytes:
    return der.tlv(der.SET, der.sequence(der.oid(attribute), value))


def _attribute(number: str, *values: bytes) -> bytes:
    return der.sequence(der.oid(number), der.set_of(*values))


@pytest.mark.parametrize("name", PLAIN)
def test_proven_requests_of_other_forms_are_left_too(name: str) -> None:
    key = KEYS[name]
    common = der.sequence(_part("2.5.4.3", der.utf8("a")))
    wanted = extensions.alt_names(ALT)
    challenge = _attribute("1.2.840.113549.1.9.7", der.utf8("word"))
    asked = _attribute(request.EXTENSION_REQUEST, der.sequence(wanted))
    (taken,) = request.plain([_signed(key, common, der.explicit(0, asked))])
    assert taken is not None
    assert altnames.decode(taken.extensions[extensions.ALT_NAME]) == ALT
    others = [
        _signed(key, common, version=1),
        _signed(key, der.sequence()),
        _signed(key, der.sequence(_part("2.5.4.3", der.printable("a")))),  # is written as UTF8String
        _signed(key, der.sequence(_part("2.5.4.6", der.utf8("CN")))),  # and this as PrintableString
        _signed(key, der.sequence(_part("2.5.4.4", der.utf8("surname")))),
        _signed(key, der.sequence(_part("2.5.4.3", der.tlv(der.UTF8, b"\xff")))),
        _signed(key, der.sequence(_part("2.5.4.6", der.tlv(der.PRINTABLE, b"\xc3\xa9")))),
        _signed(key, der.sequence(*[_part("2.5.4.11", der.utf8("unit"))] * (names.MOST_PARTS + 1))),
        _signed(key, common, der.explicit(0, challenge)),
        _signed(key, common, der.explicit(0, asked, challenge)),
        _signed(key, common, der.explicit(0, asked, asked)),
        _signed(
            key, common, der.explicit(0, _attribute(request.EXTENSION_REQUEST, der.sequence(wanted * 2)))
        ),
        _signed(key, common, b"\xa0\x00\x05\x00"),
    ]
    assert request.plain(others) == [None] * len(others)


def test_many_are_told_apart() -> None:
    good = [request.make(KEYS[name], SUBJECT) for name in PLAIN]
    found = request.plain([b"", good[0], good[0] + b"\0", good[1], b"\x30\x80"])
    assert [one is not None for one in found] == [False, True, False, True, False]
    assert request.plain([]) == []


def test_a_p256_key_of_two_halves_that_do_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="P-256"):
        _native.P256Key(b"\1" * 32, b"\4" + b"\1" * 64)
    with pytest.raises(ValueError, match="P-256"):
        _native.P256Key(b"\1" * 31, b"")
