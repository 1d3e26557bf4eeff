"""The daemon while its Elasticsearch is away, which is a real one that is stopped: it goes on, also after it
was killed and started anew meanwhile, and all is there once in the end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.config.sections import ElasticSettings
from sentinel.store.elastic.client import Client
from tests.elastic.server import Server
from tests.soak.cable import laid
from tests.soak.daemon import Daemon, free_port, until
from tests.soak.scene import Scene
from tests.soak.traffic import mixed

pytestmark = pytest.mark.elastic

PREFIX = f"test-soak-{os.getpid()}"


@pytest.fixture
def scene(tmp_path: Path, elastic_server: Server) -> Iterator[Scene]:
    pytest.importorskip("scapy", reason="scapy is not installed: no traffic can be made")
    capture = tmp_path / "mixed.pcap"
    mixed(capture)
    with laid() as cable:
        settings = {"elastic": {"prefix": PREFIX, "refresh": 0.2, "timeout": 10}}
        made = Scene(tmp_path, cable, capture, elastic_server.url, settings)
        try:
            yield made
        finally:
            made.close()
            remove(elastic_server.url)


def remove(url: str) -> None:
    """Delete what the daemon made there."""
    client = Client(url, ElasticSettings(prefix=PREFIX))
    indices = sorted(client.maybe("GET", f"/{PREFIX}-*?filter_path=*.aliases") or {})
    if indices:
        client.json("DELETE", f"/{','.join(indices)}")
    client.maybe("DELETE", f"/_index_template/{PREFIX}-*")
    client.close()


def test_killed_and_started_while_the_store_is_away(scene: Scene, elastic_server: Server) -> None:
    scene.start()
    scene.round()
    until(lambda: len(scene.stored()) >= scene.writers.lines)
    scene.look("store away")
    checkpoint = scene.daemon.status()["checkpoint"]["number"]
    scene.daemon.until(lambda: scene.daemon.status()["checkpoint"]["number"] > checkpoint)
    try:
        elastic_server.stop()
        scene.round()
        scene.daemon.until(lambda: scene.daemon.status()["store"]["spool"]["away"])
        scene.settle()
        scene.over()
        scene.daemon.kill()
        scene.writers.write(10)
        scene.writers.rotate()
        scene.replay()
        scene.start()
        scene.round()
        told = scene.daemon.status()
        assert told["status"] == "degraded"
        assert told["store"]["spool"]["records"] > 0
        assert scene.daemon.cli("status", "--config", scene.daemon.file).returncode == 1
    finally:
        elastic_server.start()
        elastic_server.wait()
    scene.daemon.until(lambda: not scene.daemon.status()["store"]["spool"]["records"])
    scene.daemon.until(lambda: scene.daemon.status()["status"] == "ok")
    scene.round()
    scene.kept()
    scene.over()
    code, _ = scene.daemon.stop()
    assert code == 0, scene.daemon.said()
    scene.audit()


def test_a_store_that_takes_requests_and_does_not_answer(scene: Scene, elastic_server: Server) -> None:
    scene.start()
    scene.round()
    until(lambda: len(scene.stored()) >= scene.writers.lines)
    try:
        elastic_server.signal(signal.SIGSTOP)
        scene.round()
        scene.daemon.until(lambda: scene.daemon.status()["store"]["spool"]["away"])
        assert "no answer within" in scene.daemon.said()
        scene.settle()
        scene.over()
        code, seconds = scene.daemon.stop()
        assert (code, seconds < 10) == (0, True), scene.daemon.said()
    finally:
        elastic_server.signal(signal.SIGCONT)
    scene.start()
    scene.round()
    scene.daemon.until(lambda: not scene.daemon.status()["store"]["spool"]["records"])
    scene.kept()
    scene.over()
    code, _ = scene.daemon.stop()
    assert code == 0, scene.daemon.said()
    scene.audit()


def test_the_first_start_needs_the_store(tmp_path: Path) -> None:
    (tmp_path / "eve.json").touch()
    url = f"http://127.0.0.1:{free_port()}"
    daemon = Daemon(
        tmp_path / "daemon", {"collect": {"logs": [str(tmp_path / "eve.json")]}, "store": {"url": url}}
    )
    try:
        done = daemon.cli("collect", "--config", daemon.file)
        assert done.returncode == 1
        (line,) = done.stderr.strip().splitlines()
        assert url in line
        assert not (daemon.state / "checkpoint").exists()
    finally:
        daemon.close()
