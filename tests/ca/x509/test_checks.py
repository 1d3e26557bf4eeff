"""sentinel/ca/x509/issue.py and checks.py: what is refused before anything is signed, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from sentinel.ca.authority import Authority
from sentinel.ca.keys import Signer, generate
from sentinel.ca.keys.algorithms import ALGORITHMS
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.x509 import certificate, der, extensions, names, request
from sentinel.ca.x509.issue import Issuer
from sentinel.ca.x509.order import Issued, Order, Refused
from tests.ca.conftest import PASSPHRASE

PLC = names.parse("plc-7.plant")


@pytest.fixture
def authority(ca: Callable[[str], Path]) -> Iterator[Authority]:
    with Authority.open(ca("p256"), Passphrases(PASSPHRASE)) as opened:
        yield opened


@pytest.fixture
def issuer(authority: Authority) -> Issuer:
    return authority.issuer()


def refused(issuer: Issuer, order: Order) -> str:
    [answer] = issuer.issue([order])
    assert isinstance(answer, Refused), answer
    assert "\n" not in answer.reason
    return answer.reason


def issued(issuer: Issuer, order: Order) -> Issued:
    [answer] = issuer.issue([order])
    assert isinstance(answer, Issued), answer
    return answer


def asking(key: Signer, *extension: bytes, subject: names.Name = PLC) -> bytes:
    """A request for these extensions."""
    attributes = b""
    if extension:
        wanted = der.set_of(der.sequence(*extension))
        attributes = der.sequence(der.oid(request.EXTENSION_REQUEST), wanted)
    info = der.sequence(der.integer(0), names.encode(subject), key.spki(), der.explicit(0, attributes))
    return der.sequence(info, key.signature_algorithm(), der.bits(key.sign(info)))


def of_rsa(bits: int, exponent: int = 65537) -> bytes:
    key = rsa.generate_private_key(65537, bits)
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if exponent == 65537:
        return spki
    return of_numbers(key.public_key().public_numbers().n, exponent)


def of_numbers(modulus: int, exponent: int) -> bytes:
    numbers = der.sequence(der.integer(modulus), der.integer(exponent))
    return der.sequence(ALGORITHMS["rsa3072"].key, der.bits(numbers))


def test_a_request_must_be_signed_with_its_key(issuer: Issuer) -> None:
    good, other = request.make(generate("p256"), PLC), request.make(generate("p256"), PLC)
    forged = good[:-72] + other[-72:]
    reason = refused(issuer, Order("tls-server", request=forged))
    assert "proof of possession failed" in reason or "request:" in reason
    swapped = der.Reader(good).enter()
    info, mark = swapped.raw(), swapped.raw()
    signature = generate("p256").sign(info)
    reason = refused(issuer, Order("tls-server", request=der.sequence(info, mark, der.bits(signature))))
    assert reason == "request: its signature is not of its key (proof of possession failed)"


def test_keys_too_weak_or_of_another_kind_are_refused(issuer: Issuer) -> None:
    order = Order("tls-server", subject=PLC)
    assert "RSA of 1024 bits; profile tls-server takes 2048" in refused(
        issuer, replace(order, key=of_rsa(1024))
    )
    assert "RSA exponent 3" in refused(issuer, replace(order, key=of_rsa(2048, 3)))
    small = of_numbers(3 * (1 << 2050 | 1), 65537)
    assert "small factor" in refused(issuer, replace(order, key=small))
    weak = 1
    for prime in (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157):
        weak *= prime
    roca = of_numbers((1 << 2048) // weak * weak + weak * 2**300 * 2 + 1, 65537)
    reason = refused(issuer, replace(order, key=roca))
    assert "CVE-2017-15361" in reason or "small factor" in reason
    ed25519 = generate("ed25519").spki()
    assert "profile opcua takes rsa, p256" in refused(issuer, Order("opcua", key=ed25519, subject=PLC))
    assert "profile tlcp takes sm2" in refused(issuer, Order("tlcp", key=ed25519, subject=PLC))


def test_the_ca_key_is_nobody_elses(issuer: Issuer, authority: Authority) -> None:
    for role in ("root", "issuing"):
        key = authority.certificate(role).spki
        assert refused(issuer, Order("tls-server", key=key, subject=PLC)) == "key: is the CA's own"


def test_a_key_is_one_subjects(issuer: Issuer) -> None:
    key = generate("p256").spki()
    first = issued(issuer, Order("tls-server", key=key, subject=PLC))
    other = Order("tls-server", key=key, subject=names.parse("plc-8.plant"))
    assert f"key: is in certificate {first.serial} of CN=plc-7.plant" in refused(issuer, other)
    assert "duplicate: certificate" in refused(issuer, Order("tls-server", key=key, subject=PLC))
    issued(issuer, Order("tls-client", key=key, subject=PLC))
    issued(issuer, Order("tls-server", key=key, subject=PLC, renews=(first.serial,)))


def test_a_key_that_was_compromised_does_not_come_back(issuer: Issuer, authority: Authority) -> None:
    key = generate("p256").spki()
    first = issued(issuer, Order("tls-server", key=key, subject=PLC))
    with authority.register.transaction() as change:
        change.revoke(first.serial, "keyCompromise")
        change.audit("revoke", who="tester", subject=first.serial)
    assert "was compromised" in refused(issuer, Order("tls-client", key=key, subject=PLC))


def test_orders_of_one_call_are_held_against_each_other(issuer: Issuer) -> None:
    key = generate("p256").spki()
    orders = [
        Order("tls-server", key=key, subject=PLC),
        Order("tls-server", key=key, subject=PLC),
        Order("tls-server", key=key, subject=names.parse("plc-8.plant")),
        Order("tls-server", key=generate("p256").spki(), subject=names.parse("plc-8.plant")),
        Order("device", key=generate("p256").spki(), subject=names.parse("m1")),
        Order("device", key=generate("p256").spki(), subject=names.parse("m1")),
    ]
    answers = issuer.issue(orders)
    assert [isinstance(answer, Issued) for answer in answers] == [True, False, False, True, True, False]
    reasons = [answer.reason for answer in answers if isinstance(answer, Refused)]
    assert reasons[0] == "duplicate: this key for CN=plc-7.plant is asked for twice"
    assert reasons[1] == "key: is asked for CN=plc-7.plant too"
    assert reasons[2] == "duplicate: CN=m1,serialNumber=m1 is asked for twice"


def test_a_device_has_one_identity(issuer: Issuer) -> None:
    first = issued(issuer, Order("device", key=generate("p256").spki(), subject=names.parse("m1")))
    again = Order("device", key=generate("p256").spki(), subject=names.parse("m1"))
    assert f"certificate {first.serial} of CN=m1,serialNumber=m1 is in force" in refused(issuer, again)
    issued(issuer, replace(again, renews=(first.serial,)))


CA_EXTENSIONS = {
    "to be a CA": extensions.authority_constraints(None),
    "asks for keyUsage keyCertSign": extensions.key_usage(("digitalSignature", "keyCertSign")),
    "asks for keyUsage cRLSign": extensions.key_usage(("cRLSign",)),
    "asks for purpose codeSigning": extensions.extended_key_usage(("codeSigning",)),
    "asks for purpose OCSPSigning": extensions.extended_key_usage(("serverAuth", "OCSPSigning")),
    "asks for role 'admin'; the operator gives roles": extensions.modbus_role("admin"),
    "extension 2.5.29.30 is not in profile": extensions.name_constraints(("dns:x.example",), ()),
    "extension 1.2.3.4": extensions.extension("1.2.3.4", b"\x05\x00"),
}


@pytest.mark.parametrize("reason", CA_EXTENSIONS)
def test_a_request_may_not_ask_for_everything(reason: str, issuer: Issuer) -> None:
    data = asking(generate("p256"), CA_EXTENSIONS[reason])
    assert reason in refused(issuer, Order("tls-server", request=data))


def test_what_the_profile_gives_may_be_asked_for(issuer: Issuer) -> None:
    data = asking(
        generate("p256"),
        extensions.extension(extensions.CONSTRAINTS, der.sequence()),
        extensions.key_usage(("digitalSignature", "keyEncipherment")),
        extensions.extended_key_usage(("serverAuth",)),
        extensions.subject_key(b"any"),
        extensions.alt_names((("dns", "plc-7.plant"), ("ip", "10.0.0.7"))),
    )
    found = certificate.read(issued(issuer, Order("tls-server", request=data)).der)
    assert found.alt_names() == (("dns", "plc-7.plant"), ("ip", "10.0.0.7"))


ORDERS = {
    "no such": ("nothing", {}, "profile nothing: not there"),
    "no CN": ("tls-server", {"subject": (("O", "Works"),)}, "no CN, which profile tls-server requires"),
    "attribute": ("tls-server", {"subject": (("CN", "a.b"), ("title", "x"))}, "title is not in profile"),
    "two names": ("tls-server", {"subject": (("CN", "a.b"), ("CN", "c.d"))}, "more than one common name"),
    "long": ("tls-server", {"subject": (("CN", "x" * 65),)}, "CN of 65 characters"),
    "no host": ("tls-server", {"subject": (("CN", "The PLC"),)}, "give --san dns:X or ip:X"),
    "email": ("tls-server", {"alt_names": (("email", "a@b.c"),)}, "takes dns, ip, uri"),
    "wildcard": ("modbus", {"alt_names": (("dns", "*.plant"),)}, "takes no wildcards"),
    "two URIs": ("opcua", {"alt_names": (("uri", "urn:a"), ("uri", "urn:b"))}, "2 URIs; profile opcua takes one"),
    "no URI": ("opcua", {}, "requires one; give --san uri:X"),
    "too long": ("tls-server", {"days": 826}, "826 days; profile tls-server gives 825"),
    "none": ("tls-server", {"days": 0}, "0 days"),
    "role": ("tls-server", {"role": "admin"}, "profile tls-server has no roles"),
    "bad role": ("modbus", {"role": "a\nb"}, "role: 1 to 128 characters"),
    "many": ("tls-server", {"alt_names": tuple(("dns", f"h{n}.plant") for n in range(101))}, "102, more than 100"),
}  # fmt: skip


@pytest.mark.parametrize("case", ORDERS)
def test_orders_outside_the_profile_are_refused(case: str, issuer: Issuer) -> None:
    profile, given, reason = ORDERS[case]
    order = replace(Order(profile, key=generate("p256").spki(), subject=PLC, alt_names=()), **given)  # type: ignore[arg-type]
    assert reason in refused(issuer, order)


def test_an_end_beyond_the_issuers_is_refused_or_cut(authority: Authority) -> None:
    from datetime import timedelta

    end = authority.certificate("issuing").not_after
    late = Issuer(
        authority.certificate("issuing"),
        authority.signer("issuing"),
        authority.register,
        authority.profiles,
        clock=lambda: end - timedelta(days=100),
    )
    order = Order("tls-server", key=generate("p256").spki(), subject=PLC)
    assert "365 days, but the issuing CA ends in 100; give --days 100" in refused(
        late, replace(order, days=365)
    )
    cut = issued(late, order)
    assert certificate.read(cut.der).not_after == end
    assert cut.notes == (f"ends with the issuing CA, at {end:%Y-%m-%dT%H:%M:%SZ}",)
    after = Issuer(
        authority.certificate("issuing"),
        authority.signer("issuing"),
        authority.register,
        authority.profiles,
        clock=lambda: end,
    )
    assert "the issuing CA ended" in refused(after, order)


def test_what_was_refused_is_nowhere(issuer: Issuer, authority: Authority) -> None:
    before = [row.serial for row in authority.register.list()]
    refused(issuer, Order("tls-server", key=of_rsa(1024), subject=PLC))
    assert [row.serial for row in authority.register.list()] == before
