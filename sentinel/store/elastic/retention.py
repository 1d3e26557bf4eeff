"""Old parts go: whole indices of events and months of alerts, single alerts and chains in between."""

from __future__ import annotations

from typing import Any

from sentinel.store.elastic import bulk
from sentinel.store.elastic.client import Client, segment
from sentinel.store.elastic.layout import Layout
from sentinel.store.elastic.search import Search

AT_ONCE = 50
"""Indices that one request deletes: their names stand in its first line."""


class Retention:
    """What a writer deleted, and therefore takes no more."""

    def __init__(self, client: Client, requests: bulk.Bulk, layout: Layout) -> None:
        self._client, self._bulk, self._layout = client, requests, layout
        self.events_before = ""
        """Events of times before it are expired."""
        self.alerts_before = ""

    def expire(self, before: str) -> list[str]:
        """Delete events and alerts of parts before that of a time, and chains that ended before it."""
        part = before[: self._layout.length]
        gone = [(name, index) for name, index in self.parts() if name < part]
        self._delete([index for _, index in gone])
        self.events_before = max(self.events_before, part)
        self.alerts_before = max(self.alerts_before, part)
        self._expire_alerts(part)
        old = {"range": {"last": {"lt": _full(before)}}}
        self._delete_found(self._layout.chains, old, [{"id": {"order": "asc"}}])
        return [name for name, _ in gone]

    def shrink(self, size: int) -> list[str]:
        """Delete the oldest parts of events until they take at most `size` bytes; the newest stays."""
        there = self.parts()
        taken = sizes(self._client, self._layout)
        total = sum(taken.values())
        gone = []
        for name, index in there[:-1]:
            if total <= size:
                break
            total -= taken.get(index, 0)
            gone.append((name, index))
        self._delete([index for _, index in gone])
        if gone:
            self.events_before = max(self.events_before, there[len(gone)][0])
        return [name for name, _ in gone]

    def parts(self) -> list[tuple[str, str]]:
        """(part, index) of the events there are, oldest first."""
        return parts(self._client, self._layout)

    def _expire_alerts(self, part: str) -> None:
        month = self._layout.alert_index(part)
        there = self._client.maybe("GET", f"/{self._layout.alerts}-*/_alias") or {}
        self._delete([index for index in sorted(there) if index < month])
        if month in there:
            old = {"range": {"@timestamp": {"lt": _full(part)}}}
            self._delete_found(month, old, [{"event.id": {"order": "asc"}}])

    def _delete(self, indices: list[str]) -> None:
        for start in range(0, len(indices), AT_ONCE):
            some = ",".join(indices[start : start + AT_ONCE])
            self._client.maybe("DELETE", f"/{some}?ignore_unavailable=true")

    def _delete_found(self, index: str, query: dict[str, Any], sort: list[Any]) -> None:
        found = [hit.id for hit in Search(self._client).pages(index, query, sort, source=False)]
        self._bulk.write(index, [bulk.delete(id) for id in found])
        if found:
            self._client.json("POST", f"/{segment(index)}/_refresh")


def parts(client: Client, layout: Layout) -> list[tuple[str, str]]:
    """(part, index) of the events there are, oldest first."""
    there = client.maybe("GET", f"/{layout.events}-*/_alias") or {}
    found = ((layout.part_of(index), index) for index in there)
    return sorted((name, index) for name, index in found if name is not None)


def sizes(client: Client, layout: Layout) -> dict[str, int]:
    """Bytes of the indices of events, without copies."""
    path = f"/{layout.events}-*/_stats/store?filter_path=indices.*.primaries.store.size_in_bytes"
    found = client.json("GET", path).get("indices") or {}
    return {name: one["primaries"]["store"]["size_in_bytes"] for name, one in found.items()}


def _full(text: str) -> str:
    """The first moment of a part, in the form of times in documents."""
    return text + "0000-01-01T00:00:00.000000Z"[len(text) :]
