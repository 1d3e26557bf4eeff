"""Syslog and CEF over UDP, TCP and TLS to real receivers, which die and come back."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sentinel.collector.forward import Forwarders
from sentinel.config.sections import ForwardSettings, Receiver
from tests.forward.conftest import alert, chain
from tests.forward.parsers import parse_cef, parse_syslog
from tests.forward.receivers import Certificates, Log, streams, until


@contextmanager
def forwarding(
    state: Path, *receivers: dict[str, Any], start: bool = True
) -> Iterator[tuple[Forwarders, Log]]:
    log = Log()
    settings = ForwardSettings(to=tuple(Receiver(**one) for one in receivers))
    made = Forwarders(settings, state, log, host="sensor-1", first_wait=0.02)
    if start:
        made.start()
    try:
        yield made, log
    finally:
        made.stop(0)


def numbers(messages: list[bytes]) -> list[int]:
    """Which alerts were told."""
    return [int(parse_syslog(text).data["event.id"][0], 16) for text in messages]


def balance(counters: Any) -> int:
    """Zero, if all that was offered is accounted for."""
    ends = ("sent", "dropped_full", "dropped_refused", "dropped_tried", "superseded", "waiting")
    return int(counters["offered"] + counters["resumed"] - sum(counters[name] for name in ends))


def test_datagrams(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        url = f"udp://127.0.0.1:{server.getsockname()[1]}"
        with forwarding(
            tmp_path, {"kind": "syslog", "url": url}, {"kind": "cef", "url": url, "level": "critical"}
        ) as (forwarders, _):
            forwarders.alerts([alert(1), alert(2, severity=1), alert(3, user__name="x" * 5000)])
            first, second = (parse_syslog(server.recv(65536)) for _ in range(2))
            until(lambda: forwarders.counters()["syslog-127.0.0.1"]["sent"] == 2)
            counters = forwarders.counters()
    assert (first.priority, first.host, first.program, first.kind) == (
        16 * 8 + 3,
        "sensor-1",
        "sentinel",
        "alert",
    )
    assert first.time == "2026-03-02T07:00:01.000250Z"
    assert first.data["source.ip"] == ["10.0.2.4"]
    assert first.text == "Controller stopped: 10.0.2.4 to 10.0.1.10, number 1."
    assert int(second.data["cut"][0]) > 0
    assert second.text == "Controller stopped: 10.0.2.4 to 10.0.1.10, number 3."
    assert second.size <= 2048
    assert counters["syslog-127.0.0.1"]["truncated"] == 1
    assert counters["syslog-127.0.0.1"]["below_level"] == 1
    assert counters["cef-127.0.0.1"]["below_level"] == 3


def test_nobody_listens_to_datagrams_until_somebody_does(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with forwarding(tmp_path, {"kind": "syslog", "url": f"udp://127.0.0.1:{port}"}) as (forwarders, log):
        forwarders.alerts([alert(n) for n in range(3)])
        until(lambda: forwarders.counters()["syslog-127.0.0.1"]["failures"])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", port))
            server.settimeout(20)
            assert numbers([server.recv(65536)])[0] in (0, 1, 2)
            until(lambda: forwarders.counters()["syslog-127.0.0.1"]["waiting"] == 0)
    assert "receiver is away" in log.text()


@pytest.mark.parametrize("kind", ["syslog", "cef"])
def test_a_stream_that_dies_and_comes_back(tmp_path: Path, kind: str) -> None:
    with streams() as server:
        port = server.port
        with forwarding(
            tmp_path, {"kind": kind, "url": f"tcp://127.0.0.1:{port}", "chains": True, "name": "siem"}
        ) as (forwarders, log):
            forwarders.alerts([alert(n) for n in range(50)])
            until(lambda: len(server.messages) == 50)
            # what is not yet known to have arrived when the stream dies comes again
            until(lambda: forwarders.counters()["siem"]["sent"] == 50)
            server.close()
            forwarders.alerts([alert(n) for n in range(50, 60)])
            until(lambda: forwarders.counters()["siem"]["failures"])
            assert forwarders.counters()["siem"]["up"] == 0
            with streams(port) as again:
                forwarders.chains([chain("c-1", 1)])
                until(lambda: forwarders.counters()["siem"]["sent"] == 61)
                until(lambda: len(again.messages) >= 11)
                assert forwarders.counters()["siem"]["up"] == 1
                parsed = [parse_syslog(text) for text in again.messages]
    assert [one.kind for one in parsed] == ["alert"] * 10 + ["chain"]
    if kind == "cef":
        told = [parse_cef(one.text) for one in parsed]
        assert [one.fields["externalId"] for one in told] == [*(f"{n:032x}" for n in range(50, 60)), "c-1"]
        assert told[0].fields["msg"].endswith("number 50.")
        assert (told[0].name, told[0].severity, told[-1].class_id) == ("Controller stopped", 8, "chain")
    assert [event for event, _ in log.lines] == ["receiver is away", "receiver is back"]


def test_a_connection_reset_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    with streams() as server:
        server.after = 7
        with forwarding(tmp_path, {"kind": "syslog", "url": f"tcp://127.0.0.1:{server.port}"}) as (
            forwarders,
            _,
        ):
            forwarders.alerts([alert(n, user__name="u" * 3000) for n in range(2000)])
            until(lambda: forwarders.counters()["syslog-127.0.0.1"]["sent"] == 2000)
            until(lambda: server.messages and numbers(server.messages[-1:]) == [1999])
            assert set(numbers(server.messages)) == set(range(2000))
            assert forwarders.counters()["syslog-127.0.0.1"]["failures"] >= 1


def test_one_that_reads_nothing_holds_nobody_up(tmp_path: Path) -> None:
    with streams() as stuck, streams() as well:
        stuck.reads.clear()
        with forwarding(
            tmp_path,
            {
                "kind": "syslog",
                "url": f"tcp://127.0.0.1:{stuck.port}",
                "name": "stuck",
                "queue": 700,
                "timeout": 0.3,
            },
            {"kind": "syslog", "url": f"tcp://127.0.0.1:{well.port}", "name": "well"},
        ) as (forwarders, log):
            for start in range(0, 3000, 100):
                forwarders.alerts([alert(n, user__name="u" * 3000) for n in range(start, start + 100)])
            until(lambda: len(well.messages) == 3000)
            until(lambda: forwarders.counters()["stuck"]["failures"])
            counters = forwarders.counters()["stuck"]
            assert counters["waiting"] <= 700
            assert counters["dropped_full"] >= 3000 - 700 - 1500
            assert balance(counters) == 0
            stuck.reads.set()
            until(lambda: forwarders.counters()["stuck"]["waiting"] == 0)
            counters = forwarders.counters()["stuck"]
            assert counters["sent"] + counters["dropped_full"] == counters["offered"] == 3000
            # the newest were kept
            assert max(numbers(stuck.messages)) == 2999
    assert "queue of a receiver is full, the oldest go" in log.text()


@pytest.mark.parametrize("mutual", [False, True])
def test_tls(tmp_path: Path, pems: Certificates, mutual: bool) -> None:
    own = {"certificate": pems.client, "key": pems.key} if mutual else {}
    with (
        streams(context=pems.server_context(client=mutual)) as server,
        forwarding(
            tmp_path, {"kind": "syslog", "url": f"tls://localhost:{server.port}", "ca": pems.ca, **own}
        ) as (forwarders, _),
    ):
        forwarders.alerts([alert(n) for n in range(600)])
        until(lambda: len(server.messages) == 600)
        assert numbers(server.messages) == list(range(600))
        assert bool(server.peers[0]) is mutual


def test_tls_with_whom_nobody_trusts(tmp_path: Path, pems: Certificates) -> None:
    with (
        streams(context=pems.server_context()) as wrong,
        streams(context=pems.server_context(client=True)) as strict,
        streams() as plain,
        forwarding(
            tmp_path,
            {"kind": "syslog", "url": f"tls://localhost:{wrong.port}", "ca": pems.other_ca, "name": "ca"},
            {"kind": "syslog", "url": f"tls://127.0.0.2:{wrong.port}", "ca": pems.ca, "name": "host"},
            {"kind": "syslog", "url": f"tls://localhost:{strict.port}", "ca": pems.ca, "name": "we"},
            {
                "kind": "syslog",
                "url": f"tls://localhost:{plain.port}",
                "ca": pems.ca,
                "name": "no",
                "timeout": 0.3,
            },
        ) as (forwarders, log),
    ):
        forwarders.alerts([alert(1)])
        until(lambda: all(one["failures"] for one in forwarders.counters().values()))
        assert all(one["sent"] == 0 and one["waiting"] == 1 for one in forwarders.counters().values())
        assert [*wrong.messages, *strict.messages, *plain.messages] == []
    why = {fields["receiver"]: fields["reason"] for _, fields in log.lines}
    assert why["ca"].startswith("its certificate is not trusted: unable to get local issuer")
    assert set(why) == {"ca", "host", "we", "no"}


def test_what_waits_survives_the_end(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    one = {"kind": "syslog", "url": f"tcp://127.0.0.1:{port}", "name": "siem", "chains": True}
    with forwarding(tmp_path, one) as (forwarders, _):
        forwarders.alerts([alert(n) for n in range(20)])
        forwarders.chains([chain("c-1", n) for n in range(5)])
        until(lambda: forwarders.counters()["siem"]["failures"])
    with streams(port) as server, forwarding(tmp_path, one) as (forwarders, _):
        until(lambda: len(server.messages) >= 21)
        until(lambda: forwarders.counters()["siem"]["waiting"] == 0)
        counters = forwarders.counters()["siem"]
        assert balance(counters) == 0
        told = [parse_syslog(text) for text in server.messages]
        assert [one.kind for one in told][:20] == ["alert"] * 20
        assert told[-1].data["alert_count"] == ["4"]
    with streams(port) as server, forwarding(tmp_path, one) as (forwarders, _):
        assert forwarders.counters()["siem"]["resumed"] == 0
        forwarders.alerts([alert(99)])
        until(lambda: server.messages)
        assert numbers(server.messages) == [99]


def test_stop_ends_in_time_where_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with streams() as stuck:
        stuck.reads.clear()
        one = {
            "kind": "syslog",
            "url": f"tcp://127.0.0.1:{stuck.port}",
            "name": "s",
            "timeout": 300,
            "queue": 10000,
        }
        with forwarding(tmp_path, one) as (forwarders, _):
            forwarders.alerts([alert(n, user__name="u" * 3000) for n in range(4000)])
            until(lambda: stuck._open)
            forwarders.stop(0.2)
            counters = forwarders.counters()["s"]
            assert balance(counters) == 0
        with forwarding(tmp_path, one, start=False) as (again, _):
            assert again.counters()["s"]["resumed"] == counters["waiting"] > 0
