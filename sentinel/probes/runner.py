"""Runs Python probes over the payload that the native side queued for them, once a hand-over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentinel._native import Scan
    from sentinel.probes.contract import Probe

MAX_REFUSED = 3
"""PDUs a probe may refuse in one flow (`ValueError`) before it is detached from it."""

MAX_FLOWS = 65536
"""Flows with an open Python probe; the one opened first gives way."""


def declared() -> list[tuple[str, bool, Any]]:
    """(name, industrial, signature) of every Python probe, built in and from entry points."""
    from sentinel.probes.registry import python_probes

    return [(p.name, p.industrial, p.signature) for p in python_probes()]


class Runner:
    """Gives queued payload to probes, one instance a flow, and their observations to the scan.

    A probe that fails by anything but `ValueError`, or reports what the data model does not know, is
    taken off for the rest of the scan: `faults` has a line that names it, and the scan goes on.
    """

    def __init__(self, run: Scan) -> None:
        self._run = run
        self._open: dict[int, tuple[Probe, int] | None] = {}
        self._off: set[str] = set()
        self.faults: list[str] = []

    def turn(self) -> None:
        """Take what is queued and report what the probes find in it."""
        for number, (flow, name, side, time_us, frame, gap, data, end) in enumerate(self._run.chunks()):
            if name in self._off:
                continue
            try:
                if flow not in self._open:
                    self._open[flow] = (self._probe(name), 0)
                    if len(self._open) > MAX_FLOWS:
                        self._open.pop(next(iter(self._open)))
                slot = self._open[flow]
                if slot is None:
                    continue
                probe, refused = slot
                try:
                    found = probe.end() if end else probe.feed(side, data, gap, time_us, frame)
                    observed = [o.as_tuple() for o in found]
                except ValueError:
                    self._run.refused(name)
                    refused += 1
                    self._open[flow] = (probe, refused) if refused < MAX_REFUSED else None
                    observed = []
                if observed:
                    self._run.observe(number, observed)
            except Exception as why:  # noqa: BLE001 - a user's probe may raise anything
                self._off.add(name)
                self.faults.append(_fault(name, why, frame))
            if end:
                self._open.pop(flow, None)

    @staticmethod
    def _probe(name: str) -> Probe:
        from sentinel.probes.registry import open_probe

        return open_probe(name)


def _fault(name: str, why: Exception, frame: int) -> str:
    """One line: which probe, what it raised, where in its code, at which packet."""
    trace = why.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None and trace.tb_frame.f_code.co_filename != __file__:
        place = f" ({Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno})"
    text = "".join(c if c.isprintable() else " " for c in str(why))
    return (
        f"probe {name}: {type(why).__name__}: {text}{place} at frame {frame}; it was taken off for this scan"
    )
