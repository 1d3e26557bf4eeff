"""sentinel/ca/x509/request.py: requests of ours and of OpenSSL, and what is no request."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.ca import files
from sentinel.ca.keys.files import key_pem
from sentinel.ca.x509 import der, names, request
from sentinel.errors import UserError
from tests.ca.oracles.openssl import DISTID, OpenSsl
from tests.ca.x509.test_keys import KEYS, identifier

SUBJECT = names.parse("CN=plc-7.plant,O=Works,C=CN")
ALT = (("dns", "plc-7.plant"), ("ip", "10.0.0.7"))


@pytest.mark.parametrize("name", KEYS)
def test_our_requests_are_proven_here_and_to_openssl(name: str, openssl: OpenSsl) -> None:
    data = request.make(KEYS[name], SUBJECT, ALT)
    openssl.request(data, distid=identifier(name))
    found = request.read(data)
    assert found.subject == SUBJECT
    assert found.alt_names() == ALT
    assert found.key.algorithm == name
    assert found.proven()


@pytest.mark.parametrize("name", KEYS)
def test_requests_of_openssl_are_read_and_proven(name: str, openssl: OpenSsl) -> None:
    key = openssl.write("request.key", key_pem(KEYS[name], None))
    options = ["-sm3", "-sigopt", f"distid:{DISTID}"] if name == "sm2" else []
    openssl.run(
        *(
            "req",
            "-new",
            "-key",
            key,
            "-subj",
            "/CN=plc-7/O=Works",
            "-outform",
            "DER",
            "-out",
            "of-openssl.der",
        ),
        *("-addext", "subjectAltName=DNS:plc-7.plant,IP:10.0.0.7", "-addext", "keyUsage=digitalSignature"),
        *options,
    )
    found = request.read((openssl.folder / "of-openssl.der").read_bytes())
    assert found.subject == names.parse("CN=plc-7,O=Works")
    assert found.alt_names() == ALT
    assert set(found.extensions) == {"2.5.29.15", "2.5.29.17"}
    assert found.proven()


@pytest.mark.parametrize("name", ["sm2", "p256"])
def test_a_flipped_bit_anywhere_is_refused_or_not_proven(name: str) -> None:
    data = request.make(KEYS[name], SUBJECT, ALT)
    for at in range(len(data)):
        for bit in (0, 5, 7):
            changed = data[:at] + bytes((data[at] ^ 1 << bit,)) + data[at + 1 :]
            said, proven = "request: ", False
            try:
                proven = request.read(changed).proven()
            except UserError as error:
                said = error.message
            assert not proven, (at, bit)
            assert said.startswith("request: ")
            assert "\n" not in said


@given(st.binary(max_size=400))
@settings(max_examples=300)
def test_any_octets_are_refused(data: bytes) -> None:
    with pytest.raises(UserError, match=r"^request: "):
        request.read(data)


def test_pem_of_old_software_is_taken(openssl: OpenSsl) -> None:
    data = request.make(KEYS["p256"], SUBJECT)
    text = files.pem("NEW CERTIFICATE REQUEST", data)
    assert files.unpem(b"\r\nSome words before\r\n" + text, *request.LABELS)[0][1] == data


def _asking(*extension: bytes, twice: bool = False) -> bytes:
    key = KEYS["ed25519"]
    attribute = der.sequence(der.oid(request.EXTENSION_REQUEST), der.set_of(der.sequence(*extension)))
    attributes = attribute * 2 if twice else attribute
    info = der.sequence(der.integer(0), names.encode(SUBJECT), key.spki(), der.explicit(0, attributes))
    return der.sequence(info, key.signature_algorithm(), der.bits(key.sign(info)))


def test_extensions_are_asked_for_once() -> None:
    one = der.sequence(der.oid("2.5.29.14"), der.octets(b"\x04\x00"))
    assert request.read(_asking(one)).extensions == {"2.5.29.14": b"\x04\x00"}
    with pytest.raises(UserError, match=r"extension 2\.5\.29\.14 twice"):
        request.read(_asking(one, one))
    with pytest.raises(UserError, match="asked for twice"):
        request.read(_asking(one, twice=True))
    many = (der.sequence(der.oid(f"1.2.3.{n}"), der.octets(b"")) for n in range(request.MOST_EXTENSIONS + 1))
    with pytest.raises(UserError, match="more than 32 extensions"):
        request.read(_asking(*many))


def test_other_versions_are_refused() -> None:
    key = KEYS["ed25519"]
    info = der.sequence(der.integer(1), names.encode(SUBJECT), key.spki(), der.explicit(0))
    data = der.sequence(info, key.signature_algorithm(), der.bits(key.sign(info)))
    with pytest.raises(UserError, match="version 1; 0 is the only one"):
        request.read(data)
