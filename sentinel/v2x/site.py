"""What a receiver knows of its place: where it stands, how far it hears, where the lanes are.

A roadside unit has the lanes from the MAP it sends; a scene writes them beside its messages (`site.json`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sentinel.errors import UserError
from sentinel.v2x.geo import Plane, turn

CELL = 20.0
"""m, side of a cell of the index of lanes."""

REACH = 30.0
"""m around a point in which lanes are looked for: wider than any road's half and its positions' error."""

LANES = 100_000
"""Most lanes of a site."""


class Lane(msgspec.Struct, frozen=True):
    """A lane: its middle in the direction of travel, m in the site's plane, and widths, m."""

    points: list[tuple[float, float]]
    width: float = 3.2
    left: float = 1.6
    """From the middle to the left edge of its carriageway, the lanes of one direction."""
    carriageway: float = 3.2


class Layout(msgspec.Struct, frozen=True):
    """A site as it stands in its file. `range` is m."""

    latitude: float
    longitude: float
    x: float
    y: float
    range: float
    lanes: list[Lane]


@dataclass(frozen=True, slots=True)
class Near:
    """How a point lies to the lanes around it, m. `inf` where there is none within `REACH`."""

    edge: float
    """From the point to the nearest lane's edge: negative within a lane."""
    along: float
    """From the point to the middle of the nearest lane whose direction is the point's (within 60 degrees)."""
    direction: float
    """That lane's direction, degrees from north."""


_Segment = tuple[float, float, float, float, float, float, Lane]
"""x, y, unit vector, length, heading, the lane it is of."""

NOWHERE = Near(math.inf, math.inf, 0.0)


class Site:
    """A layout with an index of its lanes."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.plane = Plane(layout.latitude, layout.longitude)
        self.x, self.y, self.range = layout.x, layout.y, layout.range
        self._cells: dict[tuple[int, int], list[_Segment]] = {}
        for lane in layout.lanes:
            for (x1, y1), (x2, y2) in zip(lane.points, lane.points[1:], strict=False):
                length = math.hypot(x2 - x1, y2 - y1)
                if length < 0.01:
                    continue
                ux, uy = (x2 - x1) / length, (y2 - y1) / length
                segment = (x1, y1, ux, uy, length, math.degrees(math.atan2(ux, uy)), lane)
                self._put(segment)

    def _put(self, segment: _Segment) -> None:
        x, y, ux, uy, length, *_ = segment
        seen = set()
        steps = int(length / CELL) + 1
        around = math.ceil(REACH / CELL)
        for step in range(steps + 1):
            at = min(length, step * CELL)
            column, row = int((x + ux * at) // CELL), int((y + uy * at) // CELL)
            for i in range(column - around, column + around + 1):
                for j in range(row - around, row + around + 1):
                    seen.add((i, j))
        for cell in sorted(seen):
            self._cells.setdefault(cell, []).append(segment)

    def near(self, x: float, y: float, heading: float) -> Near:
        """The lanes around a point of a direction, degrees from north."""
        found = self._cells.get((int(x // CELL), int(y // CELL)))
        if found is None:
            return NOWHERE
        edge = along = math.inf
        way = 0.0
        for x1, y1, ux, uy, length, direction, lane in found:
            dx, dy = x - x1, y - y1
            at = dx * ux + dy * uy
            at = 0.0 if at < 0.0 else min(at, length)
            distance = math.hypot(dx - at * ux, dy - at * uy)
            if distance - lane.width / 2 < edge:
                edge = distance - lane.width / 2
            if distance < along and abs(turn(heading, direction)) < 60.0:
                along, way = distance, direction
        return Near(edge, along, way)

    def across(self, x: float, y: float, heading: float) -> float | None:
        """m to the left from the lane of a vehicle to the middle of the opposite carriageway, which is as
        wide as its own; nothing where no lane goes its way."""
        best: tuple[float, float] | None = None
        for x1, y1, ux, uy, length, direction, lane in self._cells.get((int(x // CELL), int(y // CELL)), ()):
            if abs(turn(heading, direction)) < 60.0:
                dx, dy = x - x1, y - y1
                at = min(max(dx * ux + dy * uy, 0.0), length)
                distance = math.hypot(dx - at * ux, dy - at * uy)
                if best is None or distance < best[0]:
                    best = distance, lane.left + lane.carriageway / 2
        return None if best is None else best[1]

    def save(self, path: Path) -> None:
        """Write the layout as JSON."""
        path.write_bytes(msgspec.json.encode(self.layout))

    @classmethod
    def load(cls, path: Path) -> Site:
        """Read a layout; `UserError` where the file is none."""
        try:
            layout = msgspec.json.decode(path.read_bytes(), type=Layout)
        except msgspec.MsgspecError as error:
            raise UserError(f"{path}: no site: {error}") from None
        if len(layout.lanes) > LANES:
            raise UserError(f"{path}: {len(layout.lanes)} lanes; at most {LANES} are read")
        return cls(layout)
