"""Interfaces that go and come, that cannot be had, and the privileges they need."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sentinel._native import Live
from tests.conftest import ROOT
from tests.live.cables import DEADLINE, Net, counters, read, until


def test_down_and_up(wire: Net, plant: Path) -> None:
    live = wire.opened("b0")
    read(live, wire.replay(plant, "--topspeed", "--limit=300"))
    wire.run("ip", "link", "set", "b0", "down")
    until(live, lambda: bool(counters(live)["link"] == "down"))
    wire.run("ip", "link", "set", "b0", "up")
    until(live, lambda: bool(counters(live)["link"] == "up"))
    wire.replay(plant, "--topspeed", "--limit=200")
    live.stop()
    seen = counters(live)
    assert (seen["packets"], seen["kernel_drops"], seen["down"]) == (500, 0, 1)
    live.finish()
    (source,) = (json.loads(line) for line in live.sources())
    assert source["warnings"] == ["the interface went down 1 times"]


def test_a_cable_that_was_pulled_is_told(wire: Net) -> None:
    live = wire.opened("b0")
    wire.run("ip", "link", "set", "a0", "down")
    until(live, lambda: bool(counters(live)["link"] == "no carrier"))
    assert counters(live)["down"] == 1


@pytest.mark.parametrize("interface", ["b0", "down0"])
def test_opened_while_down(wire: Net, plant: Path, interface: str) -> None:
    wire.run("ip", "link", "set", "b0", "down")
    wire.run("ip", "link", "set", "b0", "name", interface)
    live = wire.opened(interface)
    assert counters(live, interface)["link"] == "down"
    wire.run("ip", "link", "set", interface, "up")
    until(live, lambda: bool(counters(live, interface)["link"] == "up"))
    assert wire.replay(plant, "--topspeed", "--limit=10") == 10
    live.stop()
    assert counters(live, interface)["packets"] == 10


def test_removed_and_made_again(wire: Net, plant: Path) -> None:
    live = wire.opened("b0")
    read(live, wire.replay(plant, "--topspeed", "--limit=50"))
    wire.run("ip", "link", "delete", "b0")
    until(live, lambda: bool(counters(live)["link"] == "gone"))
    wire.cable()
    until(live, lambda: bool(counters(live)["link"] == "up"))
    read(live, 50 + wire.replay(plant, "--topspeed", "--limit=70"))
    live.stop()
    seen = counters(live)
    assert (seen["packets"], seen["kernel_drops"], seen["down"]) == (120, 0, 1)


@pytest.mark.parametrize(
    ("interfaces", "said"),
    [
        (["b7"], 'interface "b7" does not exist: there are lo, b0, a0'),
        (["b0", "b0"], 'interface "b0" is named twice: name it once'),
        (["b0", "lo", "no such"], 'interface "no such": no interface can have this name'),
        (["an-interface-of-20-x"], 'interface "an-interface-of-20-x": no interface can have this name'),
        ([], "no interface is named: name one at least"),
    ],
)
def test_what_cannot_be_opened_is_told_in_a_line(wire: Net, interfaces: list[str], said: str) -> None:
    with pytest.raises(ValueError, match="interface") as error:
        wire.inside(lambda: Live(interfaces))
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)


SCRIPT = """
import json, sys
from sentinel._native import Live, drop_privileges

def caps():
    lines = open("/proc/thread-self/status").read().splitlines()
    return {k: v.strip() for k, v in (line.split(":", 1) for line in lines) if k.startswith(("Cap", "NoNew", "Uid"))}

live = Live(["b0"])
before = caps()
drop_privileges(sys.argv[1] or None)
after = caps()
print("ready", flush=True)
wanted = 0
for line in sys.stdin:
    wanted += int(line)
    for _ in range(600):
        live.step(0.05)
        seen = json.loads(live.counters())["b0"]
        if seen["packets"] >= wanted:
            break
    print(json.dumps({"before": before, "after": after, **seen}), flush=True)
"""


def start(net: Net, bounding: str, user: str = "") -> subprocess.Popen[str]:
    line = ["ip", "netns", "exec", net.name, "setpriv", f"--bounding-set={bounding}", sys.executable, "-c"]
    return subprocess.Popen(
        [*line, SCRIPT, user], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def ask(child: subprocess.Popen[str], packets: int) -> dict[str, Any]:
    """Have it read so many packets more; what it says then."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{packets}\n")
    child.stdin.flush()
    told: dict[str, Any] = json.loads(child.stdout.readline())
    return told


@pytest.mark.parametrize(
    ("bounding", "user"), [("-all,+net_raw", ""), ("-all,+net_raw,+setuid,+setgid", "nobody")]
)
def test_one_capability_is_enough_and_given_back(wire: Net, plant: Path, bounding: str, user: str) -> None:
    with start(wire, bounding, user) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "ready\n"
            told = ask(child, wire.replay(plant, "--topspeed", "--limit=400"))
            assert told["packets"] == 400
            if not user:
                assert told["before"]["CapEff"] == told["before"]["CapPrm"] == f"{1 << 13:016x}"
            for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                assert int(told["after"][name], 16) == 0
            assert told["after"]["NoNewPrivs"] == "1"
            assert (told["after"]["Uid"].split()[0] == "0") == (not user)
            # an interface that comes back is taken up without any privilege
            wire.run("ip", "link", "delete", "b0")
            wire.cable()
            end = time.monotonic() + DEADLINE
            while ask(child, 0)["link"] != "up":
                assert time.monotonic() < end
            assert ask(child, wire.replay(plant, "--topspeed", "--limit=30"))["packets"] == 430
        finally:
            child.kill()


def test_without_the_capability_it_is_told(wire: Net) -> None:
    with start(wire, "-all") as child:
        _, said = child.communicate("")
    last = said.strip().splitlines()[-1]
    assert last.startswith('ValueError: interface "b0": capturing needs the capability CAP_NET_RAW: ')


def test_privileges_are_kept_by_other_threads_and_so_not_dropped(wire: Net) -> None:
    script = (
        "import threading\nfrom sentinel._native import drop_privileges\n"
        "stop = threading.Event()\nother = threading.Thread(target=stop.wait)\nother.start()\n"
        "try:\n    drop_privileges()\nexcept ValueError as error:\n    print(error)\nstop.set()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("privileges cannot be dropped: 2 threads run already")
