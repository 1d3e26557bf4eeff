"""Malformed requests to every endpoint of a CA at work: 4xx with a reason, never 5xx, never a traceback."""

from __future__ import annotations

import base64
import http.client
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from sentinel.ca.keys import generate
from sentinel.ca.serve.acme import accounts, jwk, orders
from sentinel.ca.x509 import ocsp
from tests.ca.serve.made import CASES, Served, context, csr, csr_pem

Sent = tuple[str, str, bytes, dict[str, str]]
"""Method, path, body, header fields."""

EACH = max(CASES // 100, 10)
"""Requests of each kind; with SENTINEL_CASES of 100,000 it is 1,000."""


class Account:
    """An account of ACME whose requests are signed rightly, whatever is in them."""

    def __init__(self, served: Served) -> None:
        self.base = f"https://{served.https}/acme/"
        self.served, self.key = served, ec.generate_private_key(ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        x, y = (jwk.written(one.to_bytes(32, "big")) for one in (numbers.x, numbers.y))
        self.jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        self.kid: str | None = None
        with served.authority.register.transaction() as change:
            made = accounts.make(
                change, name="fuzz", profile="tls-server", names=["dns:f.example"], days=1, by="tests"
            )
            made = accounts.bind(change, made, jwk.read(self.jwk), (), "tests")
        self.kid = f"{self.base}account/{made.id}"

    def signed(self, path: str, payload: bytes) -> bytes:
        nonce = self.served.ask("HEAD", "/acme/new-nonce")[1]["replay-nonce"]
        header = {"alg": "ES256", "nonce": nonce, "url": f"{self.base}{path}", "kid": self.kid}
        protected, body = jwk.written(json.dumps(header).encode()), jwk.written(payload)
        made = self.key.sign(f"{protected}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
        raw = b"".join(one.to_bytes(32, "big") for one in decode_dss_signature(made))
        return json.dumps({"protected": protected, "payload": body, "signature": jwk.written(raw)}).encode()


def damaged(dice: random.Random, whole: bytes) -> bytes:
    """Octets changed, cut, doubled or put in."""
    data = bytearray(whole or b"{}")
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(4):
            case 0 if at < len(data):
                data[at] ^= 1 << dice.randrange(8)
            case 1:
                del data[at : at + dice.randrange(1, 40)]
            case 2:
                data[at:at] = dice.randbytes(dice.randrange(1, 20))
            case _:
                data[at:at] = data[at : at + 40]
    return bytes(data)


@pytest.fixture
def connection(served: Served) -> Iterator[http.client.HTTPSConnection]:
    host, _, port = served.https.partition(":")
    made = http.client.HTTPSConnection(host, int(port), context=context(served.trusted), timeout=30)
    yield made
    made.close()


def kinds(served: Served) -> dict[str, Sent]:
    """A good request to each endpoint, by its name."""
    form = {"content-type": "application/json"}
    operator = {"authorization": f"Bearer {served.person('fuzz-operator')}", **form}
    admin = {"authorization": f"Bearer {served.person('fuzz-admin', 'administrator')}", **form}
    enrol = {"authorization": f"Bearer {served.token(profile='ldevid', serial_number='Z-1')}"}
    asked = base64.encodebytes(csr(generate("p256"), "CN=z"))
    issuer = served.authority.certificate("issuing")
    one = ocsp.cert_id(ocsp.SHA1, issuer.subject_der, issuer.key.octets, 7)
    question = ocsp.encode_request([one], b"n" * 32)
    issue = json.dumps({"csr": csr_pem(generate("p256"), "CN=z"), "profile": "tls-client"}).encode()
    token = b'{"kind": "enrol", "name": "z", "profile": "tls-client"}'
    serial = f"/v1/certificates/{'4' * 40}"
    jose = {"content-type": "application/jose+json"}
    flat = json.dumps({"protected": "e30", "payload": "", "signature": ""}).encode()
    out: dict[str, Sent] = {
        "issue": ("POST", "/v1/certificates", issue, operator),
        "revoke": ("POST", f"{serial}/revoke", b'{"reason": "superseded"}', operator),
        "hold": ("POST", f"{serial}/hold", b'{"why": "z"}', operator),
        "resume": ("POST", f"{serial}/resume", b'{"why": "z"}', operator),
        "tokens": ("POST", "/v1/tokens", token, operator),
        "untoken": ("DELETE", "/v1/tokens/0011", b"", admin),
        "list": ("GET", "/v1/certificates?state=valid&limit=3", b"", operator),
        "show": ("GET", serial, b"", operator),
        "cacerts": ("GET", "/.well-known/est/cacerts", b"", {}),
        "csrattrs": ("GET", "/.well-known/est/csrattrs", b"", {}),
        "ocsp": ("POST", "/ocsp", question, {"content-type": "application/ocsp-request"}),
        "ocsp-get": ("GET", f"/ocsp/{base64.urlsafe_b64encode(question).decode()}", b"", {}),
        "crl": ("GET", "/crl/issuing.crl", b"", {}),
        "acme-directory": ("GET", "/acme/directory", b"", {}),
        "acme-renewal": ("GET", "/acme/renewal-info/AAAA.BBBB", b"", {}),
    }
    for name in ("simpleenroll", "simplereenroll", "serverkeygen"):
        out[name] = ("POST", f"/.well-known/est/{name}", asked, enrol)
    for name in ("new-account", "new-order", "revoke-cert", "key-change", "order/0", "challenge/0-0"):
        out[f"acme-{name}"] = ("POST", f"/acme/{name}", flat, jose)
    return out


def check(connection: http.client.HTTPSConnection, sent: Sent) -> int:
    """Send one; its status, once it is seen to be none of the server's own faults and to have a reason."""
    method, path, body, fields = sent
    connection.request(method, path, body or None, fields)
    answer = connection.getresponse()
    said = answer.read()
    assert answer.status < 500, (sent, said)
    if answer.status >= 400:
        assert said.strip(), sent
        assert b"Traceback" not in said
    return answer.status


def test_every_endpoint(served: Served, connection: http.client.HTTPSConnection) -> None:
    dice = random.Random(11)
    path_kept = "/%-._~!$&'()*+,;=:@?abcXYZ019"
    for name, (method, path, body, fields) in kinds(served).items():
        refused = 0
        for _ in range(EACH):
            if body:
                sent = method, path, damaged(dice, body), fields
            else:
                where = damaged(dice, path[1:].encode()).decode("latin-1")
                sent = method, "/" + "".join(c for c in where if c in path_kept), b"", fields
            refused += check(connection, sent) >= 400
        assert refused, name


def payloads(account: Account) -> dict[str, dict[str, Any]]:
    known = {"type": "dns", "value": "f.example"}
    return {
        "new-order": {"identifiers": [known], "replaces": "AAAA.AAAA", "profile": "tls-server"},
        "revoke-cert": {"certificate": "AAAA", "reason": 1},
        "key-change": {"protected": "e30", "payload": "e30", "signature": "AAAA"},
        (account.kid or "").removeprefix(account.base): {"contact": ["mailto:a@b.example"]},
        "order/0/finalize": {"csr": jwk.written(csr(generate("p256"), "CN=f.example"))},
        "authorization/0-0": {"status": "deactivated"},
        "challenge/0-0": {},
        "certificate/00": {},
    }


ODD: tuple[Any, ...] = (None, True, -1, 1e308, "", "\0", "x" * 3000, [], [[]], {}, {"a": 1}, "é", 2**70)


def test_acme_with_payloads_that_are_signed(served: Served, connection: http.client.HTTPSConnection) -> None:
    """What is behind the signature: members of other kinds, and JSON that is none."""
    dice = random.Random(5)
    account = Account(served)
    jose = {"content-type": "application/jose+json"}
    with served.authority.register.transaction() as change:
        row = accounts.find(served.authority.register, (account.kid or "").rpartition("/")[2])
        assert row is not None
        known = orders.Authorization(kind="dns", value="f.example", status="valid")
        order = orders.make(change, row, (known,), "")
    mutate: list[Callable[[dict[str, Any]], bytes]] = [
        lambda good: damaged(dice, json.dumps(good).encode()),
        lambda good: json.dumps(dict.fromkeys(good, dice.choice(ODD))).encode(),
        lambda good: json.dumps(dice.choice(ODD)).encode(),
    ]
    for path, good in payloads(account).items():
        where = path.replace("/0", f"/{order.id}") if path.startswith(("order", "auth", "chall")) else path
        for turn in range(EACH):
            body = account.signed(where, mutate[turn % 3](good))
            check(connection, ("POST", f"/acme/{where}", body, jose))
    good_still = account.signed("new-order", json.dumps(payloads(account)["new-order"]).encode())
    assert check(connection, ("POST", "/acme/new-order", good_still, jose)) in (400, 404), (
        "no such certificate"
    )
