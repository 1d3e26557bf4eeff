"""A good request to each endpoint of a CA's server."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from sentinel.ca import files
from sentinel.ca.keys import generate
from sentinel.ca.serve.acme import accounts, jwk, orders
from sentinel.ca.x509 import certificate, cms, names, ocsp
from tests.ca.serve.made import Served, csr, csr_pem
from tests.ca.serve.malformed import Good

EST = "/.well-known/est"
JOSE = {"content-type": "application/jose+json"}
KNOWN = ("dns", "f.example")


def flat(header: dict[str, Any], payload: bytes, sign: Callable[[bytes], bytes]) -> dict[str, str]:
    """A JWS in flattened JSON."""
    protected, body = jwk.written(json.dumps(header).encode()), jwk.written(payload)
    signature = jwk.written(sign(f"{protected}.{body}".encode()))
    return {"protected": protected, "payload": body, "signature": signature}


class Key:
    """A key of an ACME client."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        x, y = (jwk.written(one.to_bytes(32, "big")) for one in (numbers.x, numbers.y))
        self.jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    def sign(self, message: bytes) -> bytes:
        made = decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256())))
        return b"".join(one.to_bytes(32, "big") for one in made)


class Account(Key):
    """An account of ACME whose requests are signed rightly, whatever is in them."""

    def __init__(self, served: Served) -> None:
        super().__init__()
        self.served = served
        self.base = "https://localhost/acme/"
        with served.authority.register.transaction() as change:
            self.row = self.waiting(change)
            self.row = accounts.bind(change, self.row, jwk.read(self.jwk), (), "tests")
        self.path = f"account/{self.row.id}"

    @staticmethod
    def waiting(change: Any) -> accounts.Account:
        return accounts.make(
            change, name="fuzz", profile="tls-server", names=[":".join(KNOWN)], days=1, by="tests"
        )

    def signed(self, path: str, payload: bytes, key: Key | None = None) -> bytes:
        nonce = self.served.ask("HEAD", "/acme/new-nonce")[1]["replay-nonce"]
        by = {"kid": self.base + self.path} if key is None else {"jwk": key.jwk}
        header = {"alg": "ES256", "nonce": nonce, "url": self.base + path, **by}
        return json.dumps(flat(header, payload, (key or self).sign)).encode()

    def order(self, status: str = "valid") -> str:
        token = "" if status == "valid" else "t" * 43
        known = orders.Authorization(kind=KNOWN[0], value=KNOWN[1], status=status, token=token)
        with self.served.authority.register.transaction() as change:
            return orders.make(change, self.row, (known,), "").id


class Endpoints:
    """Good requests, made anew each time: what one of them spent or changed does not spoil the next."""

    def __init__(self, served: Served) -> None:
        self.served = served
        operator, admin = served.person("fuzz-operator"), served.person("fuzz-admin", "administrator")
        self._operator = {"authorization": f"Bearer {operator}", "content-type": "application/json"}
        auditor = served.person("fuzz-auditor", "auditor")
        self._auditor = {**self._operator, "authorization": f"Bearer {auditor}"}
        self._admin = {**self._operator, "authorization": f"Bearer {admin}"}
        self.account = Account(served)
        self.serial, self.der, self.key = self._issued()

    def _issued(self, profile: str = "ldevid", serial: str = "Z-1") -> tuple[str, bytes, Any]:
        key = generate("p256")
        token = self.served.token(profile=profile, serial_number=serial)
        wanted = {"csr": csr_pem(key, "CN=z"), "profile": profile}
        status, _, body = self.served.ask("POST", "/v1/certificates", wanted, token=token)
        assert status == 201, body
        made = json.loads(body)
        return made["serial"], files.unpem(made["certificate"].encode(), "CERTIFICATE")[0][1], key

    def health(self) -> Good:
        return Good("GET", "/v1/health")

    def question(self) -> bytes:
        issuer = self.served.authority.certificate("issuing")
        one = ocsp.cert_id(ocsp.SHA1, issuer.subject_der, issuer.key.octets, int(self.serial, 16))
        return ocsp.encode_request([one])

    def ocsp_answers(self) -> bool:
        """Whether OCSP tells of a certificate that is valid, over either port."""
        found = [self.served.ask("POST", "/ocsp", self.question(), plain=plain) for plain in (False, True)]
        return all(
            status == 200 and ocsp.decode_response(body).singles[0].state == "good"
            for status, _, body in found
        )

    def all(self) -> dict[str, Callable[[], Good]]:
        """By name."""
        return {**self._api(), **self._est(), **self._status(), **self._acme()}

    def _heads(self) -> bytes:
        head = self.served.authority.register.head()
        assert head is not None
        return json.dumps({"heads": [json.loads(head.json())]}).encode()

    def _api(self) -> dict[str, Callable[[], Good]]:
        operator, admin, auditor = self._operator, self._admin, self._auditor

        def posted(path: str, **body: Any) -> Good:
            return Good("POST", path, json.dumps(body).encode(), operator, "json")

        def on(action: str, **body: Any) -> Good:
            serial = self._issued()[0]
            if action == "resume":
                self.served.ask(
                    "POST",
                    f"/v1/certificates/{serial}/hold",
                    b"{}",
                    headers={"authorization": operator["authorization"]},
                )
            return posted(f"/v1/certificates/{serial}/{action}", **body)

        def untoken() -> Good:
            self.served.token(profile="ldevid")
            listed = json.loads(self.served.ask("GET", "/v1/tokens", headers=admin)[2])
            return Good("DELETE", f"/v1/tokens/{listed[-1]['id']}", fields=admin)

        return {
            "health": self.health,
            "ca": lambda: Good("GET", "/v1/ca"),
            "profiles": lambda: Good("GET", "/v1/profiles", fields=operator),
            "list": lambda: Good("GET", "/v1/certificates?state=valid&limit=3", fields=operator),
            "search": lambda: Good("GET", "/v1/certificates?q=z&limit=3", fields=operator),
            "show": lambda: Good("GET", f"/v1/certificates/{self.serial}", fields=operator),
            "issue": lambda: posted(
                "/v1/certificates", csr=csr_pem(generate("p256"), "CN=z"), profile="tls-client", days=3
            ),
            "revoke": lambda: on("revoke", reason="superseded", why="z"),
            "hold": lambda: on("hold", why="z"),
            "resume": lambda: on("resume", why="z"),
            "tokens": lambda: Good("GET", "/v1/tokens", fields=operator),
            "token": lambda: posted("/v1/tokens", kind="enrol", name="z", profile="tls-client", days=1),
            "untoken": untoken,
            "audit-head": lambda: Good("GET", "/v1/audit/head", fields=auditor),
            "audit-entries": lambda: Good("GET", "/v1/audit/entries?first=2&limit=3", fields=auditor),
            "audit-verify": lambda: Good("POST", "/v1/audit/verify", self._heads(), auditor, "json"),
        }

    def _est(self) -> dict[str, Callable[[], Good]]:
        def enrol(operation: str, profile: str = "ldevid") -> Good:
            token = self.served.token(profile=profile, serial_number="Z-2" if profile == "ldevid" else "")
            fields = {"authorization": f"Bearer {token}", "content-type": "application/pkcs10"}
            body = base64.encodebytes(csr(generate("p256"), "CN=z"))
            return Good("POST", f"{EST}/{operation}", body, fields, "base64")

        def again() -> Good:
            current = certificate.read(self.der)
            signed = cms.sign(csr(generate("p256"), names.text(current.subject)), self.key, current)
            fields = {"content-type": "application/pkcs7-mime"}
            return Good("POST", f"{EST}/simplereenroll", base64.encodebytes(signed), fields, "base64")

        return {
            "est-cacerts": lambda: Good("GET", f"{EST}/cacerts"),
            "est-csrattrs": lambda: Good("GET", f"{EST}/csrattrs"),
            "est-simpleenroll": lambda: enrol("simpleenroll"),
            "est-by-profile": lambda: enrol("tls-client/simpleenroll", "tls-client"),
            "est-simplereenroll": again,
            "est-serverkeygen": lambda: enrol("serverkeygen"),
        }

    def _status(self) -> dict[str, Callable[[], Good]]:
        question = self.question()
        asked = quote(base64.b64encode(question).decode(), safe="")
        kind = {"content-type": "application/ocsp-request"}
        return {
            "ocsp": lambda: Good("POST", "/ocsp", question, kind, "der"),
            "ocsp-get": lambda: Good("GET", f"/ocsp/{asked}"),
            "crl": lambda: Good("GET", "/crl/issuing.crl"),
            "cer": lambda: Good("GET", "/crl/root.cer"),
        }

    def _acme(self) -> dict[str, Callable[[], Good]]:
        account = self.account

        def signed(path: str, payload: Any = None, key: Key | None = None, who: Account = account) -> Good:
            body = b"" if payload is None else json.dumps(payload).encode()
            return Good(
                "POST", f"/acme/{path}", body, JOSE, "signed", lambda data: who.signed(path, data, key)
            )

        def joining() -> Good:
            key = Key()
            with self.served.authority.register.transaction() as change:
                row = Account.waiting(change)
            header = {"alg": "HS256", "kid": row.id, "url": f"{account.base}new-account"}
            secret = jwk.octets(row.secret, "secret")
            bound = flat(
                header, json.dumps(key.jwk).encode(), lambda data: hmac.digest(secret, data, "sha256")
            )
            wanted = {"contact": ["mailto:a@b.example"], "externalAccountBinding": bound}
            return signed("new-account", wanted, key)

        def ordering() -> Good:
            wanted = {"identifiers": [{"type": KNOWN[0], "value": KNOWN[1]}], "profile": "tls-server"}
            return signed("new-order", wanted, who=Account(self.served))

        def rekeying() -> Good:
            who, new = Account(self.served), Key()
            header = {"alg": "ES256", "jwk": new.jwk, "url": f"{who.base}key-change"}
            asked = {"account": who.base + who.path, "oldKey": who.jwk}
            return signed("key-change", flat(header, json.dumps(asked).encode(), new.sign), who=who)

        def changing() -> Good:
            who = Account(self.served)
            return signed(who.path, {"contact": ["mailto:a@b.example"]}, who=who)

        def finalizing(who: Account) -> Good:
            asked = {"csr": jwk.written(csr(generate("p256"), "CN=f.example", "dns:f.example"))}
            return signed(f"order/{who.order()}/finalize", asked, who=who)

        def own() -> tuple[Account, str]:
            """An account with a certificate, and its serial number."""
            who = Account(self.served)
            good = finalizing(who)
            status, _, body = self.served.ask(
                "POST", good.path, good.sent(), headers={**JOSE, "host": "localhost"}
            )
            assert status == 200, body
            return who, json.loads(body)["certificate"].rpartition("/")[2]

        def revoking() -> Good:
            who, serial = own()
            data = self.served.authority.register.encoded(serial)
            assert data is not None
            return signed("revoke-cert", {"certificate": jwk.written(data), "reason": 4}, who=who)

        def fetching() -> Good:
            who, serial = own()
            return signed(f"certificate/{serial}", who=who)

        def renewing() -> Good:
            aki = self.served.authority.certificate("issuing").subject_key
            assert aki is not None
            id = f"{jwk.written(aki)}.{jwk.written(bytes.fromhex(self.serial))}"
            return Good("GET", f"/acme/renewal-info/{id}")

        def pending(what: str, payload: Any) -> Good:
            who = Account(self.served)
            return signed(f"{what}/{who.order('pending')}-0", payload, who=who)

        return {
            "acme-directory": lambda: Good("GET", "/acme/directory"),
            "acme-nonce": lambda: Good("HEAD", "/acme/new-nonce"),
            "acme-renewal": renewing,
            "acme-join": joining,
            "acme-order": ordering,
            "acme-rekey": rekeying,
            "acme-account": changing,
            "acme-orders": lambda: signed(f"{account.path}/orders"),
            "acme-show-order": lambda: signed(f"order/{account.order()}"),
            "acme-finalize": lambda: finalizing(Account(self.served)),
            "acme-authorization": lambda: pending("authorization", {"status": "deactivated"}),
            "acme-challenge": lambda: pending("challenge", None),
            "acme-certificate": fetching,
            "acme-revoke": revoking,
        }
