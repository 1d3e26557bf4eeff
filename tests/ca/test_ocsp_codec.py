"""OCSP as octets: what is written is read back, by us and by `cryptography`; what is malformed is refused."""

from __future__ import annotations

import base64
import contextlib
import os
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp as other
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.ca.keys import PublicKey, generate
from sentinel.ca.x509 import certificate, der, names, ocsp
from sentinel.ca.x509.status import REASONS
from sentinel.errors import UserError

KEY = generate("p256")
PUBLIC = PublicKey(KEY.spki())
ISSUER = names.encode(names.parse("CN=Plant Issuing,O=Plant"))
NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
SERIALS = st.integers(1, (1 << 159) - 1)
STATES = st.sampled_from(["good", "unknown", *(r for r in REASONS if r != "removeFromCRL")])


def single(serial: int, state: str, digest: str = ocsp.SHA1) -> ocsp.Single:
    about = ocsp.decode_request(
        ocsp.encode_request([ocsp.cert_id(digest, ISSUER, PUBLIC.octets, serial)])
    ).asked[0]
    if state in ("good", "unknown"):
        return ocsp.Single(about, state, NOW, NOW + timedelta(hours=1))  # type: ignore[arg-type]
    return ocsp.Single(about, "revoked", NOW, NOW + timedelta(hours=1), NOW - timedelta(days=1), state)


def answered(*singles: ocsp.Single, nonce: bytes | None = None) -> bytes:
    tbs = ocsp.to_be_signed(ocsp.responder_by_key(PUBLIC.octets), NOW, singles, nonce)
    return ocsp.encode_response(tbs, KEY.signature_algorithm(), KEY.sign(tbs), ())


@given(st.lists(SERIALS, min_size=1, max_size=5), st.one_of(st.none(), st.binary(min_size=1, max_size=128)))
def test_requests_there_and_back(serials: list[int], nonce: bytes | None) -> None:
    asked = [ocsp.cert_id(ocsp.SHA256, ISSUER, PUBLIC.octets, serial) for serial in serials]
    data = ocsp.encode_request(asked, nonce)
    found = ocsp.decode_request(data)
    assert [one.der for one in found.asked] == asked
    assert [one.serial for one in found.asked] == serials
    assert found.nonce == nonce
    if len(serials) == 1:
        same = other.load_der_ocsp_request(data)
        assert same.serial_number == serials[0]
        assert isinstance(same.hash_algorithm, hashes.SHA256)
        assert same.issuer_name_hash == found.asked[0].name_hash
        if nonce is not None:
            assert same.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce


@given(SERIALS, STATES, st.one_of(st.none(), st.binary(min_size=1, max_size=128)))
def test_responses_there_and_back(serial: int, state: str, nonce: bytes | None) -> None:
    told = single(serial, state)
    data = answered(told, nonce=nonce)
    found = ocsp.decode_response(data)
    assert found.singles == (told,)
    assert found.nonce == nonce
    assert found.produced == NOW
    assert PUBLIC.verify(found.algorithm, found.tbs, found.signature)
    same = other.load_der_ocsp_response(data)
    assert same.certificate_status.name.lower() == told.state
    assert same.serial_number == serial
    assert same.this_update_utc == NOW
    assert same.next_update_utc == NOW + timedelta(hours=1)
    if told.state == "revoked":
        assert same.revocation_time_utc == told.at
        reason = same.revocation_reason
        assert (reason.value if reason else "unspecified") == state
    assert same.responder_key_hash == ocsp.DIGESTS[ocsp.SHA1](PUBLIC.octets)


def test_every_bit_counts() -> None:
    data = answered(single(77, "keyCompromise"), nonce=b"n" * 16)
    for bit in range(0, len(data) * 8, 3):
        wrong = bytearray(data)
        wrong[bit // 8] ^= 1 << bit % 8
        try:
            found = ocsp.decode_response(bytes(wrong))
            assert not PUBLIC.verify(found.algorithm, found.tbs, found.signature), bit
        except (UserError, der.DerError):
            pass


@pytest.mark.parametrize("octets", [0, 129])
def test_nonces_of_a_wrong_size(octets: int) -> None:
    asked = [ocsp.cert_id(ocsp.SHA1, ISSUER, PUBLIC.octets, 5)]
    with pytest.raises(UserError, match=f"nonce of {octets} octets"):
        ocsp.decode_request(ocsp.encode_request(asked, b"n" * octets))


def test_too_much_or_nothing_is_asked() -> None:
    one = ocsp.cert_id(ocsp.SHA1, ISSUER, PUBLIC.octets, 5)
    assert len(ocsp.decode_request(ocsp.encode_request([one] * ocsp.MOST_ASKED)).asked) == ocsp.MOST_ASKED
    with pytest.raises(UserError, match="more than 64"):
        ocsp.decode_request(ocsp.encode_request([one] * (ocsp.MOST_ASKED + 1)))
    with pytest.raises(UserError, match="nothing is asked"):
        ocsp.decode_request(ocsp.encode_request([]))
    with pytest.raises(UserError, match="at most 65536"):
        ocsp.decode_request(bytes(70_000))


def test_critical_extensions_are_refused() -> None:
    one = der.sequence(ocsp.cert_id(ocsp.SHA1, ISSUER, PUBLIC.octets, 5))
    extension = der.sequence(der.oid("1.2.3.4"), der.boolean(True), der.octets(b""))
    for parts in (
        (der.sequence(one), der.explicit(2, der.sequence(extension))),
        (der.sequence(der.sequence(one[2:], der.explicit(0, der.sequence(extension)))),),
    ):
        with pytest.raises(UserError, match=r"critical extension 1\.2\.3\.4"):
            ocsp.decode_request(der.sequence(der.sequence(*parts)))


def test_signed_and_named_requests_are_read() -> None:
    one = der.sequence(ocsp.cert_id(ocsp.SHA1, ISSUER, PUBLIC.octets, 5))
    name = der.explicit(1, der.explicit(4, ISSUER))
    tbs = der.sequence(name, der.sequence(one))
    signature = der.explicit(0, der.sequence(KEY.signature_algorithm(), der.bits(KEY.sign(tbs))))
    assert ocsp.decode_request(der.sequence(tbs, signature)).asked[0].serial == 5


def test_requests_of_a_url() -> None:
    data = ocsp.encode_request([ocsp.cert_id(ocsp.SHA1, ISSUER, PUBLIC.octets, 5)])
    text = base64.b64encode(data).decode()
    assert ocsp.from_url(text) == ocsp.from_url(quote(text, safe="")) == data
    for wrong in ("%%%", "a", "MEow§"):
        with pytest.raises(UserError, match="no base64"):
            ocsp.from_url(wrong)


def test_errors_have_no_answer() -> None:
    for name in ocsp.ERRORS:
        assert other.load_der_ocsp_response(ocsp.error(name)).response_status.value == ocsp.ERRORS[name]
        with pytest.raises(UserError, match=f"no answer: {name}"):
            ocsp.decode_response(ocsp.error(name))


GOOD = [
    ocsp.encode_request([ocsp.cert_id(ocsp.SHA1, ISSUER, PUBLIC.octets, 5)], b"nonce"),
    answered(single(5, "superseded"), nonce=b"n"),
]


@settings(max_examples=int(os.environ.get("SENTINEL_CASES", "300")))
@given(st.data())
def test_cut_and_stirred(data: st.DataObject) -> None:
    good = data.draw(st.sampled_from(GOOD))
    at = data.draw(st.integers(0, len(good) - 1))
    much = data.draw(st.integers(0, 6))
    wrong = good[:at] + data.draw(st.binary(max_size=6)) + good[at + much :]
    for read in (ocsp.decode_request, ocsp.decode_response):
        with contextlib.suppress(UserError):
            read(wrong)


def test_certificates_of_the_responder() -> None:
    tbs = ocsp.to_be_signed(ocsp.responder_by_key(PUBLIC.octets), NOW, [single(5, "good")], None)
    shown = certificate.signed(der.sequence(), KEY)
    data = ocsp.encode_response(tbs, KEY.signature_algorithm(), KEY.sign(tbs), [shown])
    assert ocsp.decode_response(data).certificates == (shown,)
