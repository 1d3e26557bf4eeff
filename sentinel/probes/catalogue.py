"""Every probe there is, native and Python, as one list for people and for the reference."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sentinel.errors import UserError

LEVELS = (
    "recognises the protocol",
    "names every operation that changes something",
    "takes every field of identity",
    "takes every credential",
    "survives loss, reordering, gaps and bad PDUs",
)
"""What each level says, from 1; each with those before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a probe says of itself. Ports are hints: identification is by content."""

    name: str
    title: str
    industrial: bool
    written_in: Literal["rust", "python"]
    transports: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    facts: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    source: str = ""
    level: int = 1
    """1 recognises, 2 operations, 3 identity, 4 credentials, 5 robust; each with those below it."""
    proofs: tuple[str, ...] = ()
    """Captures and folders of the corpus that show it; none: a crafted scene does."""

    @property
    def proof(self) -> str:
        """What shows that it works, in words."""
        return ", ".join(self.proofs) or "crafted scene"

    def rows(self) -> Iterator[tuple[str, str]]:
        """(label, text) of what is known, for people."""
        yield "name", self.name
        yield "title", self.title
        yield "industrial", "yes" if self.industrial else "no"
        yield "written in", self.written_in.capitalize()
        for label, values in (
            ("transports", self.transports),
            ("usual ports", self.ports),
            ("facts", self.facts),
            ("credentials", self.credentials),
            ("operations", self.operations),
        ):
            if values:
                yield label, ", ".join(map(str, values))
        yield "level reached", f"{self.level}: {LEVELS[self.level - 1]}"
        yield "shown by", self.proof
        if self.source:
            yield "written from", self.source


def all_probes() -> list[Probe]:
    """Every probe by name: built in, and a user's own from the entry point `sentinel.probes`."""
    return sorted([*_native(), *_python()], key=lambda probe: probe.name)


def find(name: str) -> Probe:
    """The probe of that name. Raises `UserError` (exit code 2) that names the nearest one."""
    probes = {probe.name: probe for probe in all_probes()}
    if name in probes:
        return probes[name]
    near = difflib.get_close_matches(name, probes, n=1)
    hint = f"did you mean {near[0]}?" if near else "`sentinel probes list` shows all"
    raise UserError(f"no probe is called {name}: {hint}", exit_code=2)


def _native() -> Iterator[Probe]:
    from sentinel._native import native_probes

    for probe in native_probes():
        name, title, industrial, transports, ports, facts, credentials, operations, source, level, proofs = (
            probe
        )
        yield Probe(
            name=name,
            title=title,
            industrial=industrial,
            written_in="rust",
            transports=tuple(transports),
            ports=tuple(ports),
            facts=tuple(facts),
            credentials=tuple(credentials),
            operations=tuple(operations),
            source=source,
            level=level,
            proofs=tuple(proofs),
        )


def _python() -> Iterator[Probe]:
    from sentinel.probes.registry import python_probes

    for probe in python_probes():
        yield Probe(
            name=probe.name,
            title=probe.title,
            industrial=probe.industrial,
            written_in="python",
            transports=tuple(probe.signature.transports),
            ports=tuple(probe.signature.ports),
            facts=probe.facts,
            credentials=probe.credentials,
            operations=probe.operations,
            source=probe.source,
            level=probe.level,
            proofs=probe.proofs,
        )
