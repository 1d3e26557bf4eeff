"""What a store holds as JSON, one document a line, each with its kind in `record`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING

from sentinel.model.store import Doc

if TYPE_CHECKING:
    from sentinel.model.store import Store
    from sentinel.query import Node


def write_ndjson(store: Store, kinds: Iterable[str], query: Node | None, file: IO[str]) -> int:
    """Write documents of these kinds that fit a query, as they are read. Returns how many."""
    count = 0
    for kind in kinds:
        for document in _documents(store, kind, query):
            file.write(json.dumps({"record": kind, **document}, ensure_ascii=False) + "\n")
            count += 1
    return count


def _documents(store: Store, kind: str, query: Node | None) -> Iterator[Doc]:
    match kind:
        case "event":
            return store.search(query)
        case "alert":
            return store.alerts(query)
        case "chain":
            return store.chains(query)
        case "asset":
            return store.documents("asset", query)
    raise ValueError(kind)
