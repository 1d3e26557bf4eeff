"""Replay: what another station said before. Ours: F2MD and CaTCH have no such check."""

from __future__ import annotations

from collections import OrderedDict

from sentinel.v2x.detect.base import Detector, Look

KEPT = 10.0
"""s that messages are remembered: twice what the attack of VeReMi NextGen looks back."""
MOST = 50_000
"""Messages remembered: 2,000 a second (200 vehicles at 10 Hz) for 25 s. Beyond that the oldest go."""


class Replay(Detector):
    """A message says of its vehicle exactly what another station said of itself: the same centimetre, the
    same hundredth of a degree. Two vehicles are not in the same place; the later one copied. Who stands says
    the same again and again, and stays the first."""

    name = "replay"
    weight = 0.5

    def __init__(self) -> None:
        self._said: OrderedDict[tuple[float, ...], tuple[str, float]] = OrderedDict()

    def check(self, look: Look) -> bool:
        now, said = look.now.received, self._said
        first = said.get(look.key)
        if first is not None and first[1] > now - KEPT and first[0] != look.track.station:
            return True
        said[look.key] = look.track.station, now
        said.move_to_end(look.key)
        while said:
            oldest = next(iter(said))
            if len(said) <= MOST and said[oldest][1] > now - KEPT:
                break
            del said[oldest]
        return False
