"""Metrics and health over real connections, read by Prometheus' own parser."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from sentinel.collector import metrics as ours
from sentinel.collector import web
from sentinel.collector.metrics import FAMILIES, OTHER, Metrics
from sentinel.errors import UserError


class Clock:
    now = 1700000000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics(clock: Clock) -> Metrics:
    return Metrics(info={"site": "plant"}, clock=clock, monotonic=clock)


@pytest.fixture
def server(metrics: Metrics) -> Iterator[web.Web]:
    served = web.serve("127.0.0.1:0", metrics)
    yield served
    served.close()


def ask(server: web.Web, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def samples(text: str, parse: Any = plain) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse(text)
        for sample in family.samples
    }


def test_numbers_as_prometheus_reads_them(server: web.Web, metrics: Metrics) -> None:
    metrics.update(
        packets={"eth0": 12, "eth1": 3},
        dropped={"kernel": 1},
        queue_events={"rules": 5},
        lag_seconds=0.25,
        events=77,
        parse_errors={"modbus": 2},
        spool_bytes=4096,
    )
    metrics.add("alerts", label="high")
    metrics.add("alerts", 2, label="high")
    for seconds in (0.001, 0.002, 3.0, 100.0):
        metrics.took(seconds)
    for accept, parse in (("", plain), ("application/openmetrics-text; version=1.0.0", openmetrics)):
        code, headers, text = ask(server, "/metrics", Accept=accept)
        assert code == 200
        assert headers["Content-Type"].startswith(accept.partition(";")[0] or "text/plain")
        found = samples(text, parse)
        assert found["sentinel_packets_total", (("interface", "eth0"),)] == 12
        assert found["sentinel_dropped_total", (("reason", "kernel"),)] == 1
        assert found["sentinel_queue_events", (("queue", "rules"),)] == 5
        assert found["sentinel_lag_seconds", ()] == 0.25
        assert found["sentinel_events_total", ()] == 77
        assert found["sentinel_parse_errors_total", (("probe", "modbus"),)] == 2
        assert found["sentinel_alerts_total", (("level", "high"),)] == 3
        assert found["sentinel_spool_bytes", ()] == 4096
        assert found["sentinel_start_time_seconds", ()] == 1700000000
        assert found["sentinel_health", (("status", "ok"),)] == 1
        of = ("operation", "write")
        assert found["sentinel_store_seconds_count", (of,)] == 4
        assert found["sentinel_store_seconds_sum", (of,)] == pytest.approx(103.003)
        assert found["sentinel_store_seconds_bucket", (("le", "0.001"), of)] == 1
        assert found["sentinel_store_seconds_bucket", (("le", "0.0025"), of)] == 2
        assert found["sentinel_store_seconds_bucket", (("le", "30.0"), of)] == 3
        assert found["process_resident_memory_bytes", ()] > 1 << 20
        assert any(name == "sentinel_info" and ("site", "plant") in labels for name, labels in found)


def test_every_family_is_told(server: web.Web, metrics: Metrics) -> None:
    metrics.update(**{name: {"a": 1.0} if family.label else 1.0 for name, family in FAMILIES.items()})
    names = {name.removesuffix("_total") for name, _ in samples(ask(server, "/metrics")[2])}
    assert {f"sentinel_{name}" for name in FAMILIES} <= names
    with pytest.raises(KeyError):
        metrics.update(nonsense=1)


def test_rules_are_bounded_and_their_sum_stays(metrics: Metrics) -> None:
    most = FAMILIES["rule_hits"].most
    metrics.update(rule_hits={f"r{n}": 1 for n in range(most)})
    metrics.update(rule_hits={**{f"a{n}": 3 for n in range(50)}, **{f"r{n}": 2 for n in range(most)}})
    (family,) = (f for f in metrics.collect() if f.name == "sentinel_rule_hits")
    values = {sample.labels["rule"]: sample.value for sample in family.samples}
    assert len(values) == most
    assert sum(values.values()) == 2 * most + 150
    assert sum(name.startswith("r") for name in values) == most - 1
    assert OTHER in values
    for n in range(most + 10):
        metrics.add("rule_hits", label=f"new{n}")
    (family,) = (f for f in metrics.collect() if f.name == "sentinel_rule_hits")
    assert sum(sample.value for sample in family.samples) == 3 * most + 160


def test_certificates_that_end_first(metrics: Metrics) -> None:
    metrics.update(certificate_end_seconds={f"a{n}": 1000 - n for n in range(300)})
    (family,) = (f for f in metrics.collect() if f.name == "sentinel_certificate_end_seconds")
    assert sorted(sample.value for sample in family.samples) == list(range(701, 801))


def test_health(server: web.Web, metrics: Metrics, clock: Clock) -> None:
    code, _, text = ask(server, "/health")
    assert (code, json.loads(text)["status"], json.loads(text)["site"]) == (200, "ok", "plant")
    metrics.trouble("store", "Elasticsearch is away")
    clock.now += 5
    metrics.trouble("store", "Elasticsearch is still away")
    code, _, text = ask(server, "/health")
    health = json.loads(text)
    assert (code, health["status"]) == (200, "degraded")
    assert health["reasons"] == [
        {
            "what": "store",
            "status": "degraded",
            "reason": "Elasticsearch is still away",
            "since": "2023-11-14T22:13:20Z",
        }
    ]
    metrics.trouble("capture", "eth0 is gone", failing=True)
    code, _, text = ask(server, "/health")
    assert (code, json.loads(text)["status"]) == (503, "failing")
    assert samples(ask(server, "/metrics")[2])["sentinel_health", (("status", "failing"),)] == 1
    metrics.well("capture")
    metrics.well("store")
    assert ask(server, "/health")[0] == 200


def test_a_loop_that_hangs_is_failing(server: web.Web, metrics: Metrics, clock: Clock) -> None:
    clock.now += ours.SILENCE + 1
    code, _, text = ask(server, "/health")
    assert code == 503
    assert json.loads(text)["reasons"][0]["reason"] == "the main loop has not turned for 31 s"
    metrics.alive()
    assert ask(server, "/health")[0] == 200


def test_only_reading_is_possible(server: web.Web) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        code, headers, _ = ask(server, "/metrics", method)
        assert (code, headers["Allow"]) == (405, "GET, HEAD")
    assert ask(server, "/etc/passwd")[0] == 404
    code, headers, text = ask(server, "/metrics", "HEAD")
    assert (code, text) == (200, "")
    assert int(headers["Content-Length"]) > 100
    assert headers["Cache-Control"] == "no-store"


def test_too_many_connections_are_turned_away(server: web.Web) -> None:
    idle = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(web.CONNECTIONS)]
    try:
        for one in idle:
            one.sendall(b"GET /met")
        with socket.create_connection(("127.0.0.1", server.port), 10) as late:
            assert late.recv(100).startswith(b"HTTP/1.0 503")
    finally:
        for one in idle:
            one.close()
    # the places are free again when the others are gone
    done = threading.Event()
    while not done.wait(0.01):
        if ask(server, "/health")[0] == 200:
            done.set()


def test_who_drips_is_cut_off(server: web.Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", server.port), 10) as slow:
        slow.settimeout(0.02)
        cut = False
        while not cut:
            try:
                slow.sendall(b"G")
                cut = slow.recv(100) == b""
            except TimeoutError:
                continue
            except OSError:
                cut = True
    assert server.refused == 1


def test_garbage_hurts_nobody(server: web.Web) -> None:
    for junk in (
        b"\x00\xff" * 50 + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET " + b"a" * 70000 + b"\r\n",
        b"\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), 10) as one:
            try:
                one.sendall(junk)
                one.shutdown(socket.SHUT_WR)
                while one.recv(4096):
                    pass
            except OSError:
                pass
    assert ask(server, "/health")[0] == 200


def test_an_address_that_cannot_be_had_is_one_line(server: web.Web, metrics: Metrics) -> None:
    with pytest.raises(UserError, match=rf"metrics.listen = 127.0.0.1:{server.port}: Address already in use"):
        web.serve(f"127.0.0.1:{server.port}", metrics)
    with pytest.raises(UserError, match=r"metrics.listen = 192.0.2.1:80: Cannot assign requested address"):
        web.serve("192.0.2.1:80", metrics)
    with pytest.raises(UserError, match=r"metrics.listen = 127.0.0.1:99999: there is no such port"):
        web.serve("127.0.0.1:99999", metrics)


def test_ipv6(metrics: Metrics) -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    served = web.serve("[::1]:0", metrics)
    try:
        with socket.create_connection(("::1", served.port), 10) as one:
            one.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            assert one.recv(100).startswith(b"HTTP/1.0 200")
    finally:
        served.close()


@given(
    st.dictionaries(st.text(), st.floats(0, 1e18), max_size=200),
    st.sampled_from(sorted(name for name, family in FAMILIES.items() if family.label)),
)
def test_any_labels_can_be_read_back(values: dict[str, float], name: str) -> None:
    from prometheus_client.exposition import generate_latest

    metrics = Metrics()
    metrics.update(**{name: values})
    found = samples(generate_latest(metrics.registry).decode())
    count = sum(key[0] in (f"sentinel_{name}", f"sentinel_{name}_total") for key in found)
    assert count == min(len(values), FAMILIES[name].most)
