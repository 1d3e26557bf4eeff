"""The inventory of a daemon: what was observed, added up for months, and the records made of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentinel.errors import StoreAwayError
from sentinel.inventory.credentials import Assessor

if TYPE_CHECKING:
    from sentinel._native import Inventory
    from sentinel.collector.checkpoint import Checkpoint
    from sentinel.model.store import Kind, Store, Writer

KINDS: tuple[Kind, ...] = ("asset", "conversation", "credential", "operation")

PREFIX = "live:"
"""How the contents of sources begin that have no end."""


class Stock:
    """Two inventories: what this sensor observed, which is kept, and with it what the store holds of
    scans, which records are made of. They are one where the store holds nothing else."""

    def __init__(
        self,
        store: Store,
        writer: Writer,
        site: str,
        sensor: str,
        *,
        passwords: Path | None,
        password_seconds: float = 1.0,
        known: Path | None,
        before: Checkpoint | None,
    ) -> None:
        from sentinel._native import Inventory

        self._site, self._known = site, known
        self.certificates: dict[str, float] = {}
        """When the certificate of an asset ends that ends first, seconds since 1970, as of the last look."""
        self._mark = f"{PREFIX}{sensor}:"
        self._own = self._all = Inventory()
        self._runs: set[int] | None = None
        own = [before.observations] if before and before.observations else []
        ledger = before.ledger if before else []
        try:
            self.key = store.key()
            self._runs = self._runs_of(store, writer)
            if not own and self._runs:
                # without a checkpoint, what the store was given last is where to go on
                every = writer.together((s["sha256"], s["site"]) for s in store.sources())
                own = list(writer.observations(without=every - self._runs))
            scanned = list(writer.observations(without=self._runs))
            held = dict(writer.ledger())
        except StoreAwayError:
            if before is None or not before.key:
                raise
            # scans that the store holds come in at the next start
            self.key, scanned, held = before.key, [], dict(ledger)
        for kept in own:
            self._own.merge(kept)
        if scanned:
            self._all = Inventory()
            for kept in (*scanned, *own):
                self._all.merge(kept)
        self._assessor = Assessor(key=self.key, passwords=passwords, seconds=password_seconds)
        self._new = [(identity, asset) for identity, asset in ledger if identity not in held]
        self._ledger = held | dict(self._new)
        self._all.ledger(list(self._ledger.items()))

    def _runs_of(self, store: Store, writer: Writer) -> set[int]:
        """The runs of this sensor in the store."""
        own = [(s["sha256"], s["site"]) for s in store.sources() if s["sha256"].startswith(self._mark)]
        return writer.together(own)

    def add(self, found: Inventory) -> None:
        """Take in what was observed since the last time. Secrets are judged and masked."""
        found.assess(self._assessor.assess)
        for name, number in self._assessor.counted().items():
            found.count(name, number)
        self._own.absorb(found)
        if self._all is not self._own:
            self._all.absorb(found)

    def work_out(self, until: str) -> None:
        """Work out assets and what they are, as of a time (RFC 3339)."""
        from sentinel import pipeline

        # certificates are held against the day, so that meanings are not asked for anew each time
        day = f"{until[:10]}T00:00:00Z"
        added, dropped = pipeline.bring_up(self._all, self._known, day)
        self._new += added
        self._ledger |= dict(added)
        for identity in dropped:
            self._ledger.pop(identity, None)

    def write(self, writer: Writer) -> int:
        """Bring the store's records up to date. Returns how many changed."""
        changed = 0
        for kind in KINDS:
            documents, gone = self._all.records_changed(kind)
            if documents or gone:
                writer.update(kind, documents, gone)
                changed += len(documents) + len(gone)
            self._all.kept(kind)
        return changed

    def write_run(self, store: Store, writer: Writer, sources: list[dict[str, Any]]) -> None:
        """Give the store all observations of this sensor, in place of those it was given before."""
        if self._runs is None:
            self._runs = self._runs_of(store, writer)
        for source in sources:
            source["sha256"], source["site"] = f"{self._mark}{source['name']}", self._site
        writer.commit(sources, self.observations(), self._runs, self._new, {}, self.counters())
        self._new = []
        self._runs = writer.together((source["sha256"], self._site) for source in sources)

    def observations(self) -> bytes:
        """What this sensor observed, for the checkpoint and the store."""
        return self._own.observations()

    def ledger(self) -> list[tuple[str, str]]:
        """(identity, asset id) in order of first sight."""
        return list(self._ledger.items())

    def assets(self) -> tuple[bytes, bytes]:
        """What rules know of assets, and the assets as they are stored: a JSON array each."""
        from sentinel.rules import context

        documents = self._all.records("asset")
        assets = [json.loads(doc) for doc in documents]
        self.certificates = ends(assets)
        known = json.dumps(context.known(assets, self._site)).encode()
        return known, b"[" + b",".join(documents) + b"]"

    def counters(self) -> dict[str, bytes]:
        """`limits` and `parse_errors`, each a JSON object."""
        limits, errors = self._all.counters()
        return {"limits": limits, "parse_errors": errors}

    def totals(self) -> dict[str, int]:
        """How many records of each kind there are."""
        return dict(self._all.totals())


def known_assets(store: Store, site: str) -> list[dict[str, Any]]:
    """The records of the inventory that rules know before the first event; none while the store is away."""
    try:
        return [asset for asset in store.documents("asset") if asset.get("site", site) == site]
    except StoreAwayError:
        return []


def ends(assets: Iterable[dict[str, Any]]) -> dict[str, float]:
    """When certificates end that assets show on the wire: by asset, the first of each, seconds since 1970."""
    found: dict[str, float] = {}
    for asset in assets:
        for service in asset["services"]:
            end = (service.get("tls") or {}).get("not_after")
            if not isinstance(end, str):
                continue
            try:
                at = datetime.fromisoformat(end).timestamp()
            except ValueError:
                continue  # a certificate may say anything
            found[asset["id"]] = min(at, found.get(asset["id"], at))
    return found
