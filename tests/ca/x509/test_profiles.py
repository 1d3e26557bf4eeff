"""sentinel/ca/x509/profiles.py and the shipped profiles: each issues what it says, clean to the linter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509 as other

from sentinel.ca.authority import Authority
from sentinel.ca.keys import generate
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.x509 import certificate, der, extensions, names, profiles
from sentinel.ca.x509.order import Issued, Order
from sentinel.errors import UserError
from tests.ca.conftest import PASSPHRASE
from tests.ca.oracles.lint import certificate_findings
from tests.ca.oracles.openssl import OpenSsl
from tests.ca.x509.test_keys import KEYS, identifier

SHIPPED = [profile.name for profile in profiles.shipped()]
KINDS = {"sm2": "sm2", "p256": "p256", "p384": "p384", "ed25519": "ed25519", "rsa": "rsa3072"}


@cache
def rsa_key() -> bytes:
    return generate("rsa3072").spki()


def order(profile: profiles.Profile, spki: bytes) -> Order:
    """An order that this profile takes. The linter knows no URN, which OPC UA would have."""
    alt = (("uri", "http://plc-7.plant/ua"),) if "uri" in profile.alt_names.required else ()
    role = "operator" if profile.role else None
    return Order(
        profile.name,
        key=spki,
        subject=names.parse(f"plc-{spki[-4:].hex()}.plant"),
        alt_names=alt,
        role=role,
        who="tester",
    )


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("issuer", ["sm2", "p256"])
def test_each_profile_gives_what_it_says(
    name: str, issuer: str, ca: Callable[[str], Path], openssl: OpenSsl
) -> None:
    with Authority.open(ca(issuer), Passphrases(PASSPHRASE)) as authority:
        profile = authority.profiles.get(name)
        for kind in profile.algorithms:
            key = generate(KINDS[kind])
            [issued] = authority.issuer().issue([order(profile, key.spki())])
            assert isinstance(issued, Issued), issued
            each = [issued.der, *([issued.pair_der] if issued.pair_der else [])]
            assert len(each) == 1 + profile.pair
            for data in each:
                _judged(data, authority, openssl)
            _holds(profile, kind, certificate.read(issued.der), profile.key_usage.sign)


def _judged(data: bytes, authority: Authority, openssl: OpenSsl) -> None:
    """OpenSSL verifies it by its issuer, and under no other identifier; the linter finds nothing."""
    found = certificate_findings(data)
    if certificate.read(data).extensions[extensions.KEY_USE] == der.named_bits(2, 3, 4):
        # GB/T 38636 wants what RFC 5480, 3, does not have for such keys
        assert found.pop(0).startswith("SpkiKeyUsageConsistencyValidator")
        assert "prohibited" in found.pop(0)
    assert found == []
    issuer = authority.certificate("issuing")
    at = datetime.now(UTC) + timedelta(minutes=1)
    openssl.link(issuer.der, data, at, distid=identifier(issuer.key.algorithm))
    assert certificate.read(data).signed_by(issuer.key)
    other.load_der_x509_certificate(data).extensions.get_extension_for_class(other.AuthorityKeyIdentifier)


def _holds(
    profile: profiles.Profile, kind: str, found: certificate.Certificate, sign: tuple[str, ...]
) -> None:
    usage = other.load_der_x509_certificate(found.der).extensions.get_extension_for_class(other.KeyUsage)
    assert usage.critical
    uses = (profile.key_usage.rsa or sign) if kind == "rsa" else sign
    assert found.extensions[extensions.KEY_USE] == der.named_bits(
        *(extensions.KEY_USAGE[use] for use in uses)
    )
    assert (extensions.PURPOSE in found.extensions) == bool(profile.purposes)
    assert (extensions.PURPOSE in found.critical) == profile.purposes_critical
    assert (extensions.CRL_POINTS in found.extensions) == profile.revocable
    assert (extensions.OCSP_NOCHECK in found.extensions) == profile.nocheck
    assert (extensions.MODBUS_ROLE in found.extensions) == profile.role
    assert (found.not_after == der.NEVER) == (profile.days == "never")
    assert extensions.CONSTRAINTS not in found.extensions
    serial = found.serial.to_bytes(20, "big")
    assert serial[0] & 0xC0 == 0x40


def test_a_device_is_that_of_802_1ar(ca: Callable[[str], Path]) -> None:
    with Authority.open(ca("p256"), Passphrases(PASSPHRASE)) as authority:
        profile = authority.profiles.get("device")
        wanted = order(profile, KEYS["p256"].spki())
        [issued] = authority.issuer().issue(
            [
                Order(
                    "device",
                    key=wanted.key,
                    subject=names.parse("CN=meter"),
                    serial_number="M-0001",
                    hardware_type="1.3.6.1.4.1.99999.7",
                )
            ]
        )
        assert isinstance(issued, Issued), issued
        found = certificate.read(issued.der)
        assert b"99991231235959Z" in found.tbs
        assert found.subject == (("CN", "meter"), ("serialNumber", "M-0001"))
        assert found.alt_names() == (("hw", "1.3.6.1.4.1.99999.7:M-0001"),)
        row = authority.register.certificate(issued.serial)
        assert row is not None
        assert row.asset == "M-0001"
        assert row.not_after == "9999-12-31T23:59:59Z"


def test_a_role_of_modbus_is_a_utf8_string(ca: Callable[[str], Path]) -> None:
    with Authority.open(ca("p256"), Passphrases(PASSPHRASE)) as authority:
        profile = authority.profiles.get("modbus")
        [issued] = authority.issuer().issue([order(profile, KEYS["p256"].spki())])
        assert isinstance(issued, Issued), issued
        found = certificate.read(issued.der)
        assert found.extensions["1.3.6.1.4.1.50316.802.1"] == b"\x0c\x08operator"


MINIMAL = "title: x\nalgorithms: [p256]\nkey_usage: {sign: [digitalSignature]}\n"


def _read(text: str) -> profiles.Profile:
    return profiles.read(Path("own.yml"), text.encode())


def test_a_profile_of_ones_own_stands_beside_or_in_place(ca: Callable[[str], Path]) -> None:
    folder = ca("p256")
    (folder / "profiles" / "own.yml").write_text(MINIMAL, encoding="utf-8")
    (folder / "profiles" / "ocsp.yml").write_text(MINIMAL + "days: 3\n", encoding="utf-8")
    known = profiles.Profiles(folder / "profiles")
    assert known.names() == sorted([*SHIPPED, "own"])
    assert known.get("own").days == 365
    assert known.get("ocsp").days == 3
    with pytest.raises(UserError, match="profile nothing: not there; code-signing, device"):
        known.get("nothing")
    with pytest.raises(UserError, match="not there"):
        known.get("../own")


WRONG = {
    "[]": "no profile",
    "title: x\n": "missing required field `algorithms`",
    MINIMAL + "colour: red\n": "unknown field `colour`",
    MINIMAL + "days: 0\n": "$.days",
    MINIMAL + "days: soon\n": "$.days",
    MINIMAL + "days: 900\n": "days: 900, more than most_days 825",
    MINIMAL + "purposes: [serverAuht]\n": "'serverAuht': no object identifier",
    MINIMAL + "name: other\n": "name 'other'",
    MINIMAL + "pair_usage: [keyEncipherment]\n": "a TLCP pair has SM2 keys",
    MINIMAL + "subject: {required: [UID]}\n": "subject.required",
    MINIMAL + "alt_names: {required: [dns]}\n": "alt_names.required",
    MINIMAL + "rsa_bits: 1024\n": "$.rsa_bits",
    MINIMAL.replace("digitalSignature", "keyCertSign"): "$.key_usage.sign",
    "a: [b\n": "own.yml",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_profile_is_refused_with_file_and_key(text: str) -> None:
    with pytest.raises(UserError) as refused:
        _read(text)
    assert refused.value.message.startswith("own.yml: ")
    assert WRONG[text] in refused.value.message
    assert "\n" not in refused.value.message
