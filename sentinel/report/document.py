"""The part of a scan's outcome that a person reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]

BACKGROUND = frozenset("arp ndp lldp cdp stp mrp".split())
"""Protocols by which neighbours find one another: all talk to all, so a map of who
talks to whom leaves them out."""


@dataclass(frozen=True, slots=True)
class Document:
    """Records as docs/reference/data-model.md names them, secrets masked already.

    Of a large network the lists hold the most interesting part; `totals` counts all there is, by
    the lists' names.
    """

    version: str = ""
    sources: list[Record] = field(default_factory=list)
    assets: list[Record] = field(default_factory=list)
    conversations: list[Record] = field(default_factory=list)
    credentials: list[Record] = field(default_factory=list)
    operations: list[Record] = field(default_factory=list)
    alerts: list[Record] = field(default_factory=list)
    chains: list[Record] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=dict)
    parse_errors: dict[str, int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)

    def total(self, name: str) -> int:
        """How many there are of a list, shown or not."""
        return self.totals.get(name, len(getattr(self, name)))
