"""Bundles of STIX 2.1 in a folder: one for each chain, as it is now, and one for each batch of alerts.

Files appear whole or not at all. A chain that became part of another has no file any more. Names follow from
what is in a file, so that telling twice writes the same file twice.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections import Counter
from pathlib import Path

from sentinel.collector.forward.message import AwayError, Item, Settled
from sentinel.config.sections import Receiver
from sentinel.export.stix import write_stix, write_stix_alerts

_OURS = re.compile(r"(alerts|chain)-[A-Za-z0-9_.-]{1,100}\.json")


class Folder:
    """Writes bundles; the oldest files go beyond the most that may be there."""

    most = 100

    def __init__(self, receiver: Receiver, folder: Path) -> None:
        self.counts: Counter[str] = Counter(files_removed=0)
        self._folder, self._most = folder, receiver.files
        self._names: dict[str, None] | None = None
        """Files that are there, oldest first."""

    def deliver(self, batch: list[Item]) -> Settled:
        """Write the leading documents of one kind: alerts in one bundle, a chain in one of its own."""
        first = batch[0]
        try:
            if first.kind == "chain":
                self._chain(first)
                return Settled(1)
            alerts = []
            for item in batch:
                if item.kind != "alert":
                    break
                alerts.append(item)
            self._alerts(alerts)
            return Settled(len(alerts))
        except OSError as error:
            raise AwayError(f"{error.filename or self._folder}: {error.strerror}") from None

    def _chain(self, item: Item) -> None:
        chain = item.document()
        name = f"chain-{_safe(item.id)}.json"
        if chain.get("state") == "merged":
            self._known().pop(name, None)
            (self._folder / name).unlink(missing_ok=True)
            return
        text = io.StringIO()
        write_stix([chain], text)
        self._write(name, text.getvalue())

    def _alerts(self, items: list[Item]) -> None:
        documents = [item.document() for item in items]
        text = io.StringIO()
        write_stix_alerts(documents, text)
        first = re.sub(r"[^0-9TZ]", "", str(documents[0].get("@timestamp", "")))[:22]
        over = hashlib.sha256("\n".join(item.id for item in items).encode()).hexdigest()[:16]
        self._write(f"alerts-{first}-{over}.json", text.getvalue())

    def _write(self, name: str, text: str) -> None:
        self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        known = self._known()
        part = self._folder / f".{name}.part"
        try:
            with part.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._folder / name)
        finally:
            part.unlink(missing_ok=True)
        known.pop(name, None)
        known[name] = None
        while len(known) > self._most:
            oldest = next(iter(known))
            del known[oldest]
            (self._folder / oldest).unlink(missing_ok=True)
            self.counts["files_removed"] += 1

    def _known(self) -> dict[str, None]:
        if self._names is None:
            found = []
            if self._folder.is_dir():
                for path in self._folder.iterdir():
                    if path.name.startswith(".") and path.name.endswith(".json.part"):
                        path.unlink(missing_ok=True)  # of a process that was killed
                    elif _OURS.fullmatch(path.name):
                        found.append((path.stat().st_mtime_ns, path.name))
            self._names = {name: None for _, name in sorted(found)}
        return self._names

    def interrupt(self) -> None:
        """A file does not take long."""

    def close(self) -> None:
        """Nothing is open."""


def _safe(id: str) -> str:
    """An id as part of a file's name."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,80}", id):
        return id
    return hashlib.sha256(id.encode()).hexdigest()[:32]
