"""The assets of a site, worked out from what all its sensors observed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from sentinel.store.elastic.runs import LEDGER
from sentinel.store.elastic.search import document
from sentinel.store.elastic.sites import Sites

ENDS = ("source.asset", "destination.asset")


class Assets:
    """One list of assets for a site, and what its sensors call them."""

    def __init__(self, sites: Sites, site: str, known: Path | None, ledger: list[tuple[str, str]]) -> None:
        self._sites, self._site, self._known = sites, site, known
        self.ledger: dict[str, str] = dict(ledger)
        """(identity, asset id) in order of first sight."""
        self.documents: list[bytes] = []
        self.names: dict[str, str] = {}
        """The site's id for ids that sensors gave, where it is another."""
        self._own: set[str] = set()
        self._seen: Mapping[tuple[str, str], str] = {}
        self.merges = 0
        """Ids that became another one's alias after they had been the site's own."""

    def refresh(self) -> bool:
        """Work assets out anew if sensors observed more. Returns whether they did."""
        observed = self._sites.observed(self._site)
        if observed == self._seen:
            return False
        from sentinel import pipeline
        from sentinel._native import Inventory

        inventory = Inventory()
        ledgers: list[list[tuple[str, str]]] = []
        for sensor, name in observed:
            kept = self._sites.get(sensor, name)
            if kept is None:
                continue  # it was replaced just now: the next look finds the new one
            if name == LEDGER:
                ledgers.append(msgspec.json.decode(kept, type=list[tuple[str, str]]))
            else:
                inventory.merge(kept)
        for entries in ledgers:
            for identity, asset in entries:
                self.ledger.setdefault(identity, asset)
        inventory.ledger(list(self.ledger.items()))
        day = f"{datetime.now(UTC):%Y-%m-%d}T00:00:00Z"
        added, dropped = pipeline.bring_up(inventory, self._known, day)
        self.ledger |= dict(added)
        by_identity = dict(self.ledger)
        for identity in dropped:
            self.ledger.pop(identity, None)
        self._take(inventory.records("asset"), ledgers, by_identity)
        self._seen = observed
        return True

    def _take(
        self, documents: list[bytes], ledgers: list[list[tuple[str, str]]], by_identity: dict[str, str]
    ) -> None:
        records: list[dict[str, Any]] = [json.loads(doc) for doc in documents]
        own = {record["id"] for record in records}
        names = {alias: record["id"] for record in records for alias in record.get("aliases", ())}
        for entries in ledgers:
            for identity, asset in entries:
                if asset in own or asset in names:
                    continue
                # another sensor gave this identity its id first
                to = by_identity.get(identity, asset)
                to = names.get(to, to)
                if to in own:
                    names[asset] = to
        self.merges += sum(1 for name in names if name in self._own)
        more: dict[str, list[str]] = {}
        for alias, to in names.items():
            more.setdefault(to, []).append(alias)
        self.documents = []
        for record, doc in zip(records, documents, strict=True):
            aliases = sorted(more.get(record["id"], ()))
            if aliases == record.get("aliases", []):
                self.documents.append(doc)
            else:
                self.documents.append(msgspec.json.encode({**record, "aliases": aliases}))
        self._own = own
        self.names = names

    def __len__(self) -> int:
        return len(self.documents)

    def array(self) -> bytes:
        """A JSON array, for `Chains.assets`."""
        return b"[" + b",".join(self.documents) + b"]"

    def named(self, alert: bytes) -> bytes:
        """An alert with the site's ids in the place of a sensor's."""
        if b".asset" not in alert or not self.names:
            return alert
        value = document(alert)
        changed = False
        for end in ENDS:
            asset = value.get(end)
            to = self.names.get(asset) if isinstance(asset, str) else None
            if to is not None:
                value[end] = to
                changed = True
        return msgspec.json.encode(value) if changed else alert
