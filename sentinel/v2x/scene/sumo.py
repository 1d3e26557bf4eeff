"""Traffic by SUMO, run as a program (extra `scenes`, docs/decisions/0023-sumo-is-a-program.md)."""

from __future__ import annotations

import csv
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as Tree

from sentinel.errors import UserError
from sentinel.v2x.scene.channel import RANGE
from sentinel.v2x.scene.roads import SIZES, TYPES, Road
from sentinel.v2x.scene.state import State
from sentinel.v2x.site import Lane, Layout, Site

STEP = 0.1
"""s: ten messages a second."""
ORIGIN = (30.0, 120.0)
"""degrees: where the scene's plane touches the earth."""
LONGEST = 3_600.0
"""s, the longest scene."""

COLUMNS = ("timestep_time", "id", "x", "y", "angle", "speed", "acceleration", "type")

Step = tuple[float, list[State]]


def programs() -> tuple[Path, Path, Path]:
    """SUMO's home, `netconvert` and `sumo`: of the package, else of the system."""
    spec = find_spec("sumo")
    if spec is not None and spec.submodule_search_locations:
        home = Path(next(iter(spec.submodule_search_locations)))
        return home, home / "bin" / "netconvert", home / "bin" / "sumo"
    found = shutil.which("sumo"), shutil.which("netconvert")
    if found[0] is None or found[1] is None:
        raise UserError("SUMO was not found: install the extra `scenes` (pip install 'sentinel[scenes]')")
    return Path(os.environ.get("SUMO_HOME", "/usr/share/sumo")), Path(found[1]), Path(found[0])


def _run(home: Path, program: Path, *arguments: str) -> None:
    done = subprocess.run(
        [program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SUMO_HOME": str(home)},
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise UserError(f"{program.name} failed: {said[0] if said else done.returncode}")


def lanes(network: Path) -> list[Lane]:
    """The lanes of a network that vehicles drive on, those within crossings too."""
    found = []
    for edge in Tree.parse(network).getroot().iter("edge"):  # noqa: S314 - netconvert wrote it just now
        if edge.get("function") in ("crossing", "walkingarea"):
            continue
        own = sorted(edge.findall("lane"), key=lambda lane: int(lane.get("index", "0")))
        width = float(own[0].get("width", "3.2")) if own else 3.2
        for number, lane in enumerate(own):
            points = [
                (float(x), float(y))
                for x, y, *_ in (point.split(",") for point in lane.get("shape", "").split())
            ]
            left = (len(own) - number - 0.5) * width
            found.append(Lane(points, width, left, len(own) * width))
    return found


class Traffic:
    """Traffic on a road, made in a folder of its own that goes when this is closed."""

    def __init__(self, road: Road, seed: int, seconds: float) -> None:
        if not 1.0 <= seconds <= LONGEST:
            raise UserError(f"{seconds:g} s: a scene lasts from 1 to {LONGEST:g} s")
        self._folder = TemporaryDirectory(prefix="sentinel-scene-")
        at = Path(self._folder.name)
        home, netconvert, sumo = programs()
        (at / "nodes.xml").write_text(road.nodes, encoding="utf-8")
        (at / "edges.xml").write_text(road.edges, encoding="utf-8")
        files = ["-n", str(at / "nodes.xml"), "-e", str(at / "edges.xml"), "-o", str(at / "net.xml")]
        flags = ["--no-turnarounds", "--offset.disable-normalization", "--tls.default-type", "static"]
        _run(home, netconvert, *files, *flags)
        until = road.warm_up + seconds
        departures = sorted(road.demand(Random(f"{seed}:demand"), until), key=lambda d: d.at)  # noqa: S311
        vehicles = "".join(
            f'<vehicle id="v{number:05}" type="{d.type}" depart="{d.at}" departLane="{d.lane}" '
            f'departSpeed="{d.speed}"><route edges="{" ".join(d.edges)}"/></vehicle>\n'
            for number, d in enumerate(departures)
        )
        (at / "routes.xml").write_text(f"<routes>{TYPES}{vehicles}</routes>", encoding="utf-8")
        self._trace = at / "trace.csv"
        _run(
            home,
            sumo,
            *("-n", str(at / "net.xml"), "-r", str(at / "routes.xml"), "--step-length", str(STEP)),
            *("--end", str(until), "--seed", str(seed % 2**31), "--precision", "4"),
            *("--fcd-output", str(self._trace), "--device.fcd.begin", str(road.warm_up)),
            *("--fcd-output.attributes", "x,y,angle,speed,acceleration,type"),
            *("--lanechange.duration", "3", "--time-to-teleport", "-1", "--collision.action", "none"),
            *("--no-step-log", "--no-warnings", "--xml-validation", "never", "--duration-log.disable"),
        )
        x, y = road.receiver
        self.site = Site(Layout(*ORIGIN, x, y, RANGE, lanes(at / "net.xml")))

    def __enter__(self) -> Traffic:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def steps(self) -> Iterator[Step]:
        """The states of all vehicles, step by step: s from the scene's start."""
        with self._trace.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file, delimiter=";")
            head = [name.removeprefix("vehicle_") for name in next(rows)]
            place = {name: number for number, name in enumerate(head)}
            at = [place[n] for n in COLUMNS]
            now, start, states = "", math.nan, list[State]()
            for row in rows:
                time, name, x, y, angle, speed, acceleration, kind = (row[i] for i in at)
                if not name:
                    continue
                if time != now:
                    if states:
                        yield float(now) - start, states
                    now, states = time, []
                    if math.isnan(start):
                        start = float(time)
                length, width = SIZES[sys.intern(kind)]
                states.append(
                    State(
                        sys.intern(name),
                        float(x),
                        float(y),
                        float(angle),
                        float(speed),
                        float(acceleration),
                        length,
                        width,
                    )
                )
            if states:
                yield float(now) - start, states
