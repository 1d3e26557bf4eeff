"""Deliveries to a real endpoint that fails as scripted: signed, told at least once, never more tries than said."""

from __future__ import annotations

import hashlib
import hmac
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from sentinel.collector.forward.message import Item
from sentinel.collector.forward.webhook import key, retry_after
from tests.forward.conftest import alert, chain
from tests.forward.receivers import Certificates, Request, Script, endpoint, until
from tests.forward.test_lines import balance, forwarding


def verified(request: Request, secret: bytes, now: float, tolerance: float = 300) -> bool:
    """How a receiver checks a delivery (docs/guides/forwarding.md)."""
    stamp = request.headers["Sentinel-Timestamp"]
    if abs(now - int(stamp)) > tolerance:
        return False
    code = hmac.new(secret, stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(request.headers["Sentinel-Signature"], f"v1={code}")


def hook(port: int, **more: Any) -> dict[str, Any]:
    return {"kind": "webhook", "url": f"http://127.0.0.1:{port}/in?x=1", "name": "hook", **more}


def ids(*numbers: int) -> list[str]:
    return [f"{n:032x}" for n in numbers]


def test_signed_over_tls(tmp_path: Path, pems: Certificates) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"a secret of the two\n")
    secret.chmod(0o600)
    script = Script()
    with endpoint(script, pems.server_context(client=True)) as port:
        one = hook(port, ca=pems.ca, certificate=pems.client, key=pems.key, secret=secret, chains=True)
        with forwarding(tmp_path, one | {"url": f"https://localhost:{port}/in"}) as (forwarders, log):
            forwarders.alerts([alert(n) for n in range(250)])
            until(lambda: forwarders.counters()["hook"]["sent"] == 250)
            forwarders.chains([chain("c-1", 3)])
            until(lambda: forwarders.counters()["hook"]["sent"] == 251)
            assert forwarders.counters()["hook"]["deliveries"] == len(script.requests)
    assert script.accepted() == [*ids(*range(250)), "c-1"]
    last = script.requests[-1]
    (document,) = last.documents()
    assert (document["kind"], document["document"]["alert_count"]) == ("chain", 3)
    for request in script.requests:
        assert len(request.documents()) <= 100
        assert verified(request, b"a secret of the two", time.time())
    assert not verified(last, b"another", time.time())
    assert not verified(last, b"a secret of the two", time.time() + 3600)
    assert not verified(Request(last.headers, last.body + b" "), b"a secret of the two", time.time())
    assert "a secret" not in log.text()


@pytest.mark.parametrize("step", [500, 502, 503, 504, 429, 408, "reset", "hang", "drip"])
def test_faults_that_pass_are_tried_again(tmp_path: Path, step: int | str) -> None:
    script = Script()
    script.then(step)
    script.then(step)
    with endpoint(script) as port, forwarding(tmp_path, hook(port, timeout=0.3)) as (forwarders, _):
        forwarders.alerts([alert(n) for n in range(3)])
        until(lambda: forwarders.counters()["hook"]["sent"] == 3)
        assert forwarders.counters()["hook"]["failures"] == 2
    first, second, third = script.requests
    assert (
        first.headers["Idempotency-Key"]
        == second.headers["Idempotency-Key"]
        == third.headers["Idempotency-Key"]
    )
    assert first.body == second.body == third.body
    assert script.accepted() == ids(0, 1, 2)


def test_what_is_under_way_stays_the_same_when_more_comes(tmp_path: Path) -> None:
    script = Script()
    with endpoint(script) as port, forwarding(tmp_path, hook(port), start=False) as (forwarders, _):

        def judge(_: Request) -> int | None:
            seen = len(script.requests)
            if seen < 2:
                forwarders.alerts([alert(seen + 2)])
            return 500 if seen == 0 else None

        script.judge = judge
        forwarders.alerts([alert(1)])
        forwarders.start()
        until(lambda: forwarders.counters()["hook"]["sent"] == 3)
    assert [one.headers["Idempotency-Key"] for one in script.requests[:2]] == ids(1, 1)
    assert script.accepted() == ids(1, 2, 3)


@pytest.mark.parametrize("step", [400, 401, 403, 404, 410, 301])
def test_what_is_refused_is_not_sent_again(tmp_path: Path, step: int) -> None:
    script = Script()
    script.then(step, Location="http://127.0.0.1:1/")
    with endpoint(script) as port, forwarding(tmp_path, hook(port)) as (forwarders, log):
        forwarders.alerts([alert(1)])
        until(lambda: forwarders.counters()["hook"]["dropped_refused"] == 1)
        forwarders.alerts([alert(2)])
        until(lambda: forwarders.counters()["hook"]["sent"] == 1)
        assert balance(forwarders.counters()["hook"]) == 0
        assert forwarders.counters()["hook"]["failures"] == 0
    assert script.accepted() == ids(2)
    assert len(script.requests) == 2
    assert f"answered {step}" in log.text()


def test_one_bad_document_takes_no_other_with_it(tmp_path: Path) -> None:
    def judge(request: Request) -> int | None:
        return 422 if any(one["id"] in ids(7, 40) for one in request.documents()) else None

    script = Script(judge=judge)
    with endpoint(script) as port, forwarding(tmp_path, hook(port), start=False) as (forwarders, _):
        forwarders.alerts([alert(n) for n in range(60)])
        forwarders.start()
        until(lambda: forwarders.counters()["hook"]["waiting"] == 0)
        counters = forwarders.counters()["hook"]
    assert (counters["sent"], counters["dropped_refused"]) == (58, 2)
    assert script.accepted() == ids(*(n for n in range(60) if n not in (7, 40)))


def test_tries_have_an_end(tmp_path: Path) -> None:
    def judge(request: Request) -> int | None:
        return 500 if request.documents()[0]["id"] == f"{1:032x}" else None

    script = Script(judge=judge)
    with endpoint(script) as port, forwarding(tmp_path, hook(port, retries=3)) as (forwarders, log):
        forwarders.alerts([alert(1)])
        until(lambda: forwarders.counters()["hook"]["dropped_tried"] == 1)
        forwarders.alerts([alert(2)])
        until(lambda: forwarders.counters()["hook"]["sent"] == 1)
        assert balance(forwarders.counters()["hook"]) == 0
    assert script.answered == [500] * 4 + [204]
    assert "answered 500" in log.text()


def test_a_receiver_says_when(tmp_path: Path) -> None:
    script = Script()
    script.then(503, Retry_After="1")
    with endpoint(script) as port, forwarding(tmp_path, hook(port)) as (forwarders, _):
        begun = time.monotonic()
        forwarders.alerts([alert(1)])
        until(lambda: forwarders.counters()["hook"]["sent"] == 1)
        # no sooner than it said; without that the first wait is 20 ms
        assert time.monotonic() - begun >= 1.0


def test_retry_after() -> None:
    now = datetime(2026, 3, 2, 7, tzinfo=UTC)
    assert retry_after("120", now) == 120.0
    assert retry_after(format_datetime(now + timedelta(seconds=90), usegmt=True), now) == 90.0
    assert retry_after(format_datetime(now - timedelta(days=1), usegmt=True), now) == 0.0
    assert [retry_after(text, now) for text in (None, "", "soon", "-5", "1.5", "٣")] == [None] * 6


def test_nobody_there_then_somebody_after_a_restart(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with forwarding(tmp_path, hook(port, retries=0)) as (forwarders, log):
        forwarders.alerts([alert(n) for n in range(5)])
        until(lambda: forwarders.counters()["hook"]["failures"] >= 3)
        assert forwarders.counters()["hook"]["waiting"] == 5
    assert [event for event, _ in log.lines if event.startswith("receiver")] == [
        "receiver hook: deliveries are not signed; name a file in `secret`",
        "receiver is away",
    ]
    script = Script()
    with endpoint(script, port=port), forwarding(tmp_path, hook(port)) as (forwarders, _):
        until(lambda: forwarders.counters()["hook"]["sent"] == 5)
    assert script.accepted() == ids(*range(5))


def test_keys() -> None:
    one, two = Item(1, "alert", "a1", alert(1)), Item(2, "alert", "a2", alert(2))
    grown, again = Item(3, "chain", "c", chain("c", 1)), Item(4, "chain", "c", chain("c", 2))
    assert key([one]) == "a1"
    assert len({key([one]), key([one, two]), key([two, one]), key([grown]), key([again])}) == 5
    assert key([one, two]) == key([Item(8, "alert", "a1", b"{}"), Item(9, "alert", "a2", b"{}")])
    assert len(key([Item(1, "alert", "a\r\nb", b"{}")])) == 32
