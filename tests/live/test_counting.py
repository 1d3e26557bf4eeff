"""Packets sent are packets seen and packets counted as dropped, exactly."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest

from sentinel._native import Live
from tests.live.cables import Net, counters, read, until

SPEEDS = [("--pps=4000",), ("--mbps=20",), ("--topspeed", "-K", "--loop=4")]


@pytest.mark.parametrize("speed", SPEEDS, ids=lambda speed: speed[0])
@pytest.mark.parametrize("workers", [1, 2])
def test_every_packet_is_seen_or_counted(
    wire: Net, plant: Path, speed: tuple[str, ...], workers: int
) -> None:
    live = wire.opened("b0", workers=workers, ring_mib=16)
    sent: list[int] = []
    sender = threading.Thread(target=lambda: sent.append(wire.replay(plant, *speed)))
    sender.start()
    until(live, lambda: not sender.is_alive())
    live.stop()
    seen = counters(live)
    assert sent[0] > 6_000
    assert seen["packets"] + seen["kernel_drops"] == sent[0]
    assert seen["packets"] == live.progress()[0]
    live.finish()
    (source,) = (json.loads(line) for line in live.sources())
    assert (source["kind"], source["name"], source["sha256"]) == ("live", "b0", "")
    assert (source["packets"], source["dropped"]) == (seen["packets"], seen["kernel_drops"])
    assert source["bytes"] == seen["bytes"]


def test_what_a_full_ring_cannot_take_is_counted(wire: Net, plant: Path) -> None:
    live = wire.opened("b0", ring_mib=1)
    sent = wire.replay(plant, "--topspeed", "-K", "--loop=3")  # nobody reads meanwhile
    read(live, sent)
    after = wire.replay(plant, "--pps=4000", "--limit=100")
    live.stop()
    seen = counters(live)
    assert seen["packets"] + seen["kernel_drops"] == sent + after
    assert seen["kernel_drops"] > 0
    assert seen["freezes"] > 0
    assert seen["packets"] > 1000


def test_two_ports_at_once(wire: Net, plant: Path) -> None:
    wire.cable(1)
    live = wire.opened("b0", "b1", workers=2)
    sent: dict[str, int] = {}

    def send(end: str, *options: str) -> None:
        sent[end] = wire.replay(plant, *options, into=end)

    senders = [
        threading.Thread(target=send, args=("a0", "--pps=6000")),
        threading.Thread(target=send, args=("a1", "--topspeed", "--limit=2000")),
    ]
    for sender in senders:
        sender.start()
    until(live, lambda: not any(sender.is_alive() for sender in senders))
    live.stop()
    for end, port in (("a0", "b0"), ("a1", "b1")):
        seen = counters(live, port)
        assert seen["packets"] + seen["kernel_drops"] == sent[end]
    live.finish()
    sources = [json.loads(line) for line in live.sources()]
    assert [(s["name"], s["packets"]) for s in sources] == [
        (port, counters(live, port)["packets"]) for port in ("b0", "b1")
    ]


def test_stop_reads_what_the_kernel_still_holds(wire: Net, plant: Path) -> None:
    live = wire.opened("b0")
    sent = wire.replay(plant, "--topspeed", "--limit=500")
    live.stop()
    assert counters(live)["packets"] == sent == 500
    assert wire.replay(plant, "--topspeed", "--limit=5") == 5
    assert live.step(0.01), "there is no more"
    assert counters(live)["packets"] == 500


def test_loopback_is_seen_once(net: Net) -> None:
    net.run("ip", "link", "set", "lo", "up")
    live: Live = net.opened("lo")

    def talk() -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as ear, socket.socket(type=socket.SOCK_DGRAM) as mouth:
            ear.bind(("127.0.0.1", 0))
            for _ in range(3):
                mouth.sendto(b"hello", ear.getsockname())

    net.inside(talk)
    live.stop()
    assert counters(live, "lo")["packets"] == 3


def test_time_goes_on_without_packets(wire: Net) -> None:
    live = wire.opened("b0")
    live.step(0.01)
    begun = live.clock()
    assert begun is not None
    until(live, lambda: (live.clock() or 0) > begun + 1_000_000)
    assert live.progress()[0] == 0
