"""OCSP and CRLs as served: OpenSSL and our own reader agree, and a revocation is told at once."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from pathlib import Path

from sentinel.ca import files, revocation
from sentinel.ca.keys import generate
from sentinel.ca.x509 import crl, ocsp
from tests.ca.oracles.openssl import OpenSsl
from tests.ca.serve.made import Served, csr_pem


def issued(served: Served, name: str) -> tuple[str, bytes]:
    token = served.token(profile="tls-client")
    wanted = {"csr": csr_pem(generate(served.algorithm), name), "profile": "tls-client"}
    status, _, body = served.ask("POST", "/v1/certificates", wanted, token=token)
    assert status == 201, body
    made = json.loads(body)
    return made["serial"], files.unpem(made["certificate"].encode(), "CERTIFICATE")[0][1]


def question(served: Served, serial: str, nonce: bytes | None = None) -> bytes:
    issuer = served.authority.certificate("issuing")
    one = ocsp.cert_id(ocsp.SHA1, issuer.subject_der, issuer.key.octets, int(serial, 16))
    return ocsp.encode_request([one], nonce)


def state(served: Served, asked: bytes, *, get: bool = False) -> str:
    if get:
        path = "/ocsp/" + base64.b64encode(asked).decode().replace("/", "%2F").replace("+", "%2B")
        status, _, body = served.ask("GET", path, plain=True)
    else:
        status, _, body = served.ask("POST", "/ocsp", asked, plain=True)
    assert status == 200, body
    return ocsp.decode_response(body).singles[0].state


def test_cached_until_revoked(served: Served) -> None:
    serial, _ = issued(served, "CN=ocsp-1")
    asked = question(served, serial)
    assert state(served, asked) == "good"
    before = served.service.server.metrics()["cache_hits"]
    assert state(served, asked) == state(served, asked, get=True) == "good"
    assert served.service.server.metrics()["cache_hits"] == before + 2
    operator = served.person("olga", "operator")
    said = served.ask(
        "POST", f"/v1/certificates/{serial}/revoke", {"reason": "keyCompromise"}, token=operator
    )
    assert said[0] == 200
    assert state(served, asked) == "revoked", "told at once"
    assert state(served, asked, get=True) == "revoked"


def test_a_revocation_by_another_process(served: Served) -> None:
    """As `ca revoke` does it while the server runs: a connection of its own to the register."""
    from sentinel.ca.authority import Authority

    serial, _ = issued(served, "CN=ocsp-2")
    asked = question(served, serial)
    assert state(served, asked) == "good"
    with Authority.open(served.folder) as other:
        revocation.hold(other, serial, revocation.Actor("tests", "cli"))
    until = time.monotonic() + 20
    while state(served, asked) != "revoked":
        assert time.monotonic() < until, "the cache was never cleared"


def test_nonces_are_never_cached(served: Served) -> None:
    serial, _ = issued(served, "CN=ocsp-3")
    asked = question(served, serial, b"n" * 32)
    before = served.service.server.metrics()["cache_entries"]
    for _ in range(2):
        _, fields, body = served.ask("POST", "/ocsp", asked, plain=True)
        assert ocsp.decode_response(body).nonce == b"n" * 32
        assert fields["cache-control"] == "no-store"
    assert served.service.server.metrics()["cache_entries"] == before


def test_what_is_no_request(served: Served) -> None:
    for body in (b"", b"0", b"\x30\x03\x02\x01\x00", bytes(500)):
        status, _, said = served.ask("POST", "/ocsp", body, plain=True)
        assert status == 400
        assert said.strip()


def test_lists_are_made_and_served(served: Served) -> None:
    serial, _ = issued(served, "CN=crl-1")
    status, fields, body = served.ask("GET", "/crl/issuing.crl", plain=True)
    assert (status, fields["content-type"]) == (200, "application/pkix-crl")
    complete = crl.read(body)
    assert (
        served.ask("GET", "/crl/issuing.crl", headers={"if-none-match": fields["etag"]}, plain=True)[0] == 304
    )
    operator = served.person("olga", "operator")
    served.ask("POST", f"/v1/certificates/{serial}/revoke", {"reason": "superseded"}, token=operator)
    until = time.monotonic() + 20
    while True:
        status, _, body = served.ask("GET", "/crl/issuing-delta.crl", plain=True)
        if status == 200 and int(serial, 16) in crl.read(body).entries:
            break
        assert time.monotonic() < until, "no delta"
    delta = crl.read(body)
    assert (delta.base, delta.number > complete.number) == (complete.number, True)
    assert served.ask("GET", "/crl/root.cer", plain=True)[2] == served.authority.certificate("root").der
    assert served.ask("GET", "/crl/../keys/issuing.pem", plain=True)[0] == 404


def test_the_plain_port_has_status_only(served: Served) -> None:
    for path in ("/v1/ca", "/.well-known/est/cacerts"):
        status, _, said = served.ask("GET", path, plain=True)
        assert (status, b"only over https" in said) == (403, True)


def test_openssl_asks(served: Served, openssl: OpenSsl, tmp_path: Path) -> None:
    """`openssl ocsp` over HTTP; it checks the answer too, but has no way to say an SM2 signature's ID."""
    _, data = issued(served, "CN=ocsp-openssl")
    leaf, issuer = tmp_path / "leaf.pem", tmp_path / "issuing.pem"
    leaf.write_bytes(files.pem("CERTIFICATE", data))
    issuer.write_bytes(files.pem("CERTIFICATE", served.authority.certificate("issuing").der))
    judged = (
        ["-noverify"] if served.algorithm == "sm2" else ["-CAfile", served.folder / "public" / "chain.pem"]
    )
    done = subprocess.run(
        ["openssl", "ocsp", "-issuer", issuer, "-cert", leaf, "-url", f"http://{served.http}/ocsp", *judged],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"{leaf}: good" in done.stdout
    assert served.algorithm == "sm2" or "Response verify OK" in done.stderr
