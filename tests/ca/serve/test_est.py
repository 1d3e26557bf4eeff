"""EST: `curl` and `openssl` as clients for P-256 and RSA, tokens and CMS for SM2."""

from __future__ import annotations

import base64
import random
import subprocess
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from sentinel.ca import files
from sentinel.ca.keys import SoftwareKey, generate
from sentinel.ca.keys.files import key_pem
from sentinel.ca.keys.software import from_pkcs8
from sentinel.ca.x509 import certificate, cms, names
from tests.ca.oracles.openssl import OpenSsl
from tests.ca.oracles.programs import Oracle, RefusedError
from tests.ca.serve.made import CASES, Served, csr

EST = "/.well-known/est"


def sent(
    served: Served,
    operation: str,
    data: bytes,
    token: str = "",
    kind: str = "application/pkcs10",
    **more: Any,
) -> tuple[int, bytes]:
    status, _, body = served.ask(
        "POST",
        f"{EST}/{operation}",
        base64.encodebytes(data),
        token=token,
        headers={"content-type": kind},
        **more,
    )
    return status, body


def got(body: bytes) -> certificate.Certificate:
    [data] = cms.certificates(base64.b64decode(body))
    return certificate.read(data)


def enrolled(
    served: Served, key: SoftwareKey, serial: str, profile: str = "ldevid"
) -> certificate.Certificate:
    token = served.token(profile=profile, serial_number=serial)
    status, body = sent(served, "simpleenroll", csr(key, f"CN=dev-{serial}"), token)
    assert status == 200, body
    return got(body)


def test_cacerts_and_attributes(served: Served, openssl: OpenSsl, tmp_path: Path) -> None:
    status, fields, body = served.ask("GET", f"{EST}/cacerts")
    assert (status, fields["content-type"]) == (200, "application/pkcs7-mime; smime-type=certs-only")
    (tmp_path / "p7").write_bytes(base64.b64decode(body))
    done = subprocess.run(
        ["openssl", "pkcs7", "-inform", "DER", "-in", tmp_path / "p7", "-print_certs"], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert done.stdout.count("BEGIN CERTIFICATE") == 2
    status, fields, body = served.ask("GET", f"{EST}/csrattrs")
    assert (status, fields["content-type"]) == (200, "application/csrattrs")
    assert base64.b64decode(body)[0] == 0x30


def test_a_token_enrols_and_cms_renews(served: Served) -> None:
    """The way of SM2 devices: a one-time token first, then requests signed with the current key."""
    key, fresh = generate(served.algorithm), generate(served.algorithm)
    first = enrolled(served, key, "E-1")
    assert dict(first.subject)["serialNumber"] == "E-1"
    asked = csr(fresh, names.text(first.subject))
    status, body = sent(served, "simplereenroll", cms.sign(asked, key, first), kind="application/pkcs7-mime")
    assert status == 200, body
    second = got(body)
    assert (second.subject, second.spki) == (first.subject, fresh.spki())
    assert second.signed_by(served.authority.certificate("issuing").key)

    other = generate(served.algorithm)
    forged = cms.sign(csr(other, names.text(first.subject)), other, first)
    status, body = sent(served, "simplereenroll", forged, kind="application/pkcs7-mime")
    assert (status, b"does not hold" in body) == (401, True)
    renamed = cms.sign(csr(other, "CN=somebody else"), fresh, second)
    status, body = sent(served, "simplereenroll", renamed, kind="application/pkcs7-mime")
    assert (status, b"stay as they are" in body) == (403, True)
    with served.authority.register.transaction() as change:
        change.revoke(second.serial_text, "keyCompromise")
    late = cms.sign(csr(other, names.text(first.subject)), fresh, second)
    status, body = sent(served, "simplereenroll", late, kind="application/pkcs7-mime")
    assert (status, b"is revoked" in body) == (401, True)


def test_openssl_signs_a_renewal(served: Served, openssl: OpenSsl, tmp_path: Path) -> None:
    """CMS of another implementation, with P-256 and RSA keys."""
    for kind in ("p256", "rsa3072"):
        key = generate(kind)
        first = enrolled(served, key, f"O-{kind}")
        pem, secret, asked = tmp_path / "own.pem", tmp_path / "own.key", tmp_path / "csr.der"
        pem.write_bytes(files.pem("CERTIFICATE", first.der))
        secret.write_bytes(key_pem(key, None))
        asked.write_bytes(csr(generate(kind), names.text(first.subject)))
        done = subprocess.run(
            ["openssl", "cms", "-sign", "-binary", "-nodetach", "-in", asked, "-signer", pem, "-inkey", secret, "-outform", "DER"],
            capture_output=True, check=True,
        )  # fmt: skip
        status, body = sent(served, "simplereenroll", done.stdout, kind="application/pkcs7-mime")
        assert status == 200, body
        assert got(body).subject == first.subject


@pytest.mark.parametrize("kind", ["p256", "rsa3072"])
def test_mutual_tls_with_curl(served: Served, kind: str, curl: str, tmp_path: Path) -> None:
    """Enrolment with Basic, then renewal with the certificate, by `curl` as a device's script would."""
    key, fresh = generate(kind), generate(kind)
    token = served.token(profile="ldevid", serial_number=f"C-{kind}")
    pem, secret, body, out = (tmp_path / name for name in ("own.pem", "own.key", "body", "out"))
    secret.write_bytes(key_pem(key, None))
    url = f"https://localhost:{served.https.rpartition(':')[2]}{EST}"
    common: list[str | Path] = [
        curl,
        "-sS",
        "--fail-with-body",
        "--cacert",
        served.trusted,
        "-H",
        "Content-Type: application/pkcs10",
        "--data-binary",
        f"@{body}",
        "-o",
        out,
    ]

    body.write_bytes(base64.encodebytes(csr(key, f"CN=curl-{kind}")))
    done = subprocess.run(
        [*common, "-u", f"device:{token}", f"{url}/simpleenroll"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + out.read_text()
    first = got(out.read_bytes())
    pem.write_bytes(files.pem("CERTIFICATE", first.der))

    body.write_bytes(base64.encodebytes(csr(fresh, names.text(first.subject))))
    done = subprocess.run(
        [*common, "--cert", pem, "--key", secret, f"{url}/simplereenroll"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + out.read_text()
    assert got(out.read_bytes()).spki == fresh.spki()


def test_bouncy_castle_enrols_and_renews(served: Served, bouncycastle: Oracle) -> None:
    """Its EST client with P-256 keys: cacerts, simpleenroll with Basic, simplereenroll over mutual TLS. Java's
    TLS shows no certificate that is signed with SM2, so there is no renewal with a CA in SM2."""
    place = f"localhost:{served.https.rpartition(':')[2]}"
    trusted = files.unpem(served.trusted.read_bytes(), "CERTIFICATE", name="tls.pem")[0][1]
    token = served.token(profile="ldevid", serial_number="B-1")
    renewed = () if served.algorithm == "sm2" else ("renew",)
    count, *enrolled = bouncycastle.ask("est", place, trusted, token, "pump", *renewed).split(" ")
    assert (count, len(enrolled)) == ("2", 1 + len(renewed)), "root and issuing"
    found = [certificate.read(bytes.fromhex(one)) for one in enrolled]
    assert len({one.spki for one in found}) == len(found)
    for one in found:
        assert dict(one.subject) == {"CN": "pump", "serialNumber": "B-1"}
        assert one.signed_by(served.authority.certificate("issuing").key)
        row = served.authority.register.by_fingerprint(one.sha256)
        assert row is not None
        assert (row.profile, row.state) == ("ldevid", "valid")
    for wrong in (token, served.token(profile="ldevid", serial_number="B-2")[::-1]):
        with pytest.raises(RefusedError, match="401"):
            bouncycastle.ask("est", place, trusted, wrong, "pump")


def test_an_initial_identity_gets_a_local_one(served: Served, tmp_path: Path) -> None:
    key = generate("p256")
    first = enrolled(served, key, "I-1", "device")
    pem, secret = tmp_path / "own.pem", tmp_path / "own.key"
    pem.write_bytes(files.pem("CERTIFICATE", first.der))
    secret.write_bytes(key_pem(key, None))
    status, body = sent(
        served,
        "ldevid/simpleenroll",
        csr(generate("p256"), "CN=pump,serialNumber=I-1"),
        certificate=pem,
        key=secret,
    )
    assert status == 200, body
    assert dict(got(body).subject) == {"CN": "pump", "serialNumber": "I-1"}
    for asked, path in (
        (csr(generate("p256"), "CN=pump,serialNumber=I-2"), "ldevid"),
        (csr(generate("p256"), "CN=x"), "tls-client"),
    ):
        status, body = sent(served, f"{path}/simpleenroll", asked, certificate=pem, key=secret)
        assert status == 403, body


def test_a_key_made_by_the_server(served: Served) -> None:
    token = served.token(profile="ldevid", serial_number="K-1")
    status, fields, body = served.ask(
        "POST",
        f"{EST}/serverkeygen",
        base64.encodebytes(csr(generate(served.algorithm), "CN=keyless")),
        token=token,
    )
    assert status == 200, body
    parts = message_from_bytes(
        f"Content-Type: {fields['content-type']}\r\n\r\n".encode() + body
    ).get_payload()
    assert isinstance(parts, list)
    read: list[Any] = parts
    assert [one.get_content_type() for one in read] == ["application/pkcs8", "application/pkcs7-mime"]
    key = from_pkcs8(read[0].get_payload(decode=True))
    [data] = cms.certificates(read[1].get_payload(decode=True))
    assert certificate.read(data).spki == key.spki()


def test_refusals(served: Served) -> None:
    good = csr(generate(served.algorithm), "CN=plain")
    for operation, data, token, status in (
        ("simpleenroll", good, "", 401),
        ("simpleenroll", b"\x30\x00", served.token(profile="ldevid"), 400),
        ("simpleenroll", b"", served.token(profile="ldevid"), 400),
        ("simplereenroll", good, served.token(profile="ldevid"), 401),
        ("nothing", good, "", 404),
        ("unknown-profile/simpleenroll", good, "", 400),
    ):
        found, body = sent(served, operation, data, token)
        assert found == status, body
        assert body.strip() or not token


def test_who_shows_nothing_is_challenged(served: Served) -> None:
    """The reason is in the challenge; there is no body, which some clients stumble over. Who showed a token
    that is none gets a body."""
    status, fields, body = served.ask("POST", f"{EST}/simpleenroll", b"MAA=")
    assert (status, body) == (401, b"")
    assert 'error_description="show a token (Authorization: Bearer) or a' in fields["www-authenticate"]
    status, fields, body = served.ask("POST", f"{EST}/simpleenroll", b"MAA=", token="none")
    assert (status, b"token: not known" in body, "www-authenticate" in fields) == (401, True, True)


def test_damaged_requests_get_4xx_with_a_reason(served: Served) -> None:
    dice = random.Random(3)
    key = generate(served.algorithm)
    own = enrolled(served, key, "F-1")
    token = served.token(profile="ldevid", serial_number="F-2")
    asked = csr(generate(served.algorithm), names.text(own.subject))
    signed = cms.sign(asked, key, own)
    for turn in range(CASES // 12):
        operation, kind, whole = (
            ("simpleenroll", "application/pkcs10", asked)
            if turn % 2
            else ("simplereenroll", "application/pkcs7-mime", signed)
        )
        data = bytearray(whole)
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        if dice.random() < 0.3:
            del data[dice.randrange(len(data)) :]
        status, body = sent(served, operation, bytes(data), token if turn % 2 else "", kind)
        assert 400 <= status < 500 or (operation == "simplereenroll" and status == 200), body
        assert body.strip()
