"""`/v1` over TLS: issuing with tokens, roles, revocation, search; everything malformed is refused in words."""

from __future__ import annotations

import json
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sentinel.ca import files, operators
from sentinel.ca.keys import generate
from sentinel.ca.keys.files import key_pem
from sentinel.ca.serve import tokens
from sentinel.ca.x509 import certificate
from tests.ca.serve.made import CASES, Served, csr, csr_pem


def issue(served: Served, token: str, name: str = "CN=plc-7", **more: Any) -> tuple[int, dict[str, Any]]:
    wanted = {"csr": csr_pem(generate(served.algorithm), name), "profile": "tls-client", **more}
    status, _, body = served.ask("POST", "/v1/certificates", wanted, token=token)
    return status, json.loads(body)


def test_an_enrol_token_issues_once(served: Served) -> None:
    token = served.token(profile="tls-client")
    status, made = issue(served, token)
    assert status == 201, made
    [(_, data)] = files.unpem(made["certificate"].encode(), certificate.LABEL)
    found = certificate.read(data)
    assert found.signed_by(served.authority.certificate("issuing").key)
    row = served.authority.register.certificate(made["serial"])
    assert row is not None
    assert (row.sha256, row.requester, row.profile) == (found.sha256, "somebody", "tls-client")
    assert issue(served, token, "CN=plc-8")[0] == 401


def test_one_token_in_many_requests_at_once_issues_once(served: Served) -> None:
    token = served.token(profile="tls-client")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda turn: issue(served, token, f"CN=race-{turn}")[0], range(16)))
    assert found.count(201) == 1
    assert found.count(401) == 15
    assert len(served.authority.register.search("race-")) == 1


def test_a_forged_token_does_not_stand_in_the_way(served: Served) -> None:
    """Tokens are numbered; one with the number of another is refused, in the same group of requests too."""
    token = served.token(profile="tls-client")
    forged = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
    register, now = served.authority.register, "2000-01-01T00:00:00Z"
    assert set(tokens.find(register, [token, forged], now)) == {token}
    assert set(tokens.find(register, [forged, token], now)) == {token}
    assert tokens.find(register, [token], "9999-01-01T00:00:00Z") == {}, "ended"


def test_a_token_is_for_its_profile_and_device(served: Served) -> None:
    token = served.token(profile="ldevid", serial_number="SN-1")
    status, said = issue(served, token)
    assert (status, "the token is for ldevid" in said["detail"]) == (403, True)
    status, said = issue(served, token, profile="ldevid", serial="SN-2")
    assert (status, said["detail"]) == (403, "serial: the token is for another device")
    status, made = issue(served, token, profile="ldevid")
    assert status == 201, made
    row = served.authority.register.certificate(made["serial"])
    assert row is not None
    assert "serialNumber=SN-1" in row.subject


def test_refused_orders_keep_the_token(served: Served) -> None:
    token = served.token(profile="tls-server")
    status, said = issue(served, token, "CN=no host name", profile="tls-server")
    assert status == 422, said
    assert "alternative names" in said["detail"]
    assert issue(served, token, "CN=host.test", profile="tls-server")[0] == 201


def test_roles_are_separate(served: Served) -> None:
    operator = served.person("olga", "operator")
    auditor = served.person("anna", "auditor")
    administrator = served.person("adam", "administrator")
    device = served.token(profile="tls-client")
    for token, path, body, status in (
        (auditor, "/v1/certificates", {"csr": "x", "profile": "tls-client"}, 403),
        (administrator, "/v1/certificates", {"csr": "x", "profile": "tls-client"}, 403),
        (auditor, "/v1/tokens", {"kind": "enrol", "name": "d", "profile": "tls-client"}, 403),
        (operator, "/v1/tokens", {"kind": "api", "name": "olga"}, 403),
        (operator, "/v1/tokens", {"kind": "enrol", "name": "d", "profile": "tls-client"}, 201),
        (administrator, "/v1/tokens", {"kind": "api", "name": "olga"}, 201),
        (device, f"/v1/certificates/{'4' * 40}/revoke", {"reason": "superseded"}, 403),
        ("", "/v1/tokens", {"kind": "enrol", "name": "d", "profile": "tls-client"}, 401),
        ("x" * 43, "/v1/tokens", {}, 401),
    ):
        made = dict(body)
        if "csr" in made:
            made["csr"] = csr_pem(generate("p256"))
        found, fields, said = served.ask("POST", path, made, token=token)
        assert found == status, said
        if found >= 400:
            assert json.loads(said)["detail"]
            assert fields["content-type"] == "application/problem+json"
    assert served.ask("GET", "/v1/certificates", token=device)[0] == 403


def test_revoke_hold_and_resume(served: Served) -> None:
    operator = served.person("olga", "operator")
    _, made = issue(served, operator, "CN=held")
    at = f"/v1/certificates/{made['serial']}"
    for action, body, state in (
        ("hold", {"why": "lost"}, "held"),
        ("resume", {}, "valid"),
        ("revoke", {"reason": "keyCompromise", "why": "found open"}, "revoked"),
    ):
        status, _, said = served.ask("POST", f"{at}/{action}", body, token=operator)
        assert status == 200, said
        assert json.loads(said)[0]["state"] == state
        assert json.loads(served.ask("GET", at, token=operator)[2])["state"] == state
    assert served.ask("POST", f"{at}/revoke", {"reason": "superseded"}, token=operator)[0] == 422
    assert served.ask("POST", f"{at}/resume", {"reason": "superseded"}, token=operator)[0] == 400


def test_search_and_list(served: Served) -> None:
    operator = served.person("olga", "operator")
    _, made = issue(served, operator, "CN=needle-42")
    for query in ("?q=needle-42", f"?q={made['serial']}", "?profile=tls-client&state=valid&limit=500"):
        status, _, said = served.ask("GET", f"/v1/certificates{query}", token=operator)
        assert status == 200, said
        assert made["serial"] in [row["serial"] for row in json.loads(said)]
    for query in (
        "?limit=0",
        "?limit=99999",
        "?state=odd",
        "?nonsense=1",
        "?q=",
        "?q=a&state=valid",
        "?after=zz",
    ):
        status, _, said = served.ask("GET", f"/v1/certificates{query}", token=operator)
        assert 400 <= status < 500, said


def test_an_operator_by_his_certificate(served: Served, tmp_path: Path) -> None:
    """TLS proves the key, the register says whose it is, and a revocation counts at once."""
    key = generate("p256")
    with served.authority.register.transaction() as change:
        operators.add(change, f"otto-{served.algorithm}", key.spki(), role="operator", who="tests")
    status, made = issue(served, served.person("olga"), csr=csr_pem(key, "CN=otto"), profile="operator")
    assert status == 201, made
    pem, secret = tmp_path / "otto.pem", tmp_path / "otto.key"
    pem.write_text(made["certificate"])
    secret.write_bytes(key_pem(key, None))
    shown: dict[str, Any] = {"certificate": pem, "key": secret}
    assert served.ask("GET", "/v1/certificates", **shown)[0] == 200
    assert (
        served.ask("POST", f"/v1/certificates/{made['serial']}/revoke", {"reason": "superseded"}, **shown)[0]
        == 200
    )
    status, _, said = served.ask("GET", "/v1/certificates", **shown)
    assert (status, b"is revoked" in said) == (401, True)
    stranger = tmp_path / "stranger.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-new", "-key", secret, "-subj", "/CN=otto", "-out", stranger],
        check=True, capture_output=True,
    )  # fmt: skip
    status, _, said = served.ask("GET", "/v1/certificates", certificate=stranger, key=secret)
    assert (status, b"not of this CA" in said) == (401, True)


@pytest.mark.parametrize(
    "path", ["/v1/certificates", "/v1/tokens", "/v1/certificates/" + "4" * 40 + "/revoke"]
)
def test_malformed_bodies_get_4xx_with_a_reason(served: Served, path: str) -> None:
    dice = random.Random(11)
    operator = served.person("olga", "operator")
    good = json.dumps(
        {"csr": csr_pem(generate(served.algorithm), "CN=bad"), "profile": "tls-client"}
    ).encode()
    seeds = [
        good,
        b'{"kind": "enrol", "name": "d", "profile": "device", "days": 3}',
        b'{"reason": "superseded"}',
        b"[" * 2000,
    ]
    client = served.ask
    for _ in range(CASES // 12):
        octets = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 5)):
            at = dice.randrange(len(octets))
            octets[at : at + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
        status, fields, said = client("POST", path, bytes(octets), token=operator)
        assert status < 500, (bytes(octets), said)
        if status >= 400:
            assert fields["content-type"] == "application/problem+json"
            assert json.loads(said)["detail"]


def test_damaged_requests_for_certificates(served: Served) -> None:
    """PKCS#10 with octets changed is refused with a reason, whatever was hit."""
    dice = random.Random(5)
    operator = served.person("olga", "operator")
    whole = csr(generate(served.algorithm), "CN=bits", "dns:bits.test")
    for _ in range(CASES // 12):
        data = bytearray(whole)
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        pem = files.pem("CERTIFICATE REQUEST", bytes(data)).decode()
        status, _, said = served.ask(
            "POST", "/v1/certificates", {"csr": pem, "profile": "tls-server"}, token=operator
        )
        assert status in (400, 422), said
        assert json.loads(said)["detail"]
