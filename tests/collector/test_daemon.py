"""The daemon as people run it: a process that listens on a cable and follows a log, asked from outside."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sentinel.model.store import Store
from sentinel.store import open_store
from tests.forward.receivers import Streams
from tests.soak.cable import Cable, laid
from tests.soak.daemon import Daemon, until

BAD = """title: Wrong password
id: bad
name: bad
logsource: {product: suricata, service: alert}
detection: {s: {rule.name: bad password}, condition: s}
level: low
"""
THRICE = """title: Three wrong passwords
id: thrice
generate: true
correlation: {type: event_count, rules: [bad], group-by: [source.ip], timespan: 1h, condition: {gte: 3}}
level: high
"""
OTHER = """title: Other signature
id: other
logsource: {product: suricata, service: alert}
detection: {s: {rule.name: other signature}, condition: s}
level: high
"""


class Site:
    """A daemon on a cable, a log, rules of the user and receivers."""

    def __init__(self, folder: Path, cable: Cable, captures: dict[str, Path]) -> None:
        self.folder, self.cable, self.captures = folder, cable, captures
        self.log, self.pack = folder / "eve.json", folder / "rules" / "own"
        self.log.touch()
        self.pack.mkdir(parents=True)
        self.write({"pack.yml": "name: own\n", "bad.yml": BAD, "thrice.yml": THRICE})
        self.receiver = Streams()
        self.numbers = count()
        to = (
            {"kind": "syslog", "url": f"tcp://127.0.0.1:{self.receiver.port}", "name": "desk"},
            {"kind": "stix", "url": f"file://{folder / 'bundles'}", "chains": True},
        )
        self.daemon = Daemon(
            folder / "daemon",
            {
                "collect": {
                    "sensor": "one", "interfaces": [cable.port], "logs": [str(self.log)], "lateness": 0.5,
                    "rules": [str(folder / "rules")], "checkpoint": 1, "ring": 8,
                },
                "store": {"url": f"sqlite://{folder / 'store'}"},
                "evidence": {"folder": str(folder / "packets"), "after": 1},
                "forward": {"to": to},
            },
        )  # fmt: skip

    def write(self, files: dict[str, str]) -> None:
        """Write rules."""
        for name, text in files.items():
            (self.pack / name).write_text(text, encoding="utf-8")

    def say(self, signature: str) -> None:
        """Suricata says something."""
        event = {
            "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}+0000", "event_type": "alert",
            "src_ip": "10.9.9.9", "src_port": 40000 + next(self.numbers), "dest_ip": "10.9.9.1",
            "dest_port": 22, "proto": "TCP",
            "alert": {"signature_id": 7, "signature": signature, "severity": 3, "category": "c"},
        }  # fmt: skip
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(event) + "\n")

    def store(self) -> Store:
        """The store, for reading."""
        return open_store(f"sqlite://{self.folder / 'store'}")

    def alerts(self, rule: str) -> list[dict[str, Any]]:
        """Alerts of a rule that are stored."""
        store = self.store()
        try:
            return [alert for alert in store.alerts() if alert["rule.name"] == rule]
        finally:
            store.close()

    def flows(self, port: int) -> list[dict[str, Any]]:
        """Ended flows to a port that are stored."""
        store = self.store()
        try:
            return [
                event
                for event in store.search()
                if event.get("event.action") == "flow" and event.get("destination.port") == port
            ]
        finally:
            store.close()

    def checked(self) -> None:
        """Until a checkpoint that began after now was taken: two have been."""
        begin = self.daemon.status().get("checkpoint", {}).get("number", 0)
        self.daemon.until(lambda: self.daemon.status().get("checkpoint", {}).get("number", 0) >= begin + 2)

    def packets(self) -> int:
        """Packets this run has counted."""
        found = self.daemon.status().get("interfaces", {}).get(self.cable.port, {})
        return int(found.get("packets", 0) + found.get("kernel_drops", 0))

    def messages(self, event: str) -> list[str]:
        """What the log says of a kind of message."""
        return [line["message"] for line in self.daemon.log() if line.get("event.action") == event]


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The attack of the demo plant, and a flow to port 5000 in two halves."""
    pytest.importorskip("scapy", reason="scapy is not installed: the demo plant cannot be made")
    from sentinel.demo.cast import CAMERA, INTRUDER
    from sentinel.demo.scenes import attack
    from sentinel.demo.wire import Wire

    folder = tmp_path_factory.mktemp("captures")
    paths = {name: folder / f"{name}.pcap" for name in ("attack", "whole", "first", "second")}
    wire = Wire()
    attack.run(wire)
    wire.write(paths["attack"])
    wire = Wire()
    flow = wire.tcp(0, INTRUDER, CAMERA, 5000)
    for n in range(10):
        flow.client(b"question %d" % n).server(b"answer %d" % n)
    flow.close()
    wire.write(paths["whole"])
    raw = paths["whole"].read_bytes()
    at, ends = 24, [24]
    while at < len(raw):
        at += 16 + int.from_bytes(raw[at + 8 : at + 12], "little")
        ends.append(at)
    middle = ends[len(ends) // 2]
    paths["first"].write_bytes(raw[:middle])
    paths["second"].write_bytes(raw[:24] + raw[middle:])
    return paths


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, captures: dict[str, Path]) -> Iterator[Site]:
    with laid() as cable:
        site = Site(tmp_path_factory.mktemp("daemon"), cable, captures)
        try:
            yield site
        finally:
            site.daemon.close()
            site.receiver.close()


@pytest.fixture
def site(shared: Site) -> Site:
    """One daemon for all tests, running."""
    if shared.daemon.process is None:
        shared.daemon.start()
    return shared


def test_the_service_manager_hears_of_start_and_life(site: Site) -> None:
    assert site.daemon.heard("READY") == ["1"]
    site.daemon.until(lambda: len(site.daemon.heard("WATCHDOG")) >= 3)
    assert site.cable.port in site.daemon.heard("STATUS")[0]
    assert re.search(r"packets/s, .* ok$", site.daemon.heard("STATUS")[-1])


def test_an_attack_on_the_wire_is_told_kept_and_proven(site: Site) -> None:
    before = site.packets()
    sent = site.cable.replay(site.captures["attack"], "--pps=2000")
    (first, *_) = site.daemon.until(lambda: site.alerts("Controller stopped"))
    told = site.daemon.until(
        lambda: (
            [m for m in site.receiver.messages if first["event.id"].encode() in m] and site.receiver.messages
        )
    )
    assert any(b"Controller stopped" in message for message in told)
    site.daemon.until(lambda: list((site.folder / "bundles").glob("alerts-*.json")))
    site.daemon.until(lambda: list((site.folder / "bundles").glob("chain-*.json")))
    site.daemon.until(lambda: site.packets() - before >= sent)
    assert site.packets() - before == sent
    show = ("alerts", "show", first["event.id"], "--store", site.store().url, "--format", "json")

    def proof() -> dict[str, Any] | None:
        shown: dict[str, Any] = json.loads(site.daemon.cli(*show).stdout)
        return shown if shown.get("packets") else None

    shown = site.daemon.until(proof)
    (pointer, *_) = shown["packets"]
    assert Path(pointer["file"]).read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    inventory = site.daemon.status()["inventory"]["totals"]
    assert inventory["assets"] >= 5
    assert inventory["credentials"] >= 3


def test_health_and_metrics_over_http(site: Site) -> None:
    def healthy() -> bool:
        return site.daemon.get("/health")[0] == 200

    site.daemon.until(healthy)
    health = json.loads(site.daemon.get("/health")[1])
    assert health["status"] == "ok"
    code, text = site.daemon.get("/metrics")
    assert code == 200
    assert re.search(rf'^sentinel_packets_total\{{interface="{site.cable.port}"\}} \d', text, re.MULTILINE)
    assert re.search(r'^sentinel_info\{.*sensor="one"', text, re.MULTILINE)
    assert site.daemon.get("/elsewhere")[0] == 404


def test_status_says_how_it_is_by_its_exit_code(site: Site) -> None:
    site.daemon.until(lambda: site.daemon.status().get("status") == "ok")
    done = site.daemon.cli("status", "--config", site.daemon.file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "one at default" in done.stdout
    told = json.loads(site.daemon.cli("status", "--state", site.daemon.state, "--format", "json").stdout)
    assert (told["running"], told["pid"]) == (True, site.daemon.process and site.daemon.process.pid)
    nowhere = site.daemon.cli("status", "--state", site.folder / "nowhere")
    assert nowhere.returncode == 1
    assert "no daemon ever ran here" in nowhere.stderr


def test_a_second_daemon_on_the_same_state_is_refused(site: Site) -> None:
    assert site.daemon.process is not None
    done = site.daemon.cli("collect", "--config", site.daemon.file)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        f"sentinel: {site.daemon.state}: process {site.daemon.process.pid} collects here; stop it, or name "
        "another folder (collect.state)"
    ]


def test_a_reload_takes_what_is_right_and_keeps_what_was(site: Site) -> None:
    site.write({"other.yml": OTHER.replace("condition: s}", "condition: nothing}"), "bad.yml": BAD})
    site.daemon.signal(signal.SIGHUP)
    (kept, *_) = site.daemon.until(lambda: site.messages("pack-kept"))
    assert "other.yml" in kept
    site.daemon.until(lambda: site.messages("reloaded"))
    site.daemon.until(lambda: site.daemon.heard("MONOTONIC_USEC"))
    site.write({"other.yml": OTHER})
    site.daemon.signal(signal.SIGHUP)
    site.daemon.until(lambda: len(site.messages("reloaded")) >= 2)
    site.say("other signature")
    site.daemon.until(lambda: site.alerts("Other signature"))
    site.daemon.settings["collect"]["sensor"] = "two"
    site.daemon.configure()
    site.daemon.signal(signal.SIGHUP)
    (line, *_) = site.daemon.until(lambda: site.messages("restart-needed"))
    assert line == "collect.sensor changed: it is in force after a restart"
    site.daemon.settings["collect"]["sensor"] = "one"
    site.daemon.file.write_text("[collect]\nqueue = 5\n", encoding="utf-8")
    site.daemon.signal(signal.SIGHUP)
    (line, *_) = site.daemon.until(lambda: site.messages("reload-refused"))
    assert "collect.queue" in line
    site.daemon.configure()
    assert len(site.alerts("Other signature")) == 1


def test_a_restart_goes_on_where_it_stopped(site: Site) -> None:
    """By SIGTERM, and by SIGKILL with what the last checkpoint has: the flow, the window, the place."""
    daemon = site.daemon
    assert not site.alerts("Three wrong passwords")
    site.cable.replay(site.captures["first"], "--topspeed")
    site.say("bad password")
    daemon.until(lambda: site.alerts("Wrong password"))
    code, seconds = daemon.stop()
    assert (code, seconds < 10) == (0, True), daemon.said()
    assert until(lambda: daemon.heard("STOPPING")) == ["1"]
    done = daemon.cli("status", "--config", daemon.file)
    assert (done.returncode, "stopped" in done.stdout) == (1, True)
    daemon.start()
    site.say("bad password")
    daemon.until(lambda: len(site.alerts("Wrong password")) == 2)
    site.checked()
    daemon.kill()
    assert daemon.cli("status", "--config", daemon.file).returncode == 1
    site.say("bad password")
    daemon.start()
    site.cable.replay(site.captures["second"], "--topspeed")
    daemon.until(lambda: site.alerts("Three wrong passwords"))
    (flow,) = daemon.until(lambda: site.flows(5000))
    frames = (site.captures["whole"].stat().st_size, flow["network.packets"])
    assert flow["network.packets"] == packets(site.captures["whole"]), frames
    assert flow["source.ip"] == "10.20.2.99"
    assert len(site.alerts("Wrong password")) == 3
    assert len(site.alerts("Three wrong passwords")) == 1


def test_the_state_of_another_sensor_is_refused(site: Site) -> None:
    site.checked()
    site.daemon.kill()
    site.daemon.settings["collect"]["sensor"] = "two"
    site.daemon.configure()
    done = site.daemon.cli("collect", "--config", site.daemon.file)
    site.daemon.settings["collect"]["sensor"] = "one"
    site.daemon.configure()
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        f"sentinel: {site.daemon.state}: is the state of sensor one of site default; name another folder "
        "(collect.state), or give this sensor the same names"
    ]


def packets(path: Path) -> int:
    """Frames of a capture."""
    raw, at, found = path.read_bytes(), 24, 0
    while at < len(raw):
        at += 16 + int.from_bytes(raw[at + 8 : at + 12], "little")
        found += 1
    return found
