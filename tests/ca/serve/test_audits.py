"""`/v1/audit`: head, entries by page and verification, for auditors alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sentinel.ca.audit import heads, tree
from sentinel.ca.keys import generate
from sentinel.ca.serve.audits import Audits
from sentinel.ca.serve.web import RefusedError
from tests.ca.serve.made import Served

PATHS = (("GET", "head"), ("GET", "entries"), ("POST", "verify"))


def asked(served: Served, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    token = served.person("anna", "auditor")
    status, _, said = served.ask(method, f"/v1/audit/{path}", body, token=token)
    return status, json.loads(said)


def test_the_head_proves_the_entries(served: Served) -> None:
    """The entries, page by page, hash to the root that the head was signed over."""
    served.token(profile="ldevid")
    status, said = asked(served, "GET", "head")
    head = heads.parse(json.dumps(said), "answer")
    assert (status, head.genuine()) == (200, True)
    grown, at = tree.Tree(tree.hasher(head.digest)), 0
    while at < head.size:
        token = served.person("anna", "auditor")
        _, _, body = served.ask("GET", f"/v1/audit/entries?first={at}&limit=7", token=token)
        page = json.loads(body)
        assert [one["number"] for one in page["entries"]] == list(range(at, at + len(page["entries"])))
        assert page.get("next", page["size"]) == at + len(page["entries"])
        for number, one in enumerate(page["entries"], at):
            if number < head.size:
                octets = json.dumps(one["entry"], separators=(",", ":"), ensure_ascii=False).encode()
                assert octets in body, "as it is in the register"
                grown.add(tree.leaf(grown.hash, octets))
        at += len(page["entries"])
    assert grown.root().hex() == head.root


def test_verified_against_heads(served: Served) -> None:
    known = served.authority.register.head()
    assert known is not None
    good = json.loads(known.json())
    status, report = asked(served, "POST", "verify", {"heads": [good]})
    assert (status, report["ok"], report["bad"]) == (200, True, [])
    assert report["entries"] >= known.size
    other = generate("p256")
    forged = heads.sign(
        other, origin=known.origin, size=known.size, root=bytes(32), digest=known.digest, time=known.time
    )
    status, report = asked(served, "POST", "verify", {"heads": [json.loads(forged.json())]})
    assert (status, report["ok"]) == (200, False)
    assert {"head", "key"} & {one["kind"] for one in report["bad"]}


@pytest.mark.parametrize("role", ["administrator", "operator", "enrol", "nobody"])
def test_for_auditors_alone(served: Served, role: str) -> None:
    token = {"nobody": "", "enrol": served.token(profile="ldevid")}.get(role)
    token = served.person(f"a-{role}", role) if token is None else token
    for method, path in PATHS:
        status, _, said = served.ask(method, f"/v1/audit/{path}", token=token)
        assert status == (401 if role == "nobody" else 403), said
        assert role == "nobody" or b"this takes auditor" in said


def test_refusals(served: Served) -> None:
    for method, path, body, status in (
        ("GET", "entries?first=-1", None, 400),
        ("GET", "entries?limit=1001", None, 400),
        ("GET", "entries?page=2", None, 400),
        ("POST", "verify", {"heads": [{}]}, 400),
        ("POST", "verify", {"heads": [{}] * 101}, 400),
        ("POST", "verify", {"head": 1}, 400),
        ("GET", "verify", None, 404),
        ("GET", "", None, 404),
    ):
        found, said = asked(served, method, path, body)
        assert (found, bool(said["detail"])) == (status, True), said
    found, said = asked(served, "GET", "entries?first=999999999")
    assert (found, said["entries"]) == (200, [])


class _Asked:
    """A request that nobody sent."""

    method, path, body = "POST", "/v1/audit/verify", b""

    def answer(self, *_: object) -> bool:
        return True


def test_one_verification_at_a_time(served: Served) -> None:
    audits = Audits(served.authority)
    with audits._busy, pytest.raises(RefusedError, match="being verified"):
        audits.answer(_Asked(), ["verify"])  # type: ignore[arg-type]


def test_a_register_that_was_changed_is_reported(served: Served) -> None:
    """Nothing of it is hidden from the auditor by the server that runs."""
    served.token(profile="ldevid")
    with served.authority.register.transaction() as change:
        [(text,)] = change.db.execute("SELECT entry FROM audit WHERE number = 1").fetchall()
        change.db.execute("UPDATE audit SET entry = replace(entry, '\"who\"', '\"wha\"') WHERE number = 1")
    try:
        status, report = asked(served, "POST", "verify")
        assert (status, report["ok"]) == (200, False)
        assert [one["kind"] for one in report["bad"] if one["index"] <= 1] == ["edited"]
    finally:
        with served.authority.register.transaction() as change:
            change.db.execute("UPDATE audit SET entry = ? WHERE number = 1", (text,))
    assert asked(served, "POST", "verify")[1]["ok"]
