"""The inventory of a daemon: what was observed, added up for months, and the records made of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentinel.inventory.credentials import Assessor

if TYPE_CHECKING:
    from sentinel._native import Inventory
    from sentinel.model.store import Store, Writer

KINDS = ("asset", "conversation", "credential", "operation")


class Stock:
    """Two inventories: what this sensor observed, which is kept, and with it what the store holds of
    scans, which records are made of. They are one where the store holds nothing else."""

    def __init__(
        self,
        writer: Writer,
        run: str,
        site: str,
        *,
        key: bytes,
        passwords: Path | None,
        known: Path | None,
        observations: bytes,
        ledger: Iterable[tuple[str, str]],
    ) -> None:
        from sentinel._native import Inventory

        self.run, self._site, self._known = run, site, known
        self._assessor = Assessor(key=key, passwords=passwords)
        self._own = Inventory()
        if observations:
            self._own.merge(observations)
        others = list(writer.observations(without_run=run))
        self._all = self._own
        if others:
            self._all = Inventory()
            for kept in others:
                self._all.merge(kept)
            if observations:
                self._all.merge(observations)
        self._ledger = dict(writer.ledger())
        self._new = {identity: asset for identity, asset in ledger if identity not in self._ledger}
        self._ledger |= self._new

    def add(self, found: Inventory) -> None:
        """Take in what was observed since the last time. Secrets are judged and masked."""
        found.assess(self._assessor.assess)
        self._own.absorb(found)
        if self._all is not self._own:
            self._all.absorb(found)

    def work_out(self, until: str) -> None:
        """Work out assets and what they are, as of a time (RFC 3339)."""
        from sentinel import pipeline

        added = pipeline.derive(self._all, list(self._ledger.items()), self._known, until)
        self._new |= added
        self._ledger |= added

    def write(self, writer: Writer) -> int:
        """Bring the store's records up to date. Returns how many changed."""
        if self._new:
            writer.add_ids(self._new.items())
            self._new = {}
        changed = 0
        for kind in KINDS:
            documents, gone = self._all.records_changed(kind)
            if documents or gone:
                writer.update(kind, documents, gone)
                changed += len(documents) + len(gone)
        return changed

    def observations(self) -> bytes:
        """What this sensor observed, for the checkpoint and the store."""
        return self._own.observations()

    def ledger(self) -> list[tuple[str, str]]:
        """(identity, asset id) in order of first sight."""
        return list(self._ledger.items())

    def assets(self) -> bytes:
        """What rules know of assets: a JSON array."""
        from sentinel.rules import context

        known = (json.loads(doc) for doc in self._all.records("asset"))
        return json.dumps(context.settings(site=self._site, assets=known)["assets"]).encode()

    def counters(self) -> dict[str, bytes]:
        """`limits` and `parse_errors`, each a JSON object."""
        limits, errors = self._all.counters()
        return {"limits": limits, "parse_errors": errors}

    def totals(self) -> dict[str, int]:
        """How many records of each kind there are."""
        return dict(self._all.totals())


def known_assets(store: Store, site: str) -> list[dict[str, Any]]:
    """The records of the inventory that rules know before the first event."""
    return [asset for asset in store.documents("asset") if asset.get("site", site) == site]
