"""What a detector is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from sentinel.v2x.detect.track import Seen, Track
from sentinel.v2x.site import Near, Site

STATIONS = 4_096
"""Stations that are remembered; beyond that the one longest unheard is forgotten, and counted. A crossing
has 200, a flood of identities more."""

CELL = 30.0
"""m, side of a cell of the index of stations."""

STALE = 1.0
"""s after which a station that was not heard is no neighbour any more."""


class World:
    """All that is known at a place: the site, the stations around."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.tracks: OrderedDict[str, Track] = OrderedDict()
        self.forgotten = 0
        self._cells: dict[tuple[int, int], dict[str, Track]] = {}
        self._cell_of: dict[str, tuple[int, int]] = {}

    def track(self, station: str) -> Track:
        """The station's track, a new one if it is unknown."""
        found = self.tracks.get(station)
        if found is not None:
            self.tracks.move_to_end(station)
            return found
        if len(self.tracks) >= STATIONS:
            gone, _ = self.tracks.popitem(last=False)
            self._leave(gone)
            self.forgotten += 1
        found = self.tracks[station] = Track(station)
        return found

    def _leave(self, station: str) -> None:
        cell = self._cell_of.pop(station, None)
        if cell is not None:
            inside = self._cells[cell]
            del inside[station]
            if not inside:
                del self._cells[cell]

    def place(self, track: Track, x: float, y: float) -> None:
        """The station is at a place now."""
        cell = int(x // CELL), int(y // CELL)
        if self._cell_of.get(track.station) != cell:
            self._leave(track.station)
            self._cells.setdefault(cell, {})[track.station] = track
            self._cell_of[track.station] = cell

    def around(self, track: Track, now: Seen) -> Iterator[tuple[Track, Seen]]:
        """Other stations within a cell's side, with their newest message."""
        column, row = int(now.x // CELL), int(now.y // CELL)
        for i in (column - 1, column, column + 1):
            for j in (row - 1, row, row + 1):
                for other in self._cells.get((i, j), {}).values():
                    if other is not track and other.seen and other.seen[-1].received > now.received - STALE:
                        yield other, other.seen[-1]


@dataclass(slots=True)
class Look:
    """One message that is looked at."""

    track: Track
    now: Seen
    before: Seen | None
    """The station's message before it."""
    world: World
    key: tuple[float, ...]
    """What it says of the vehicle, as it was sent: latitude, longitude, speed, heading, acceleration."""
    _near: Near | None = None

    @property
    def near(self) -> Near:
        """How it lies to the lanes."""
        if self._near is None:
            now = self.now
            self._near = self.world.site.near(now.x, now.y, now.heading)
        return self._near


class Detector:
    """One check. An instance watches one place; what it keeps is bounded."""

    name: ClassVar[str]
    weight: ClassVar[float]
    """Evidence of one hit against the station; at 1 the station is reported."""
    flags: ClassVar[bool] = True
    """Whether a hit alone says that the message is false."""
    lasts: ClassVar[bool] = True
    """Whether evidence says that other messages of the station are false too."""

    def check(self, look: Look) -> bool:
        """Whether the message cannot be true."""
        raise NotImplementedError
