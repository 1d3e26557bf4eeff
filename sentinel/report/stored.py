"""The part of a store that a person reads: the most interesting records, and totals."""

from __future__ import annotations

import heapq
from itertools import islice
from typing import TYPE_CHECKING

from sentinel import __version__
from sentinel.model import SEVERITIES
from sentinel.report.document import Document, Record

if TYPE_CHECKING:
    from sentinel.model.store import Kind, Store

LISTS: dict[Kind, str] = {
    "asset": "assets",
    "conversation": "conversations",
    "credential": "credentials",
    "operation": "operations",
}


def document(store: Store, most: dict[str, int]) -> Document:
    """What is shown of a store: of each kind at most so many records, assets by interest."""
    counts, counters = store.counts(), store.counters()
    lists = {
        name: list(islice(store.documents(kind), most[kind]))
        for kind, name in LISTS.items()
        if kind != "asset"
    }
    return Document(
        version=__version__,
        sources=store.sources(),
        assets=heapq.nlargest(most["asset"], store.documents("asset"), key=_interest),
        **lists,
        alerts=list(islice(store.alerts(newest=True), most["alert"])),
        chains=list(islice((c for c in store.chains() if c["state"] != "merged"), most["chain"])),
        limits=dict(counters.get("limits", {})),
        parse_errors=dict(counters.get("parse_errors", {})),
        totals={
            **{name: counts[kind] for kind, name in LISTS.items()},
            "alerts": counts["alert"],
            "chains": counts["chain"],
        },
    )


def _interest(asset: Record) -> tuple[int, bool, int]:
    """What a person looks at first: exposures, then what is known to be something, then what says most."""
    worst = max((SEVERITIES.index(e["severity"]) for e in asset["exposures"]), default=-1)
    return worst, asset["type"] is not None, min(len(asset["facts"]), 50)
