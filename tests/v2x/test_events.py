"""Verdicts and reports as events: rules, alerts, chains; files and a live interface."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sentinel.errors import UserError
from sentinel.v2x.scene.forged.payloads import FORGERIES
from tests.live.cables import Net
from tests.live.conftest import net, wire  # noqa: F401 - fixtures
from tests.probes.scene import Scene, client, packets
from tests.v2x.test_verify import lines, run

RULES = {
    "forged-rsi": "Forged roadside information",
    "forged-spat": "Forged signal phases or map",
    "forged-emergency": "Vehicle pretends to be one with right of way",
    "forged-collision": "Forged warning of an obstacle or a collision",
}


@pytest.fixture(scope="module", params=sorted(FORGERIES))
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out: Path = tmp_path_factory.mktemp("forged") / request.param
    assert run("scene", request.param, "--seed", 3, "--out", out).exit_code == 0
    return out


def on_a_cable(scene: Path, path: Path) -> Path:
    """The scene's messages as datagrams of a roadside unit, with the times they have in the scene."""
    data = (scene / "air.pcap").read_bytes()
    times, at = [], 24
    while at < len(data):
        seconds, micros, size, _ = struct.unpack_from("<IIII", data, at)
        times.append((seconds, micros))
        at += 16 + size
    messages = [one.read_bytes() for one in sorted((scene / "messages").glob("*.oer"))]
    flow = Scene(protocol="v2x", transport="udp", port=30000, talk=[client(m) for m in messages])
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for time_, frame in zip(times, packets(flow, flow.segments()), strict=True):
            out.write(struct.pack("<IIII", *time_, len(frame), len(frame)) + frame)
    return path


def told(scene: Path) -> list[object]:
    made = json.loads((scene / "scene.json").read_text(encoding="utf-8"))
    place = f"{made['latitude']},{made['longitude']}"
    return ["--trust", scene / "trust.oer", "--crl", scene / "crl.oer", "--position", place]


def kept(store: str, kind: str) -> list[dict[str, Any]]:
    from sentinel.store import open_store

    opened = open_store(store)
    try:
        return list({"event": opened.search, "alert": opened.alerts, "chain": opened.chains}[kind]())
    finally:
        opened.close()


def test_forged_messages_are_alerts_and_a_chain(scene: Path, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store'}"
    capture = on_a_cable(scene, tmp_path / "cable.pcap")
    code, found = lines(capture, *told(scene), "--store", store)
    assert code == 3
    events = kept(store, "event")
    refused = [line for line in found if line["verdict"] != "accept"]
    assert [e["v2x.verification.reason"] for e in sorted(events, key=lambda e: e["sentinel.frame"])] == [
        line["reason"] for line in sorted(refused, key=lambda line: line["frame"])
    ]
    titles = {alert["rule.name"] for alert in kept(store, "alert")}
    assert RULES[scene.name] in titles
    assert {"Message of a vehicle or roadside unit sent again", "Message of a revoked certificate"} <= titles
    others = set(RULES.values()) - {RULES[scene.name]}
    assert not others & titles or scene.name == "forged-emergency"
    assert kept(store, "chain")
    # a second time nothing is doubled
    lines(capture, *told(scene), "--store", store)
    assert len(kept(store, "event")) == len(events)


def test_every_keeps_what_was_accepted_too(scene: Path, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store'}"
    _, found = lines(scene / "air.pcap", *told(scene), "--store", store, "--every")
    assert len(kept(store, "event")) == len(found)


def test_a_store_is_needed_for_rules(scene: Path) -> None:
    with pytest.raises(UserError, match="are for --store"):
        run("verify", scene / "air.pcap", *told(scene), "--no-rules")


def test_live_says_what_the_capture_says(scene: Path, wire: Net, tmp_path: Path) -> None:  # noqa: F811
    """The scene replayed on a cable: the same messages of the same signers (they are old by then)."""
    capture = on_a_cable(scene, tmp_path / "cable.pcap")
    _, found = lines(capture, *told(scene))
    command = [sys.executable, "-m", "sentinel", "v2x", "verify", "--interface", "b0"]
    heard = tmp_path / "heard.ndjson"
    with heard.open("wb") as out:
        listener = subprocess.Popen(
            ["ip", "netns", "exec", wire.name, *command, *map(str, told(scene))],
            stdout=out,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )
        try:
            _listening(wire)
            wire.run("tcpreplay", "-q", "-i", "a0", "--pps", "200", str(capture))
            end = time.monotonic() + 30
            while len(heard.read_bytes().splitlines()) < len(found) and time.monotonic() < end:
                time.sleep(0.1)
            listener.send_signal(signal.SIGINT)
            listener.wait(30)
        finally:
            listener.kill()
            listener.communicate()
    lived = [json.loads(line) for line in heard.read_bytes().splitlines()]
    assert sorted(x["signer"] or "" for x in lived) == sorted(x["signer"] or "" for x in found)
    assert {x["verdict"] for x in lived} == {"reject"}, "all are old by now"
    assert {x["input"] for x in lived} == {"b0"}


def _listening(cable: Net) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if "\n" in cable.run("cat", "/proc/net/packet").strip():
            return
        time.sleep(0.05)
    raise AssertionError("nobody listens")
